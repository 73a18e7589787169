import { TokenError } from '../errors.ts'
import { malformed } from './notation.ts'

/** Keys of the packets of a macaroon (Onezone API, §1.1). `vid` and `cl` belong to third-party caveats. */
export type PacketKey = 'location' | 'identifier' | 'signature' | 'cid' | 'vid' | 'cl'

/** One packet: `LLLL key value\n`, where LLLL is its whole length in four hex digits. */
export interface Packet {
  readonly key: PacketKey
  readonly value: Uint8Array
}

const LENGTH_DIGITS = 4
const MAX_PACKET_OCTETS = 0xffff
const NEWLINE = 0x0a
const PLUS = 0x2b

const KEYS: readonly { readonly key: PacketKey; readonly prefix: Buffer }[] = (
  ['cid', 'location', 'identifier', 'signature', 'vid', 'cl'] as const
).map((key) => ({ key, prefix: Buffer.from(`${key} `) }))

/**
 * Takes octets apart into packets. Values are views of the octets, not copies.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED`
 */
export function parsePackets(octets: Buffer): Packet[] {
  const packets: Packet[] = []
  let start = 0
  while (start < octets.length) {
    const end = start + packetLength(octets, start)
    const keyStart = start + LENGTH_DIGITS
    const known = KEYS.find(({ prefix }) => startsWith(octets, prefix, keyStart))
    if (known === undefined) throw malformed('a packet of its macaroon has an unknown key')
    const valueStart = keyStart + known.prefix.length
    if (end > octets.length || end <= valueStart || octets[end - 1] !== NEWLINE) {
      throw malformed('a packet of its macaroon does not end where it should')
    }
    packets.push({ key: known.key, value: octets.subarray(valueStart, end - 1) })
    start = end
  }
  return packets
}

/**
 * Puts packets together.
 *
 * @throws TokenError `ERR_PACKET_TOO_LARGE` where a packet would be longer than four hex digits can tell.
 */
export function serializePackets(packets: readonly Packet[]): Buffer {
  const parts: Uint8Array[] = []
  for (const { key, value } of packets) {
    const length = LENGTH_DIGITS + key.length + 1 + value.length + 1
    if (length > MAX_PACKET_OCTETS) throw packetTooLarge(key, length)
    parts.push(
      Buffer.from(`${length.toString(16).padStart(LENGTH_DIGITS, '0')}${key} `),
      value,
      END,
    )
  }
  return Buffer.concat(parts)
}

const END = Buffer.of(NEWLINE)

function packetTooLarge(key: PacketKey, length: number): TokenError {
  const what = key === 'cid' ? 'A caveat' : `The ${key}`
  return new TokenError(
    'ERR_PACKET_TOO_LARGE',
    `${what} of the token needs a packet of ${length} octets and ${MAX_PACKET_OCTETS} is the most: make it shorter.`,
  )
}

function packetLength(octets: Buffer, start: number): number {
  let length = 0
  for (let at = start; at < start + LENGTH_DIGITS; at++) {
    const octet = octets[at] ?? 0
    // Onezone reads a sign too: "+02f" is 47
    if (octet === PLUS && at === start) continue
    const digit = hexDigit(octet)
    if (digit < 0) throw malformed('a packet of its macaroon has no length')
    length = length * 16 + digit
  }
  return length
}

function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const letter = octet | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function startsWith(octets: Buffer, prefix: Buffer, start: number): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (octets[start + i] !== prefix[i]) return false
  }
  return true
}
