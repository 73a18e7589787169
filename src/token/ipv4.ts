import { parseInteger } from './notation.ts'

const WORD = 32
const DOT = 0x2e
const ZERO = 0x30
const PLUS = 0x2b
const MINUS = 0x2d
const ODD_SLASHES = /^\/|\/\/|\/$/

/** Whether a text is an IPv4 address in dotted decimal: four fields of 0 to 255 without leading zeros, nothing else. */
export function isIPv4(text: string): boolean {
  return parseIPv4(text) !== null
}

/**
 * The dotted decimal of an address that is written as Onezone reads them, or null. As tolerant as Onezone: a field may
 * have a sign, as in `1.2.3.+4` or `1.2.3.-0`, as long as it has three characters at most.
 */
export function normalizeIPv4(text: string): string | null {
  const address = parseIPv4(text, true)
  return address === null ? null : dotted(address)
}

/**
 * Whether an IPv4 address lies in a network, e.g. `10.1.2.3` in `10.0.0.0/8`. Host bits of the network do not count.
 * False where either is none.
 */
export function ipMatches(mask: string, ip: string): boolean {
  return ipMatchesAny([mask], ip)
}

/** Whether an address lies in one of the networks of a list, which is read once for as long as the list lives. */
export function ipMatchesAny(masks: readonly string[], ip: string): boolean {
  const address = parseIPv4(ip)
  if (address === null) return false
  let networks = READ.get(masks)
  if (networks === undefined) {
    networks = masks.map(parseNetwork).filter((network) => network !== null)
    READ.set(masks, networks)
  }
  return networks.some((network) => contains(network, address))
}

const READ = new WeakMap<readonly string[], readonly Network[]>()

function contains(network: Network, address: number): boolean {
  // shifting by 32 shifts by nothing
  return network.length === 0 || (network.address ^ address) >>> (WORD - network.length) === 0
}

/**
 * The normal form `A.B.C.D/L` of a network, or null. The length is 32 where missing. As tolerant as Onezone: repeated,
 * leading and trailing slashes do not count, the length may have a sign and leading zeros, the address signs.
 */
export function normalizeNetwork(text: string): string | null {
  const network = parseNetwork(text)
  return network === null ? null : `${dotted(network.address)}/${network.length}`
}

interface Network {
  readonly address: number
  readonly length: number
}

function parseNetwork(given: string): Network | null {
  const mask = ODD_SLASHES.test(given) ? given.split('/').filter(Boolean).join('/') : given
  const slash = mask.indexOf('/')
  const length = slash < 0 ? WORD : parseInteger(mask.slice(slash + 1))
  const address = parseIPv4(slash < 0 ? mask : mask.slice(0, slash), true)
  if (address === null || length === null || length < 0 || length > WORD) return null
  return { address, length }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}

function parseIPv4(text: string, signs = false): number | null {
  let address = 0
  let fields = 0
  let digits = 0
  let field = 0
  let sign = 0
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0 || field > 255 || (sign === MINUS && field > 0)) return null
      address = (address << 8) | field
      fields++
      digits = 0
      field = 0
      sign = 0
    } else if (signs && digits === 0 && sign === 0 && (code === PLUS || code === MINUS)) {
      sign = code
    } else {
      const digit = code - ZERO
      const leadingZero = sign === 0 && digits === 1 && field === 0
      const isFull = digits === (sign === 0 ? 3 : 2)
      if (!(digit >= 0 && digit <= 9) || leadingZero || isFull) return null
      field = field * 10 + digit
      digits++
    }
  }
  return fields === 4 ? address : null
}
