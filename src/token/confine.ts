import type { KnownCaveat } from './caveat.ts'
import { sanitizeCaveat, serializeCaveat } from './caveat-table.ts'
import { withCaveats } from './macaroon.ts'
import { octetsOfText } from './octets.ts'
import { parseToken } from './parse.ts'
import { serializeToken, writeToken } from './serialize.ts'

/** A caveat that may be added to a token. It is checked as Onezone would, so parsed JSON may be given as well. */
export type CaveatInput = KnownCaveat

/**
 * Adds caveats to a token, in their order, offline: it needs no secret, and nothing of the token is verified. A service
 * indication is dropped, as Onezone does.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED` (also for a token without signature) or `ERR_TOKEN_TOO_LARGE`;
 *   `ERR_CAVEAT_INVALID` for the first caveat that is none, with the caveat in `value`; `ERR_PACKET_TOO_LARGE` for a
 *   caveat whose text is longer than a packet.
 */
export function confineToken(serialized: string, caveats: readonly CaveatInput[]): string {
  const { macaroon } = parseToken(serialized)
  const texts = caveats.map((caveat) => serializeCaveat(sanitizeCaveat(caveat)))
  return serializeToken(withCaveats(macaroon, texts.map(octetsOfText)))
}

/**
 * Adds caveats as {@link confineToken} does, but each is given as its text in tokens and is not checked, and the result
 * may be larger than a token that Onezone reads: Onezone itself writes such tokens.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED`, `ERR_TOKEN_TOO_LARGE` for the token that is given, `ERR_PACKET_TOO_LARGE`
 */
export function appendCaveats(serialized: string, texts: readonly string[]): string {
  return writeToken(withCaveats(parseToken(serialized).macaroon, texts.map(octetsOfText)))
}
