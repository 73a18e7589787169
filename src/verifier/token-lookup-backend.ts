import type { Clock } from '../clock.ts'
import type { FinishedCall } from '../http-client/index.ts'
import { HTTP_CLIENT_DEFAULTS } from '../http-client/index.ts'
import { opaqueToken } from '../token/index.ts'
import type { TokenLookupClientOptions } from '../token-lookup/index.ts'
import { createTokenLookupClient } from '../token-lookup/index.ts'
import type { Backend, BackendTraits, ReadToken } from './backend.ts'
import { createTokenLookupVerifier } from './token-lookup-verifier.ts'

/** Options of {@link createTokenLookupBackend}. */
export interface TokenLookupBackendOptions {
  /** Where the API is, what to call it with, and how long to wait for it. */
  readonly tokenLookup: TokenLookupClientOptions
  readonly clock: Clock
  /** Told of each look-up when it ends. */
  readonly onCall?: ((call: FinishedCall) => void) | undefined
}

/**
 * Makes the backend that looks tokens up, which say nothing about themselves.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createTokenLookupBackend(options: TokenLookupBackendOptions): Backend {
  const { clock, onCall } = options
  const tokenLookup = { clock, onCall, ...options.tokenLookup }
  const client = createTokenLookupClient(tokenLookup)
  return {
    ...createTokenLookupVerifier({ client, clock }),
    traits: TOKEN_LOOKUP_TRAITS,
    totalTimeoutMs: tokenLookup.totalTimeoutMs ?? HTTP_CLIENT_DEFAULTS.totalTimeoutMs,
    openWatch: null, // the API has nothing that costs less than a look-up and tells as much
  }
}

/** Longer than any secret of such an API. */
const LONGEST_SECRET = 4096

/** Anything that can be a secret may be one: only the API knows. */
const readOpaqueToken: ReadToken = (text) => {
  if (text.length > LONGEST_SECRET) return 'token_too_large'
  return /^[\x21-\x7e]+$/.test(text) ? opaqueToken(text) : 'token_malformed'
}

/** What the rest of a gateway must know of such an API. */
export const TOKEN_LOOKUP_TRAITS: BackendTraits = {
  backend: 'token-lookup',
  readToken: readOpaqueToken,
  statesScopes: true,
  serviceTokenConfigured: false,
}
