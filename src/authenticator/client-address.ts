import ipaddr from 'ipaddr.js'

import { createBoundedMap } from '../bounded-map.ts'
import { readOption } from './named-option.ts'

/** Who sent a request, as far as socket and trusted proxies say. */
export interface Client {
  /** Address of the client in canonical text, IPv4 or IPv6; empty where the runtime does not tell. */
  readonly address: string
  /** The same for Onezone: dotted IPv4, or null, since Onezone knows no IPv6 (trap T6). */
  readonly peerIp: string | null
  /** Value for `X-Forwarded-For` to the upstream: the client, then the trusted proxies it came through. */
  readonly forwardedFor: string
  /** The scheme that the client used. */
  readonly proto: 'http' | 'https'
  /** The host that the client asked for, from `X-Forwarded-Host` of a trusted proxy; null: use `Host`. */
  readonly host: string | null
}

/** The facts that a client address is made from. */
export interface ClientFacts {
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string | undefined
  readonly secure: boolean
}

/** Finds the client of a request; null where a trusted proxy sent an unreadable `X-Forwarded-For`. */
export type ClientResolver = (facts: ClientFacts) => Client | null

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** How many clients without a proxy in between are remembered. */
const DIRECT_CLIENTS = 10_000

/** Addresses that share their first bits with one of them. */
export type AddressRange = readonly [network: Address, bits: number]

/**
 * Makes the resolver. `X-Forwarded-*` is attacker's text unless the socket's peer is trusted; then the list is walked
 * from the right, over trusted proxies only, and the first address that is not one of them is the client
 * (a spoofable client address would be a bypass of `ip` caveats).
 *
 * @param trustedProxies Addresses or CIDR ranges, IPv4 or IPv6.
 * @throws {TypeError} for an entry that {@link parseTrustedProxy} refuses.
 */
export function createClientResolver(trustedProxies: readonly string[] = []): ClientResolver {
  const ranges = readRanges(trustedProxies)
  const isTrusted = (address: Address): boolean => isWithin(ranges, address)

  /** Clients that come directly, by what their socket says; most come more than once. */
  const direct = createBoundedMap<Client>({ max: DIRECT_CLIENTS })

  return function resolveClient(facts) {
    const key = `${facts.secure ? 's' : ''}${facts.remoteAddress ?? ''}`
    const known = direct.get(key)
    if (known !== undefined) return known
    const peer = parsePeer(facts.remoteAddress)
    const proto = facts.secure ? 'https' : 'http'
    if (peer === null) {
      return { address: '', peerIp: null, forwardedFor: '', proto, host: null }
    }
    if (ranges.length === 0 || !isTrusted(peer)) {
      const address = peer.toString()
      const peerIp = peerIpOf(peer)
      const client = Object.freeze({ address, peerIp, forwardedFor: address, proto, host: null })
      direct.set(key, client)
      return client
    }
    const forwarded = readForwarded(facts.rawHeaders)
    const hops: Address[] = [peer]
    for (let i = forwarded.hops.length - 1; i >= 0; i--) {
      const hop = parseAddress(forwarded.hops[i] ?? '')
      if (hop === null) return null
      hops.unshift(hop)
      if (!isTrusted(hop)) break
    }
    const client = hops[0] ?? peer
    return {
      address: client.toString(),
      peerIp: peerIpOf(client),
      forwardedFor: hops.map(String).join(', '),
      proto: forwarded.proto ?? proto,
      host: forwarded.host,
    }
  }
}

/**
/**
 * Makes the function that says whether the peer of a socket is a trusted proxy.
 *
 * @throws {TypeError} for an entry that {@link parseTrustedProxy} refuses.
 */
export function createProxyTrust(
  trustedProxies: readonly string[],
): (remoteAddress: string | undefined) => boolean {
  const ranges = readRanges(trustedProxies)
  const known = createBoundedMap<{ readonly trusted: boolean }>({ max: DIRECT_CLIENTS })
  return function isTrusted(remoteAddress = '') {
    const remembered = known.get(remoteAddress)
    if (remembered !== undefined) return remembered.trusted
    const peer = parsePeer(remoteAddress)
    const trusted = peer !== null && isWithin(ranges, peer)
    known.set(remoteAddress, { trusted })
    return trusted
  }
}

function readRanges(trustedProxies: readonly string[]): AddressRange[] {
  return trustedProxies.map((entry, index) =>
    readOption(`trustedProxies[${index}]`, entry, parseTrustedProxy),
  )
}

function isWithin(ranges: readonly AddressRange[], address: Address): boolean {
  return ranges.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )
}

/** A socket names the zone of a link-local peer; nobody beyond this machine knows what it means. */
function parsePeer(remoteAddress: string | undefined): Address | null {
  return parseAddress((remoteAddress ?? '').replace(/%.*$/, ''))
}

function readForwarded(rawHeaders: readonly string[]): {
  hops: string[]
  proto: 'http' | 'https' | null
  host: string | null
} {
  const hops: string[] = []
  const protos: string[] = []
  const hosts: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] ?? ''
    switch ((rawHeaders[i] ?? '').toLowerCase()) {
      case 'x-forwarded-for':
        hops.push(...value.split(',').map((hop) => hop.trim()))
        break
      case 'x-forwarded-proto':
        protos.push(value.trim())
        break
      case 'x-forwarded-host':
        hosts.push(value.trim())
        break
    }
  }
  const proto = protos.length === 1 ? protos[0] : null
  const host = hosts.length === 1 ? (hosts[0] ?? '') : ''
  return {
    hops,
    proto: proto === 'http' || proto === 'https' ? proto : null,
    host: /^[A-Za-z0-9.\-_:[\]]{1,255}$/.test(host) ? host : null,
  }
}

function parseAddress(text: string): Address | null {
  // One spelling of IPv4 only, mapped or not: ipaddr.js also reads octal, hexadecimal and short forms, and takes the
  // obsolete `::1.2.3.4` (RFC 4291 §2.5.5.1) for a mapped one; others read them differently.
  const dotted = text.replace(/^::ffff:(?=[^:]*$)/i, '')
  if (ipaddr.IPv4.isValidFourPartDecimal(dotted)) return ipaddr.IPv4.parse(dotted)
  if (!text.includes(':') || /[%.]/.test(text) || !ipaddr.IPv6.isValid(text)) return null
  return ipaddr.process(text)
}

/**
 * Reads one entry of `trustedProxies`: an IP address or a CIDR range. Host names are refused, since a name that
 * resolves to another address later would silently change who is believed.
 *
 * @throws {TypeError} for anything else, and for a range that would trust everybody; it says what an entry must be.
 */
export function parseTrustedProxy(entry: string): AddressRange {
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

function peerIpOf(address: Address): string | null {
  return address.kind() === 'ipv4' ? address.toString() : null
}
