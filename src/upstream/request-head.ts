import type { UpstreamRequest } from './dispatcher.ts'
import { isFieldValue, isToken } from './field-syntax.ts'

/** The head of a request as it is sent, and what frames its body. */
export interface RequestHead {
  /** Latin-1, empty line included. */
  readonly text: string
  /** Length of the body in bytes; 0: there is none; null: it goes in chunks. */
  readonly bodyLength: number | null
}

/** What can stand in a request line. */
const TARGET = /^[!-~]+$/

const LENGTH = /^\d{1,15}$/

/** Methods whose requests have a length even where they have no body (RFC 9110 §8.6). */
const LENGTH_EXPECTED = new Set(['POST', 'PUT', 'PATCH'])

/** Fields that are about a connection, and therefore the transport's own. */
const RESERVED = new Set(['transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te'])

/**
 * Writes the head of a request. Null: there is something in it that would end a line or a head, or that frames the body
 * in two ways. Whoever calls has checked all this; here it is made sure of.
 */
export function writeRequestHead(request: UpstreamRequest): RequestHead | null {
  const { method, path, headers, body } = request
  if (!isToken(method) || !TARGET.test(path)) return null
  let text = `${method} ${path} HTTP/1.1\r\nConnection: keep-alive\r\n`
  let length: number | null = null
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!isToken(name) || !isFieldValue(value)) return null
    const { length: size } = name
    if (size === 14 || size === 17 || size === 10 || size === 7 || size === 2) {
      const lower = name.toLowerCase()
      if (RESERVED.has(lower)) return null
      if (lower === 'content-length') {
        if (length !== null || !LENGTH.test(value)) return null
        length = Number(value)
      }
    }
    text += `${name}: ${value}\r\n`
  }
  if (body === null) {
    if (length !== null && length !== 0) return null
    if (length === null && LENGTH_EXPECTED.has(method)) text += 'Content-Length: 0\r\n'
    return { text: `${text}\r\n`, bodyLength: 0 }
  }
  if (length === null) text += 'Transfer-Encoding: chunked\r\n'
  return { text: `${text}\r\n`, bodyLength: length }
}
