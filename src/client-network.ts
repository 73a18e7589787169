/** Groups of an IPv6 address that name the network of a customer. */
const NETWORK_GROUPS = 4

/** Whom an address stands for: one of IPv6 for its /64, which any one customer has all of (RFC 6177); else itself. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const front = before === '' ? [] : before.split(':')
  const back = after === undefined || after === '' ? [] : after.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  return `${[...front, ...zeros, ...back].slice(0, NETWORK_GROUPS).join(':')}::/64`
}
