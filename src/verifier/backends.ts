/**
 * Which backends there are: the one place that knows all of them. A new one gets an option and a line here.
 *
 * @module
 */

import type { Clock } from '../clock.ts'
import type { FinishedCall } from '../http-client/index.ts'
import type { OnezoneClientOptions } from '../onezone/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { checkOptions, JUDGED_ELSEWHERE, textLike } from '../option-shape.ts'
import type { TokenLookupClientOptions } from '../token-lookup/index.ts'
import type { Backend, BackendTraits } from './backend.ts'
import { BACKEND_TRAITS } from './backend.ts'
import { createOnezoneBackend, onezoneTraits } from './onezone-backend.ts'
import { createTokenLookupBackend, TOKEN_LOOKUP_TRAITS } from './token-lookup-backend.ts'

/** Who is asked. Exactly one of `onezone`, `tokenLookup` and `backend`. */
export interface BackendChoice {
  /** Where Onezone is and how long to wait for it. */
  readonly onezone?: OnezoneClientOptions | undefined
  /** Identity token of the Oneprovider service that this gateway acts as (trap T4); only with `onezone`. */
  readonly serviceToken?: string | undefined
  /** Where the token look-up API is, what to call it with, and how long to wait for it. */
  readonly tokenLookup?: TokenLookupClientOptions | undefined
  /** A backend of your own. It is closed together with whatever it was given to. */
  readonly backend?: Backend | undefined
}

/** What the choice may be. */
export const BACKEND_CHOICE: OptionShape<BackendChoice> = {
  onezone: JUDGED_ELSEWHERE,
  serviceToken: textLike(/./s, 'a token; leave it out, or give one'),
  tokenLookup: JUDGED_ELSEWHERE,
  backend: JUDGED_ELSEWHERE,
}

/** What every backend is made with. */
export interface BackendSurroundings {
  readonly clock: Clock
  /** Told of each call to the remote party when it ends. */
  readonly onCall?: ((call: FinishedCall) => void) | undefined
}

/**
 * Makes the backend that was chosen.
 *
 * @throws {TypeError} for none, for more than one, and for options that make no sense.
 */
export function createBackend(choice: BackendChoice, surroundings: BackendSurroundings): Backend {
  const { onezone, serviceToken, tokenLookup, backend } = choice
  const chosen = [onezone, tokenLookup, backend].filter((place) => place !== undefined)
  if (chosen.length !== 1) {
    throw new TypeError('Give exactly one of "onezone", "tokenLookup" and "backend": who is asked')
  }
  if (onezone !== undefined) return createOnezoneBackend({ onezone, serviceToken, ...surroundings })
  if (serviceToken !== undefined) throw new TypeError('"serviceToken" is only for "onezone"')
  if (tokenLookup !== undefined) return createTokenLookupBackend({ tokenLookup, ...surroundings })
  return checked(backend)
}

/** The traits of a backend of that name, for a process that does not ask it itself. */
export function backendTraits(
  name: 'onezone' | 'token-lookup',
  serviceTokenConfigured: boolean,
): BackendTraits {
  return name === 'onezone' ? onezoneTraits(serviceTokenConfigured) : TOKEN_LOOKUP_TRAITS
}

function checked(backend: Backend | undefined): Backend {
  if (typeof backend?.verify !== 'function' || typeof backend.traits?.readToken !== 'function') {
    throw new TypeError('"backend" must be a Backend, with "verify" and "traits"')
  }
  checkOptions('a backend', backend.traits, BACKEND_TRAITS, 'backend.traits.')
  return backend
}
