import ipaddr from 'ipaddr.js'

import { createBoundedMap } from '../bounded-map.ts'
import { readOption } from './named-option.ts'

/** Who sent a request, as far as socket and trusted proxies say. */
export interface Client {
  /** Address of the client in canonical text, IPv4 or IPv6; empty where runtime or trusted proxy do not tell. */
  readonly address: string
  /** The same for Onezone: dotted IPv4, or null, since Onezone knows no IPv6 (trap T6). */
  readonly peerIp: string | null
  /** Value for `X-Forwarded-For` to the upstream: the client, then the trusted proxies it came through. */
  readonly forwardedFor: string
  /** The scheme that the client used. */
  readonly proto: 'http' | 'https'
  /** The host that the client asked for, from `X-Forwarded-Host` of a trusted proxy; null: use `Host`. */
  readonly host: string | null
  /** What a trusted proxy says in `X-Forwarded-Port`; null: nothing. */
  readonly port: string | null
  /** What a trusted proxy has taken off the path, from its `X-Forwarded-Prefix`; empty: nothing. */
  readonly prefix: string
}

/** The facts that a client address is made from. */
export interface ClientFacts {
  readonly rawHeaders: readonly string[]
  readonly remoteAddress: string | undefined
  readonly secure: boolean
}

/** Finds the client of a request. */
export type ClientResolver = (facts: ClientFacts) => Client

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** How many clients without a proxy in between are remembered. */
const DIRECT_CLIENTS = 10_000

/** Addresses that share their first bits with one of them. */
export type AddressRange = readonly [network: Address, bits: number]

/**
 * Makes the resolver. `X-Forwarded-*` is attacker's text unless the socket's peer is trusted; then the list is walked
 * from the right, over trusted proxies only, and the first address that is not one of them is the client
 * (a spoofable client address would be a bypass of `ip` caveats). An element that cannot be read ends the walk, and
 * then the address is unknown: what is left of it may be anybody's text.
 *
 * @param trustedProxies Addresses or CIDR ranges, IPv4 or IPv6.
 * @param onUnreadable Told of each such element, though not what it is.
 * @throws {TypeError} for an entry that {@link parseTrustedProxy} refuses.
 */
export function createClientResolver(
  trustedProxies: readonly string[] = [],
  onUnreadable: () => void = () => {},
): ClientResolver {
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
      return { ...NOTHING_FORWARDED, address: '', peerIp: null, forwardedFor: '', proto }
    }
    if (ranges.length === 0 || !isTrusted(peer)) {
      const address = peer.toString()
      const peerIp = peerIpOf(peer)
      const client = Object.freeze({
        ...NOTHING_FORWARDED,
        address,
        peerIp,
        forwardedFor: address,
        proto,
      })
      direct.set(key, client)
      return client
    }
    const forwarded = readForwarded(facts.rawHeaders)
    const { port, prefix, host } = forwarded
    const hops: Address[] = [peer]
    for (let i = forwarded.hops.length - 1; i >= 0; i--) {
      const hop = parseHop(forwarded.hops[i] ?? '')
      if (hop === null) {
        onUnreadable()
        const forwardedFor = ['unknown', ...hops].join(', ')
        const said = protoOf(forwarded.protos, hops.length) ?? proto
        return { address: '', peerIp: null, forwardedFor, proto: said, host, port, prefix }
      }
      hops.unshift(hop)
      if (!isTrusted(hop)) break
    }
    const client = hops[0] ?? peer
    return {
      address: client.toString(),
      peerIp: peerIpOf(client),
      forwardedFor: hops.map(String).join(', '),
      proto: protoOf(forwarded.protos, hops.length - 1) ?? proto,
      host,
      port,
      prefix,
    }
  }
}

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

const NOTHING_FORWARDED = { host: null, port: null, prefix: '' } as const

interface Forwarded extends Pick<Client, 'host' | 'port' | 'prefix'> {
  readonly hops: readonly string[]
  readonly protos: readonly string[]
}

function readForwarded(rawHeaders: readonly string[]): Forwarded {
  const hops: string[] = []
  const protos: string[] = []
  const hosts: string[] = []
  const ports: string[] = []
  const prefixes: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] ?? ''
    switch ((rawHeaders[i] ?? '').toLowerCase()) {
      case 'x-forwarded-for':
        // Empty elements are to be borne (RFC 9110 §5.6.1.2), and stand for nobody.
        hops.push(...elementsOf(value))
        break
      case 'x-forwarded-proto':
        protos.push(...elementsOf(value))
        break
      case 'x-forwarded-host':
        hosts.push(value.trim())
        break
      case 'x-forwarded-port':
        ports.push(value.trim())
        break
      case 'x-forwarded-prefix':
        prefixes.push(value.trim())
        break
    }
  }
  return {
    hops,
    protos,
    host: onlyOne(hosts, /^[A-Za-z0-9.\-_:[\]]{1,255}$/),
    port: onlyOne(ports, /^[1-9]\d{0,4}$/),
    prefix:
      onlyOne(prefixes, /^(?:\/[A-Za-z0-9\-._~!$&'()*+,=:@]{1,64}){1,16}\/?$/)?.replace(
        /\/$/,
        '',
      ) ?? '',
  }
}

function elementsOf(list: string): string[] {
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}

/** The value of a field that has exactly one, in a form that can be read; null otherwise. */
function onlyOne(values: readonly string[], form: RegExp): string | null {
  const [value = ''] = values
  return values.length === 1 && form.test(value) ? value : null
}

/**
 * The scheme that the client used. Each proxy adds what it has seen on the right, so it is as many elements from there
 * as proxies were walked over: what is left of that is the client's own text.
 */
function protoOf(protos: readonly string[], walked: number): Client['proto'] | null {
  switch (protos.at(-Math.min(Math.max(walked, 1), protos.length))?.toLowerCase()) {
    case 'https':
    case 'wss':
      return 'https'
    case 'http':
    case 'ws':
      return 'http'
    default:
      return null
  }
}

/** Reads one element of `X-Forwarded-For`: an address, which may be in brackets and have a port. */
function parseHop(text: string): Address | null {
  const [, bracketed, dotted] =
    /^(?:\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? []
  // In brackets stands IPv6 (RFC 3986 §3.2.2).
  if (bracketed !== undefined) return bracketed.includes(':') ? parseAddress(bracketed) : null
  return parseAddress(dotted ?? text)
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
