import type { KnownCaveat } from './caveat.ts'
import { sanitizeCaveat, serializeCaveat } from './caveat-table.ts'
import { signCaveat } from './macaroon.ts'
import type { MacaroonCaveat } from './macaroon.ts'
import { malformed } from './notation.ts'
import { octetsOfText } from './octets.ts'
import { parseToken } from './parse.ts'
import { serializeToken } from './serialize.ts'

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
  let { signature } = macaroon
  if (signature === null) throw malformed('its macaroon has no signature')
  const added: MacaroonCaveat[] = []
  for (const caveat of caveats) {
    const bytes = octetsOfText(serializeCaveat(sanitizeCaveat(caveat)))
    signature = signCaveat(signature, bytes)
    added.push({ bytes, thirdParty: null })
  }
  return serializeToken({ ...macaroon, caveats: [...macaroon.caveats, ...added], signature })
}
