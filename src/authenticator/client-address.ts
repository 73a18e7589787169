import { createBoundedMap } from '../bounded-map.ts'
import { UNIX_PEER } from '../unix-peer.ts'
import type { ForwardedForm } from './forwarded-fields.ts'
import { FORWARDED_FIELDS, FORWARDED_READERS } from './forwarded-fields.ts'
import type { Address } from './proxy-trust.ts'
import { isWithin, parseAddress, parsePeer, readTrust } from './proxy-trust.ts'

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
  /** The host that the client asked for, as a trusted proxy says; null: use `Host`. */
  readonly host: string | null
  /** The port that a trusted proxy was asked for, from its `X-Forwarded-Port`; null: not told. */
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

/** How many clients without a proxy in between are remembered. */
const DIRECT_CLIENTS = 10_000

/** Options of {@link createClientResolver}. */
export interface ClientResolverOptions {
  /** Addresses or CIDR ranges, IPv4 or IPv6, or `unix:`. @default [] */
  readonly trustedProxies?: readonly string[] | undefined
  /** Which fields of theirs are read. @default 'x-forwarded' */
  readonly forwarded?: ForwardedForm | undefined
  /** Told of each element that cannot be read: in which field it stands, though not what it is. */
  readonly onUnreadable?: ((field: string) => void) | undefined
}

/**
 * Makes the resolver. What proxies say is attacker's text unless the socket's peer is trusted; then the list is walked
 * from the right, over trusted proxies only, and the first address that is not one of them is the client
 * (a spoofable client address would be a bypass of `ip` caveats). An element that cannot be read ends the walk, and
 * then the address is unknown: what is left of it may be anybody's text.
 *
 * @throws {TypeError} for an entry that {@link parseTrustedProxy} refuses.
 */
export function createClientResolver(options: ClientResolverOptions = {}): ClientResolver {
  const { trustedProxies = [], forwarded: form = 'x-forwarded', onUnreadable } = options
  const { ranges, unix } = readTrust(trustedProxies)
  const readForwarded = FORWARDED_READERS[form]
  const isTrusted = (address: Address): boolean => isWithin(ranges, address)

  /** Clients that come directly, by what their socket says; most come more than once. */
  const direct = createBoundedMap<Client>({ max: DIRECT_CLIENTS })

  return function resolveClient(facts) {
    const key = `${facts.secure ? 's' : ''}${facts.remoteAddress ?? ''}`
    const known = direct.get(key)
    if (known !== undefined) return known
    const peer = parsePeer(facts.remoteAddress)
    const proto = facts.secure ? 'https' : 'http'
    if (peer === null && !(unix && facts.remoteAddress === UNIX_PEER)) {
      return { ...NOTHING_FORWARDED, address: '', peerIp: null, forwardedFor: '', proto }
    }
    if (peer !== null && (ranges.length === 0 || !isTrusted(peer))) {
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
    const { port, prefix, ...forwarded } = readForwarded(facts.rawHeaders)
    const hops = peer === null ? [] : [peer]
    let walked = 0
    let client = peer
    while (walked < forwarded.hops.length) {
      walked++
      client = parseHop(forwarded.hops.at(-walked) ?? '')
      if (client === null) {
        onUnreadable?.(FORWARDED_FIELDS[form])
        break
      }
      hops.unshift(client)
      if (!isTrusted(client)) break
    }
    const shown = hops.map(String)
    if (client === null) shown.unshift('unknown')
    return {
      address: client?.toString() ?? '',
      peerIp: client === null ? null : peerIpOf(client),
      forwardedFor: shown.join(', '),
      proto: protoOf(said(forwarded.protos, walked)) ?? proto,
      host: said(forwarded.hosts, walked) || null,
      port,
      prefix,
    }
  }
}

const NOTHING_FORWARDED = { host: null, port: null, prefix: '' } as const

/**
 * What the outermost trusted proxy said. Each adds on the right, so it is as many elements from there as were walked
 * over: what is left of that is the client's own text. Who says less than that says it of all.
 */
function said(elements: readonly string[], walked: number): string {
  return elements.at(-Math.min(Math.max(walked, 1), elements.length)) ?? ''
}

function protoOf(scheme: string): Client['proto'] | null {
  switch (scheme.toLowerCase()) {
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

/** Reads one element of a list of hops: an address, which may be in brackets and have a port. */
function parseHop(text: string): Address | null {
  const [, bracketed, dotted] =
    /^(?:\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? []
  // In brackets stands IPv6 (RFC 3986 §3.2.2).
  if (bracketed !== undefined) return bracketed.includes(':') ? parseAddress(bracketed) : null
  return parseAddress(dotted ?? text)
}

function peerIpOf(address: Address): string | null {
  return address.kind() === 'ipv4' ? address.toString() : null
}
