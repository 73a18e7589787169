import { isIPv4 } from '../token/index.ts'

const IPV4_MAPPED = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/

/**
 * What Onezone understands of a client's address (Onezone API, §5.1): IPv4 in dotted decimal, also where a dual-stack
 * socket wrote it as IPv6 (`::ffff:192.0.2.1`; RFC 4291, §2.5.5.2). Null, "the address is unknown", for anything else:
 * then every ip, asn and geo caveat fails.
 */
export function toPeerIp(address: string | null): string | null {
  if (address === null || isIPv4(address)) return address
  if (!/^[\da-f:.]+$/i.test(address)) return null
  // The URL parser brings every spelling of an IPv6 address into one.
  const url = `http://[${address}]`
  const [, high, low] = (URL.canParse(url) && IPV4_MAPPED.exec(new URL(url).hostname)) || []
  if (high === undefined || low === undefined) return null
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}
