import { keptText } from '../kept-text.ts'
import type { UpstreamRequest } from './dispatcher.ts'
import { isToken } from './field-syntax.ts'

/** The head of a request as it is sent, and what frames its body. */
export interface RequestHead {
  /** Latin-1, empty line included, and the body where it is text. */
  readonly text: string
  /** Length of the body that is yet to follow in bytes; 0: there is none; null: it goes in chunks. */
  readonly bodyLength: number | null
}

/** What can stand in a request line. */
const TARGET = /^[!-~]+$/

const LENGTH = /^\d{1,15}$/

/** Methods whose requests have a length even where they have no body (RFC 9110 §8.6). */
const LENGTH_EXPECTED = new Set(['POST', 'PUT', 'PATCH'])

/** Fields that are about a connection, and therefore the transport's own. */
const RESERVED = new Set([
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'expect',
])

/**
 * Writes the head of a request. Null: there is something in it that would end a line or a head, or that frames the body
 * in two ways. The caller has checked all this; here it is made sure of.
 */
export function writeRequestHead(request: UpstreamRequest): RequestHead | null {
  const { method, path, headers, lastHeaders = NONE, body, bodyText } = request
  if (!isToken(method) || !TARGET.test(path)) return null
  const last = writeLastFields(lastHeaders)
  if (last === null) return null
  const connection = connectionOf(request)
  if (request.section !== undefined) {
    if (body !== null || last.length !== null) return null
    const start = `${method} ${path} HTTP/1.1\r\nConnection: ${connection}\r\n${request.section}${last.text}`
    const length = bodyText?.length ?? (LENGTH_EXPECTED.has(method) ? 0 : null)
    const framing = length === null ? '\r\n' : `Content-Length: ${length}\r\n\r\n`
    return { text: start + framing + (bodyText ?? ''), bodyLength: 0 }
  }
  const first = writeFields(headers, headers.length - lastHeaders.length)
  if (first === null) return null
  if (first.length !== null && last.length !== null) return null
  const length = first.length ?? last.length
  let text = `${method} ${path} HTTP/1.1\r\nConnection: ${connection}\r\n${first.text}${last.text}`
  if (bodyText !== undefined) {
    return length === bodyText.length ? { text: `${text}\r\n${bodyText}`, bodyLength: 0 } : null
  }
  if (body === null) {
    if (length !== null && length !== 0) return null
    if (length === null && LENGTH_EXPECTED.has(method)) text += 'Content-Length: 0\r\n'
    return { text: `${text}\r\n`, bodyLength: 0 }
  }
  if (length === null) text += 'Transfer-Encoding: chunked\r\n'
  if (request.expectContinue === true) text += 'Expect: 100-continue\r\n'
  return { text: `${text}\r\n`, bodyLength: length }
}

/** What is said of the connection. */
function connectionOf({ upgrade = null, reset }: UpstreamRequest): string {
  if (upgrade !== null) return `Upgrade\r\nUpgrade: ${upgrade}`
  return reset === true ? 'close' : 'keep-alive'
}

interface Fields {
  readonly text: string
  /** What they say of the body's length; null: nothing. */
  readonly length: number | null
}

const NONE: readonly string[] = Object.freeze([])

/**
 * Writes fields that frame nothing as lines of text. Null: there is something in them that would end a line, or that is
 * about the body or the connection.
 *
 * @param fields Name, value, name, value …
 */
export function writeSection(fields: readonly string[]): string | null {
  const section = flat(writeFields(fields, fields.length))
  return section === null || section.length !== null ? null : section.text
}

const written = new WeakMap<readonly string[], Fields | null>()

function writeLastFields(fields: readonly string[]): Fields | null {
  let known = written.get(fields)
  if (known === undefined) {
    known = flat(writeFields(fields, fields.length))
    // Another list could be another one the next time.
    if (Object.isFrozen(fields)) written.set(fields, known)
  }
  return known
}

/** V8 keeps what was put together as a tree of its parts, and would walk it each time that it is copied. */
function flat(fields: Fields | null): Fields | null {
  return fields && { ...fields, text: keptText(fields.text) }
}

/** Lines of a field each (RFC 9110 §5.5, §5.6.2), and nothing that would be cut down to latin-1 (CVE-2018-12116). */
const SECTION = /^(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*$/

/** @param end Where in the list to end. */
function writeFields(fields: readonly string[], end: number): Fields | null {
  let text = ''
  let length: number | null = null
  for (let i = 0; i + 1 < end; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (!isName(name)) return null
    const { length: size } = name
    if (size === 14 || size === 17 || size === 10 || size === 7 || size === 6 || size === 2) {
      const lower = name.toLowerCase()
      if (RESERVED.has(lower)) return null
      if (lower === 'content-length') {
        if (length !== null || !LENGTH.test(value)) return null
        length = Number(value)
      }
    }
    text += `${name}: ${value}\r\n`
  }
  // A value with lines of its own would make more of them than there are fields.
  const isWhole = SECTION.test(text) && linesIn(text) === end >> 1
  return isWhole ? { text, length } : null
}

const names = new Set<string>()
const MOST_NAMES = 1024
const LONGEST_NAME = 64

/** Whether it is a token; the names that come again and again are known. */
function isName(name: string): boolean {
  if (names.has(name)) return true
  if (!isToken(name)) return false
  if (name.length <= LONGEST_NAME) {
    if (names.size >= MOST_NAMES) names.clear()
    names.add(keptText(name))
  }
  return true
}

function linesIn(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
