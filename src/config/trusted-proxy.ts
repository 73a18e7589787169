import { isIPv4, isIPv6 } from 'node:net'

/**
 * Checks one entry of `trustedProxies`: an IP address or a CIDR range. Host names are refused, since a name that
 * resolves to another address later would silently change who is believed.
 *
 * @returns The entry itself.
 * @throws {TypeError} for anything else, and for a range that would trust everybody.
 */
export function parseTrustedProxy(text: string): string {
  const [address = '', prefix, ...rest] = text.split('/')
  const width = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0
  if (width === 0 || rest.length > 0) {
    throw new TypeError('must be an IP address or CIDR range, e.g. 10.0.0.0/8 or fd00::/8')
  }
  if (width === 128 && isMapped(address)) {
    throw new TypeError('must be written as IPv4, without the prefix ::ffff:')
  }
  if (prefix === undefined) return text
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) {
    throw new TypeError(`must have a prefix length from 1 to ${width}`)
  }
  if (Number(prefix) === 0) {
    throw new TypeError('would trust everybody who can connect; name the proxies')
  }
  return text
}

/** Whether an IPv6 address stands for an IPv4 one; such a range would be matched against neither family. */
function isMapped(address: string): boolean {
  return /^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/.test(new URL(`http://[${address}]`).hostname)
}
