import type { IncomingMessage } from 'node:http'
import { isIPv4 } from '../token/index.ts'
import type { HeaderLookup } from './caller.ts'
import { readJson } from './json-text.ts'

/** As much of a body as the original reads. */
export const MAX_BODY_BYTES = 8_000_000

/** Whether the `Host` header is one that the original's web server reads: a name or an address, and perhaps a port. */
export function hasReadableHost(request: IncomingMessage): boolean {
  const host = request.headersDistinct['host']?.join(', ')
  return host === undefined || HOST.test(host)
}

const HOST = /^(?:\[[0-9A-Fa-f:.]*\]|[\w.~!$&'()*+,;=-]*)(?::[+-]?[0-9]+)?$/

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

/** The JSON value of a body, as `readJson` gives it; `undefined` if it is none. Without octets: an empty object. */
export function parseBody(octets: Buffer): unknown {
  if (octets.length === 0) return {}
  try {
    return readJson(UTF8.decode(octets))
  } catch {
    return undefined
  }
}

// The original takes no byte order mark (vectors, "named/shape of the body").
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
