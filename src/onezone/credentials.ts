import { checkOptions, JUDGED_ELSEWHERE } from '../option-shape.ts'

/** Tokens that go with an access token: who acts on whose behalf, and by which service (Onezone API, §8). */
export interface CompanionTokens {
  /** Identity token of the Oneprovider through which the call is made, with its `opw-` or `opp-` prefix. */
  readonly serviceToken?: string | undefined
  /** Identity token of the party that consumes the access token, which its `consumer` caveats read. */
  readonly consumerToken?: string | undefined
}

/** A user's name and password. A Onezone may have basic authentication switched off. */
export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

/**
 * Whom to call Onezone as (Onezone API, §8): an access token of the caller, sent as `X-Auth-Token` (`token`) or as
 * `Authorization: Bearer` (`bearer`), or a user's name and password (`basic`). Exactly one of the three.
 */
export type OnezoneCredentials =
  | ({ readonly token: string } & CompanionTokens)
  | ({ readonly bearer: string } & CompanionTokens)
  | { readonly basic: BasicCredentials }

const CREDENTIAL_MEMBERS = {
  token: JUDGED_ELSEWHERE,
  bearer: JUDGED_ELSEWHERE,
  basic: JUDGED_ELSEWHERE,
  serviceToken: JUDGED_ELSEWHERE,
  consumerToken: JUDGED_ELSEWHERE,
}

const KINDS = ['token', 'bearer', 'basic'] as const
const COMPANIONS = {
  serviceToken: 'x-onedata-service-token',
  consumerToken: 'x-onedata-consumer-token',
} as const

/** The header fields that carry credentials. Throws a `TypeError` that names what is wrong and never repeats it. */
export function credentialFields(credentials: OnezoneCredentials): Record<string, string> {
  const given: unknown = credentials
  if (typeof given !== 'object' || given === null) {
    throw new TypeError('"credentials" must be an object with "token", "bearer" or "basic".')
  }
  checkOptions('credentials', given, CREDENTIAL_MEMBERS)
  const members = given as Readonly<Record<string, unknown>>
  const [kind, ...others] = KINDS.filter((name) => members[name] !== undefined)
  if (others.length > 0) {
    throw new TypeError('"credentials" must have only one of "token", "bearer" and "basic".')
  }
  if (kind === 'basic') return { authorization: `Basic ${readBasic(members)}` }
  const fields: Record<string, string> =
    kind === 'bearer'
      ? { authorization: `Bearer ${readToken(members, 'bearer')}` }
      : { 'x-auth-token': readToken(members, 'token') }
  for (const name of ['serviceToken', 'consumerToken'] as const) {
    if (members[name] !== undefined) fields[COMPANIONS[name]] = readToken(members, name)
  }
  return fields
}

function readToken(members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name]
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw new TypeError(`"credentials.${name}" must be a token: printable ASCII without spaces.`)
  }
  return value
}

function readBasic(members: Readonly<Record<string, unknown>>): string {
  for (const name of ['serviceToken', 'consumerToken'] as const) {
    if (members[name] !== undefined) {
      throw new TypeError(`"credentials.${name}" has no effect beside "basic"; leave it out.`)
    }
  }
  const { username, password } = (members['basic'] ?? {}) as Partial<Record<string, unknown>>
  // https://www.rfc-editor.org/rfc/rfc7617#section-2: the first colon ends the name.
  if (typeof username !== 'string' || username === '' || username.includes(':')) {
    throw new TypeError('"credentials.basic.username" must be a non-empty string without a colon.')
  }
  if (typeof password !== 'string') {
    throw new TypeError('"credentials.basic.password" must be a string.')
  }
  return Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
}
