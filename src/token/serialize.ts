import { TokenError } from '../errors.ts'
import { encodeBase62 } from './base62.ts'
import { serializeMacaroon } from './macaroon.ts'
import type { Macaroon } from './macaroon.ts'
import { MAX_TOKEN_OCTETS } from './parse.ts'

/**
 * Writes a macaroon as the text in which tokens travel, without a service indication.
 *
 * @throws TokenError `ERR_PACKET_TOO_LARGE` or `ERR_TOKEN_TOO_LARGE`
 */
export function serializeToken(macaroon: Macaroon): string {
  const serialized = writeToken(macaroon)
  if (serialized.length <= MAX_TOKEN_OCTETS) return serialized
  throw new TokenError(
    'ERR_TOKEN_TOO_LARGE',
    `The token would have ${serialized.length} octets and ${MAX_TOKEN_OCTETS} are the most: give it fewer caveats.`,
  )
}

/**
 * Writes a macaroon as {@link serializeToken} does, however large the text becomes.
 *
 * @throws TokenError `ERR_PACKET_TOO_LARGE`
 */
export function writeToken(macaroon: Macaroon): string {
  return encodeBase62(serializeMacaroon(macaroon))
}
