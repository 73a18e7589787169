import type { OnezoneClient } from '../onezone/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, FLAG, textLike } from '../option-shape.ts'
import type { PresentedToken } from '../token/index.ts'
import type { BackendName, Verifier } from './verifier.ts'

/**
 * Reads a credential; a text that is no token is a refusal, not a fault. Pure and quick: it is done for strangers, too.
 */
export type ReadToken = (text: string) => PresentedToken | 'token_malformed' | 'token_too_large'

/** What the rest of a gateway must know of a backend in order to care no further which one it is. */
export interface BackendTraits {
  readonly backend: BackendName
  readonly readToken: ReadToken
  /** Whether its verdicts state the scopes of a token, so that a route may demand some. */
  readonly statesScopes: boolean
  /** Whether it is told a service token, so that it can judge `service` caveats. */
  readonly serviceTokenConfigured: boolean
}

/** What the traits of a backend may be. */
export const BACKEND_TRAITS: OptionShape<BackendTraits> = {
  backend: textLike(
    /^(?:onezone|token-lookup|custom-[a-z0-9-]{1,32})$/,
    '"custom-" and a name of a-z, 0-9 and "-"',
  ),
  readToken: CALLBACK,
  statesScopes: FLAG,
  serviceTokenConfigured: FLAG,
}

/** Reads what revocations change: generations of temporary tokens, and statuses of named ones. */
export type WatchSource = Pick<
  OnezoneClient,
  | 'getTemporaryTokenGenerationOfUser'
  | 'getTemporaryTokenGenerationOfProvider'
  | 'getNamedTokenStatus'
  | 'close'
>

/**
 * A remote party that says whether tokens are good. It answers each question by asking; remembering, sharing and
 * breaking are done around it, the same for all. A new one is a file beside this, and a line in `backends.ts`.
 */
export interface Backend extends Verifier<PresentedToken> {
  readonly traits: BackendTraits
  /** How long a question may take at most, in milliseconds. */
  readonly totalTimeoutMs: number
  /** Opens so many connections of their own for a watch on revocations; null: there is nothing that one could read. */
  readonly openWatch: ((connections: number) => WatchSource) | null
}
