import { isIPv4, isIPv6 } from 'node:net'

/** What a proxy says of a connection before the first byte of its client (PROXY protocol, versions 1 and 2). */
export interface ProxyHead {
  /** Address of the client; empty: the proxy does not know one; null: it speaks for itself. */
  readonly address: string | null
  /** How many bytes it is long: what follows is the client's. */
  readonly length: number
}

/** `more`: it has yet to come to its end; `malformed`: it is none. */
export type ProxyHeadReading = ProxyHead | 'more' | 'malformed'

/** Begins every head of version 2. */
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

const BEGINNING = Buffer.from('PROXY ', 'latin1')

/** The longest line of version 1, its end included, as its specification has it. */
const LONGEST_LINE = 107

/** The longest head of version 2 that is taken; addresses need 52 bytes, the rest is what proxies add. */
const LONGEST_HEAD = 4_096

/** Reads a head from the first bytes of a connection. Nothing but its one form is taken for one. */
export function readProxyHead(bytes: Buffer): ProxyHeadReading {
  if (begins(bytes, SIGNATURE)) return readBinary(bytes)
  return begins(bytes, BEGINNING) ? readLine(bytes) : 'malformed'
}

/** Whether the one begins with the other, as far as there is enough of both. */
function begins(bytes: Buffer, beginning: Buffer): boolean {
  const length = Math.min(bytes.length, beginning.length)
  return bytes.subarray(0, length).equals(beginning.subarray(0, length))
}

const LINE = /^PROXY (?:(UNKNOWN)(?: [ -~]*)?|(TCP4|TCP6) (\S+) (\S+) (\S+) (\S+))$/
const PORT = /^(?:0|[1-9]\d{0,4})$/

function readLine(bytes: Buffer): ProxyHeadReading {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf('\r\n')
  if (end === -1) return bytes.length < LONGEST_LINE ? 'more' : 'malformed'
  const [, unknown, family, from = '', to = '', ...ports] =
    LINE.exec(bytes.toString('latin1', 0, end)) ?? []
  const length = end + 2
  if (unknown !== undefined) return { address: '', length }
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6Plain
  const isGood =
    family !== undefined &&
    [from, to].every(isAddress) &&
    ports.every((port) => PORT.test(port) && Number(port) <= 65_535)
  return isGood ? { address: from, length } : 'malformed'
}

/** Without a zone, which means something to one machine only. */
function isIPv6Plain(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

/** How long the addresses of a family are, both ends and ports. */
const IPV4_BYTES = 12
const IPV6_BYTES = 36

function readBinary(bytes: Buffer): ProxyHeadReading {
  if (bytes.length < 16) return 'more'
  const command = bytes.readUInt8(12)
  const family = bytes.readUInt8(13)
  const addressed = bytes.readUInt16BE(14)
  const length = 16 + addressed
  if ((command !== 0x20 && command !== 0x21) || length > LONGEST_HEAD) return 'malformed'
  const needed = neededFor(family)
  if (command === 0x21 && (needed === null || addressed < needed)) return 'malformed'
  if (bytes.length < length) return 'more'
  if (command === 0x20) return { address: null, length }
  return { address: addressIn(bytes.subarray(16, length), family), length }
}

/** How many bytes the addresses of a stream's family take; null: there is no such family, or it is no stream. */
function neededFor(family: number): number | null {
  switch (family) {
    case 0x11:
      return IPV4_BYTES
    case 0x21:
      return IPV6_BYTES
    case 0x31: // Unix sockets: 108 bytes for each end
      return 216
    case 0x00:
      return 0
    default:
      return null
  }
}

function addressIn(addresses: Buffer, family: number): string {
  if (family === 0x11) return [...addresses.subarray(0, 4)].join('.')
  if (family !== 0x21) return ''
  const groups = Array.from({ length: 8 }, (_, at) => addresses.readUInt16BE(2 * at).toString(16))
  return groups.join(':')
}
