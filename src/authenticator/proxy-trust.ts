import ipaddr from 'ipaddr.js'

import { createBoundedMap } from '../bounded-map.ts'
import { UNIX_PEER } from '../unix-peer.ts'
import { readOption } from './named-option.ts'

/** An IP address. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Addresses that share their first bits with one of them. */
export type AddressRange = readonly [network: Address, bits: number]

/** Who may say for whom it speaks. */
export interface Trust {
  readonly ranges: readonly AddressRange[]
  readonly unix: boolean
}

/** How many peers are remembered. */
const KNOWN_PEERS = 10_000

/**
 * Makes the function that says whether the peer of a socket is a trusted proxy.
 *
 * @throws {TypeError} for an entry that {@link parseTrustedProxy} refuses.
 */
export function createProxyTrust(
  trustedProxies: readonly string[],
): (remoteAddress: string | undefined) => boolean {
  const { ranges, unix } = readTrust(trustedProxies)
  const known = createBoundedMap<{ readonly trusted: boolean }>({ max: KNOWN_PEERS })
  return function isTrusted(remoteAddress = '') {
    const remembered = known.get(remoteAddress)
    if (remembered !== undefined) return remembered.trusted
    const peer = parsePeer(remoteAddress)
    const trusted = peer === null ? unix && remoteAddress === UNIX_PEER : isWithin(ranges, peer)
    known.set(remoteAddress, { trusted })
    return trusted
  }
}

/**
 * Reads `trustedProxies`.
 *
 * @throws {TypeError} for an entry that {@link parseTrustedProxy} refuses, and for ranges that together are everything.
 */
export function readTrust(trustedProxies: readonly string[]): Trust {
  const entries = trustedProxies.map((entry, index) =>
    readOption(`trustedProxies[${index}]`, entry, parseTrustedProxy),
  )
  const ranges = entries.filter((entry) => entry !== UNIX_PEER)
  const problem = checkTrust(trustedProxies)
  if (problem !== null) throw new TypeError(`"trustedProxies" ${problem}`)
  return { ranges, unix: ranges.length < entries.length }
}

/** Whether an address is in one of some ranges. */
export function isWithin(ranges: readonly AddressRange[], address: Address): boolean {
  return ranges.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )
}

/** Finds out whether ranges that are each all right trust everybody together; null: they do not. */
export function checkTrust(trustedProxies: readonly string[]): string | null {
  const ranges = trustedProxies.map(parseTrustedProxy).filter((entry) => entry !== UNIX_PEER)
  const isAll = (['ipv4', 'ipv6'] as const).some((kind) =>
    areAll(ranges.filter(([network]) => network.kind() === kind).map(boundsOf), kind),
  )
  return isAll ? 'would together trust everybody who can connect; name the proxies' : null
}

type Bounds = readonly [first: bigint, last: bigint]

function boundsOf([network, bits]: AddressRange): Bounds {
  const width = network.kind() === 'ipv4' ? 32 : 128
  const value = network.toByteArray().reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)
  const size = 1n << BigInt(width - bits)
  const first = value - (value % size)
  return [first, first + size - 1n]
}

function areAll(bounds: readonly Bounds[], kind: 'ipv4' | 'ipv6'): boolean {
  let next = 0n
  for (const [first, last] of bounds.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))) {
    if (first > next) return false
    if (last >= next) next = last + 1n
  }
  return next === 1n << (kind === 'ipv4' ? 32n : 128n)
}

/** A socket names the zone of a link-local peer; beyond this machine it means nothing. */
export function parsePeer(remoteAddress: string | undefined): Address | null {
  return parseAddress((remoteAddress ?? '').replace(/%.*$/, ''))
}

/** Reads an address in its one spelling; null: it is none. */
export function parseAddress(text: string): Address | null {
  // One spelling of IPv4 only, mapped or not: ipaddr.js also reads octal, hexadecimal and short forms, and takes the
  // obsolete `::1.2.3.4` (RFC 4291 §2.5.5.1) for a mapped one; others read them differently.
  const dotted = text.replace(/^::ffff:(?=[^:]*$)/i, '')
  if (ipaddr.IPv4.isValidFourPartDecimal(dotted)) return ipaddr.IPv4.parse(dotted)
  if (!text.includes(':') || /[%.]/.test(text) || !ipaddr.IPv6.isValid(text)) return null
  return ipaddr.process(text)
}

/**
 * Reads one entry of `trustedProxies`: an IP address, a CIDR range, or {@link UNIX_PEER}. Host names are refused, since
 * a name that resolves to another address later would silently change who is believed.
 *
 * @throws {TypeError} for anything else, and for a range that would trust everybody; it says what an entry must be.
 */
export function parseTrustedProxy(entry: string): AddressRange | typeof UNIX_PEER {
  if (entry === UNIX_PEER) return UNIX_PEER
  const [text = '', prefix, excess] = entry.split('/')
  const network = parseAddress(text)
  if (network === null || excess !== undefined) {
    throw new TypeError('must be an IP address or CIDR range, e.g. 10.0.0.0/8 or fd00::/8')
  }
  const width = network.kind() === 'ipv4' ? 32 : 128
  // Its prefix length would count from another start than that of the address it stands for.
  if (width === 32 && text.includes(':')) {
    throw new TypeError('must be written as IPv4, without the prefix ::ffff:')
  }
  const bits = prefix === undefined ? width : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (bits < 0 || bits > width) {
    throw new TypeError(`must have a prefix length from 1 to ${width}`)
  }
  if (bits === 0) {
    throw new TypeError('would trust everybody who can connect; name the proxies')
  }
  return [network, bits]
}
