import type { Clock } from '../clock.ts'
import { TokenError } from '../errors.ts'
import type { FinishedCall } from '../http-client/index.ts'
import { HTTP_CLIENT_DEFAULTS } from '../http-client/index.ts'
import type { OnezoneClientOptions } from '../onezone/index.ts'
import { createOnezoneClient } from '../onezone/index.ts'
import { parseToken } from '../token/index.ts'
import type { Backend, BackendTraits, ReadToken } from './backend.ts'
import { createOnezoneVerifier } from './onezone-verifier.ts'

/** Options of {@link createOnezoneBackend}. */
export interface OnezoneBackendOptions {
  /** Where Onezone is and how long to wait for it. */
  readonly onezone: OnezoneClientOptions
  /** Identity token of the Oneprovider service that this gateway acts as (trap T4). */
  readonly serviceToken?: string | undefined
  readonly clock: Clock
  /** Told of each call to Onezone when it ends. */
  readonly onCall?: ((call: FinishedCall) => void) | undefined
}

/**
 * Makes the backend that asks Onezone about Onedata tokens.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createOnezoneBackend(options: OnezoneBackendOptions): Backend {
  const { serviceToken, clock, onCall } = options
  const onezone = { clock, onCall, ...options.onezone }
  const client = createOnezoneClient(onezone)
  return {
    ...createOnezoneVerifier({ client, serviceToken, clock }),
    traits: onezoneTraits(serviceToken !== undefined),
    totalTimeoutMs: onezone.totalTimeoutMs ?? HTTP_CLIENT_DEFAULTS.totalTimeoutMs,
    openWatch: (connections) =>
      createOnezoneClient({
        ...onezone,
        maxConnections: connections,
        maxQueued: connections,
        reservesForUrgent: false,
      }),
  }
}

/** What the rest of a gateway must know of Onezone. */
export function onezoneTraits(serviceTokenConfigured: boolean): BackendTraits {
  return {
    backend: 'onezone',
    readToken: readOnedataToken,
    statesScopes: false,
    serviceTokenConfigured,
  }
}

const readOnedataToken: ReadToken = (text) => {
  try {
    return parseToken(text)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return error.code === 'ERR_TOKEN_TOO_LARGE' ? 'token_too_large' : 'token_malformed'
  }
}
