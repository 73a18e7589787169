import { ProblemError } from './problem.ts'

/** Which refusals are wanted, as the query says. */
export interface RefusalQuery {
  readonly subject?: string | undefined
  readonly fingerprint?: string | undefined
  readonly requestId?: string | undefined
}

/** Finds refusals of late, the latest first, each as JSON. */
export type FindRefusals = (query: RefusalQuery) => readonly unknown[] | Promise<readonly unknown[]>

const KEYS: readonly string[] = ['subject', 'fingerprint', 'requestId']

/**
 * Reads the query of `GET /refusals`.
 *
 * @throws {ProblemError} for a key that there is not.
 */
export function readRefusalQuery(url: string): RefusalQuery {
  const query: Record<string, string> = {}
  for (const [key, value] of new URL(url).searchParams) {
    if (!KEYS.includes(key)) throw new ProblemError(400, `There are only ${KEYS.join(', ')}`)
    query[key] = value
  }
  return query
}
