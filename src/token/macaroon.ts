import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { TokenError } from '../errors.ts'
import { malformed } from './notation.ts'
import { parsePackets, serializePackets } from './packets.ts'
import type { Packet } from './packets.ts'

/** A caveat as it is signed. */
export interface MacaroonCaveat {
  /** What the HMAC chain covers. */
  readonly bytes: Uint8Array
  /**
   * Set where somebody else would have to discharge the caveat. Onezone never verifies a token that has such a caveat.
   */
  readonly thirdParty: ThirdParty | null
}

/** Who would discharge a third-party caveat, and how it would be recognised. */
export interface ThirdParty {
  readonly verificationId: Uint8Array
  readonly location: Uint8Array
}

/** A macaroon (v1 packets) in raw octets: text is for those who read it. */
export interface Macaroon {
  /** Domain of the issuer; not signed. Null where the packet is missing. */
  readonly location: Uint8Array | null
  readonly identifier: Uint8Array
  readonly caveats: readonly MacaroonCaveat[]
  /** Null where the packet is missing: then nothing can be verified. */
  readonly signature: Uint8Array | null
}

const DIGEST_HEADER = 5
const KEY_GENERATOR = Buffer.alloc(32)
KEY_GENERATOR.write('macaroons-key-generator')

/**
 * Reads a macaroon from its packets, in whatever order they come.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED`
 */
export function parseMacaroon(octets: Buffer): Macaroon {
  let location: Uint8Array | null = null
  let identifier: Uint8Array | null = null
  let signature: Uint8Array | null = null
  let verificationId: Uint8Array | null = null
  const caveats: MacaroonCaveat[] = []

  for (const { key, value } of parsePackets(octets)) {
    if (key === 'cid') {
      if (verificationId !== null) throw incomplete()
      caveats.push({ bytes: value, thirdParty: null })
    } else if (key === 'identifier') {
      if (identifier !== null) throw repeated()
      identifier = value
    } else if (key === 'location') {
      if (location !== null) throw repeated()
      location = value
    } else if (key === 'signature') {
      if (signature !== null) throw repeated()
      signature = value
    } else {
      const last = caveats.at(-1)
      if (last === undefined || last.thirdParty !== null) throw incomplete()
      if ((key === 'vid') !== (verificationId === null)) throw incomplete()
      if (verificationId === null) {
        verificationId = value
      } else {
        caveats[caveats.length - 1] = {
          bytes: last.bytes,
          thirdParty: { verificationId, location: value },
        }
        verificationId = null
      }
    }
  }
  if (verificationId !== null) throw incomplete()
  if (identifier === null) throw malformed('its macaroon has no identifier')
  return { location, identifier, caveats, signature }
}

/**
 * Writes a macaroon in the order of packets that Onezone uses.
 *
 * @throws TokenError `ERR_PACKET_TOO_LARGE`
 */
export function serializeMacaroon(macaroon: Macaroon): Buffer {
  const { location } = macaroon
  const signed = signedPackets(macaroon)
  return serializePackets(
    location === null ? signed : [{ key: 'location', value: location }, ...signed],
  )
}

/**
 * SHA-256, base64url, of all that decides what a macaroon is worth, that is of everything but the location. Each part
 * goes in with its key and its length, so that no two macaroons give the same input.
 */
export function digestOf(macaroon: Macaroon): string {
  const packets = signedPackets(macaroon)
  let size = 0
  for (const { value } of packets) size += DIGEST_HEADER + value.length
  const input = Buffer.allocUnsafe(size)
  let at = 0
  for (const { key, value } of packets) {
    input[at] = key.charCodeAt(0)
    input.writeUInt32BE(value.length, at + 1)
    input.set(value, at + DIGEST_HEADER)
    at += DIGEST_HEADER + value.length
  }
  return hash('sha256', input, 'base64url')
}

/** The signature of an identifier alone: the beginning of the HMAC chain (Onezone API, §1.2). */
export function signIdentifier(secret: Uint8Array, identifier: Uint8Array): Buffer {
  return hmac(hmac(KEY_GENERATOR, secret), identifier)
}

/**
 * A macaroon with more caveats: they are signed with the signature before, which needs no secret.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED` for a macaroon without signature.
 */
export function withCaveats(macaroon: Macaroon, caveats: readonly Uint8Array[]): Macaroon {
  let { signature } = macaroon
  if (signature === null) throw malformed('its macaroon has no signature')
  for (const caveat of caveats) signature = hmac(signature, caveat)
  const added = caveats.map((bytes) => ({ bytes, thirdParty: null }))
  return { ...macaroon, caveats: [...macaroon.caveats, ...added], signature }
}

/**
 * Whether the macaroon was signed with the secret. Takes the same time wherever a wrong signature differs. Without a
 * signature, and with any third-party caveat, the answer is no.
 */
export function verifyMacaroon(macaroon: Macaroon, secret: Uint8Array): boolean {
  let expected = signIdentifier(secret, macaroon.identifier)
  for (const { bytes, thirdParty } of macaroon.caveats) {
    if (thirdParty !== null) return false
    expected = hmac(expected, bytes)
  }
  const { signature } = macaroon
  return signature?.length === expected.length && timingSafeEqual(signature, expected)
}

function signedPackets(macaroon: Macaroon): Packet[] {
  const packets: Packet[] = [{ key: 'identifier', value: macaroon.identifier }]
  for (const { bytes, thirdParty } of macaroon.caveats) {
    packets.push({ key: 'cid', value: bytes })
    if (thirdParty === null) continue
    packets.push({ key: 'vid', value: thirdParty.verificationId })
    packets.push({ key: 'cl', value: thirdParty.location })
  }
  if (macaroon.signature !== null) packets.push({ key: 'signature', value: macaroon.signature })
  return packets
}

function hmac(key: Uint8Array, message: Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

function incomplete(): TokenError {
  return malformed('its macaroon has an incomplete third-party caveat')
}

function repeated(): TokenError {
  return malformed('a packet of its macaroon is repeated')
}
