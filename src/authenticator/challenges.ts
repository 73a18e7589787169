/** `error` of a `WWW-Authenticate: Bearer` challenge (RFC 6750 §3.1); `bare`: a challenge without one. */
export type ChallengeError = 'bare' | 'invalid_request' | 'invalid_token' | 'insufficient_scope'

/** What an answer is, as far as a challenge depends on it. */
export interface ChallengedAnswer {
  readonly status: number
  readonly title: string
  /** @default none is made */
  readonly challenge?: ChallengeError
}

/** What is known about one case. */
export interface ChallengeCase {
  readonly realm?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly offersBasic?: boolean | undefined
}

const NONE: readonly string[] = []

/** The challenges of an answer, each for a field of its own: browsers look for one where a field begins, only. */
export function challengesFor(
  { status, title, challenge }: ChallengedAnswer,
  { realm = 'onedata', scopes = [], offersBasic = false }: ChallengeCase,
): readonly string[] {
  if (challenge === undefined) return NONE
  const protectionSpace = `realm="${realm.replace(/["\\]/g, '\\$&')}"`
  const scope = scopes.length === 0 ? '' : `, scope="${scopes.join(' ')}"`
  const why = `, error="${challenge}", error_description="${title}"${scope}`
  const bearer = `Bearer ${protectionSpace}${challenge === 'bare' ? '' : why}`
  if (!offersBasic || status !== 401) return [bearer]
  return [bearer, `Basic ${protectionSpace}, charset="UTF-8"`]
}
