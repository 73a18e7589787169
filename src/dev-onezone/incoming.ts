import type { IncomingMessage } from 'node:http'
import { isIPv4 } from '../token/index.ts'
import type { HeaderLookup } from './caller.ts'

/** Room for three of the largest tokens in one request, and the rest of it. */
export const MAX_BODY_BYTES: number = 4 * 1024 * 1024

/** The path as it was sent, without query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').replace(/[?#].*$/s, '')
}

/**
 * Repeated headers are joined, also those of which Node keeps the first only: two credentials must not pass for one.
 */
export function headersOf(request: IncomingMessage): HeaderLookup {
  return (name) => request.headersDistinct[name]?.join(', ')
}

/** Address of the TCP peer if it is IPv4, also where it is mapped into IPv6; else null. */
export function peerIpOf(request: IncomingMessage): string | null {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
  return isIPv4(address) ? address : null
}

/** Whether the request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** The octets of the body; null if there are more than {@link MAX_BODY_BYTES}: then the rest was not read. */
export function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
      else resolve(null)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

/**
 * The JSON value of a body; `undefined` if it is none that the original would read. Without octets: an empty object.
 */
export function parseBody(octets: Buffer): unknown {
  if (octets.length === 0) return {}
  try {
    return JSON.parse(UTF8.decode(octets), refuseLoneSurrogates) as unknown
  } catch {
    return undefined
  }
}

// The original takes neither a byte order mark nor half of a surrogate pair (vectors, "named/shape of the body").
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LONE_SURROGATE = /[\ud800-\udfff]/u

function refuseLoneSurrogates(key: string, value: unknown): unknown {
  if (LONE_SURROGATE.test(key) || (typeof value === 'string' && LONE_SURROGATE.test(value))) {
    throw new SyntaxError('half of a surrogate pair')
  }
  return value
}
