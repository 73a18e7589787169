import { TokenLookupFaultError } from '../errors.ts'
import type { Peer } from '../http-client/index.ts'
import { parseBaseUrl } from '../http-client/index.ts'

/** The token look-up API, as errors speak of it. */
export const TOKEN_LOOKUP: Peer = {
  name: 'the token look-up API',
  example: 'https://cluster.example.org',
  fault: (reason, message, options) =>
    new TokenLookupFaultError(`ERR_TOKEN_LOOKUP_${reason}`, message, options),
}

/**
 * Reads the base URL of a token look-up API: scheme, host and port.
 *
 * @returns The origin.
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseTokenLookupUrl(text: string): string {
  return parseBaseUrl(text, TOKEN_LOOKUP)
}
