import { standsAsWritten, withoutSpaceAround } from '../field-line.ts'
import { createNameTable } from '../name-table.ts'

/** The head of a response, read strictly. */
export interface ResponseHead {
  readonly status: number
  /** Reason phrase, as it came; empty: none. */
  readonly reason: string
  /** Name, value, name, value … in order and case, as they came. */
  readonly fields: string[]
  /** The same as text, where each line is as it would be written; null: one is not. */
  readonly section: string | null
  /** Length of the body in bytes, or what marks its end. */
  readonly body: number | 'chunked' | 'until-close'
  /** For how long the connection may be idle afterwards, in milliseconds; 0: it ends with this response. */
  readonly reusableMs: number
}

/** How much of an answer may come before its body; what goes beyond that is a failure of the upstream. */
export interface ResponseLimits {
  /** Longest head, status line and empty line included, in bytes. */
  readonly responseHeadBytes: number
  /** How many header fields it may have. */
  readonly responseFields: number
}

/** What holds where nothing else is said. */
export const RESPONSE_LIMITS: ResponseLimits = { responseHeadBytes: 65_536, responseFields: 500 }

/** The least and the most that each may be. */
export const RESPONSE_LIMIT_RANGES = {
  responseHeadBytes: [4_096, 1_048_576],
  responseFields: [20, 5_000],
} as const

/** What is wrong with a head beyond the limits. */
export const TOO_MANY_FIELDS = 'it has too many header fields'
export const TOO_LONG = 'its head is too long'

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/

/** Finds a status line, of which an upstream has a few. */
const statusLineAt = createNameTable((name) => {
  const [, minor, status, reason = ''] = STATUS_LINE.exec(name) ?? []
  return { name, status: Number(status), reason, old: minor === '0' }
})

const LENGTH = /^\d{1,15}$/

/** Fields in one pass: what follows need only look for where names and lines end, neither of which can hold a CR. */
const FIELDS = /(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*/y

/** What a field has to do with where its message ends. */
type Role = 'none' | 'connection' | 'keep-alive' | 'content-length' | 'transfer-encoding'

const ROLES: ReadonlyMap<string, Role> = new Map(
  (['connection', 'keep-alive', 'content-length', 'transfer-encoding'] as const).map((role) => [
    role,
    role,
  ]),
)

const nameAt = createNameTable((name) => ({
  name,
  role: ROLES.get(name.toLowerCase()) ?? 'none',
}))

/** A server may close this much earlier than it promised, in milliseconds. */
const PROMISE_MARGIN_MS = 1000

/**
 * Reads the head of a response (RFC 9112 §4, §5, §6.3). What could be read in two ways is refused: a line that does not
 * end in CR LF, a folded line, a length beside chunks, a length twice, a coding other than `chunked`.
 *
 * @param text Latin-1, of which the head is a part: a slice of its own would be slower to read.
 * @param from Where it begins.
 * @param end Where its empty line begins.
 * @param toHead Whether it answers a HEAD request, and so has no body.
 * @param maxFields How many fields it may have.
 * @returns The head, or what is wrong with it, in words that repeat nothing of it.
 */
export function readResponseHead(
  text: string,
  from: number,
  end: number,
  toHead: boolean,
  maxFields: number = RESPONSE_LIMITS.responseFields,
): ResponseHead | string {
  const firstEnd = text.indexOf('\r\n', from)
  const { status, reason, old } = statusLineAt(text, from, firstEnd)
  // What is no number is no status line.
  if (!(status > 0)) return 'its status line is malformed'
  const fields: string[] = []
  let length: number | null = null
  let chunked = false
  let reusableMs = old ? 0 : Infinity
  const start = firstEnd + 2
  let isUsual = true
  FIELDS.lastIndex = start
  FIELDS.test(text)
  if (FIELDS.lastIndex < end) return objectionTo(text, FIELDS.lastIndex)
  for (let at = start; at < end;) {
    const colon = text.indexOf(':', at)
    const lineEnd = text.indexOf('\r', colon)
    const { name, role } = nameAt(text, at, colon)
    const value = withoutSpaceAround(text, colon + 1, lineEnd)
    isUsual &&= standsAsWritten(text, colon, lineEnd, value)
    at = lineEnd + 2
    if (fields.push(name, value) > 2 * maxFields) return TOO_MANY_FIELDS
    switch (role) {
      case 'none':
        break
      case 'connection':
        if (old || closes(value)) reusableMs = 0
        break
      case 'keep-alive':
        reusableMs = Math.min(reusableMs, promisedMs(value))
        break
      case 'content-length':
        if (length !== null) return 'it has two lengths'
        if (!LENGTH.test(value)) return 'its length is no number'
        length = Number(value)
        break
      case 'transfer-encoding':
        // RFC 9112 §6.1: chunks to or from HTTP/1.0 are a fault in framing.
        if (chunked || old) return 'its transfer coding is out of place'
        if (value.toLowerCase() !== 'chunked') return 'its transfer coding is not known'
        chunked = true
        break
    }
  }
  if (chunked && length !== null) return 'it has both a length and a transfer coding'
  // A length of nothing says what is known anyway (RFC 9110 §15.2).
  if (status < 200 && (chunked || (length ?? 0) !== 0 || reusableMs === 0)) {
    return 'it is interim, and yet has a body or ends the connection'
  }
  const section = isUsual ? text.slice(start, end) : null
  if (status < 200) return { status, reason, fields, section, body: 0, reusableMs }
  if (toHead || status === 204 || status === 304) {
    // A server that sends a body all the same may send it any time, and it would pass for the next response.
    const bare = toHead && status !== 204 && status !== 304 ? length === 0 : (length ?? 0) === 0
    const goesOn = bare && !chunked
    return { status, reason, fields, section, body: 0, reusableMs: goesOn ? reusableMs : 0 }
  }
  if (chunked) return { status, reason, fields, section, body: 'chunked', reusableMs }
  return length === null
    ? { status, reason, fields, section, body: 'until-close', reusableMs: 0 }
    : { status, reason, fields, section, body: length, reusableMs }
}

/** What is wrong with the field that begins here. */
function objectionTo(text: string, at: number): string {
  const line = text.slice(at, text.indexOf('\r\n', at))
  if (!line.includes(':')) return 'a header field has no colon'
  if (!NAME.test(line)) return 'the name of a header field is malformed'
  return 'the value of a header field is malformed'
}

const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+:/

/**
 * Whether so much of a head, which is not complete, can still become one.
 *
 * @param known How much of it could, when it was last looked at.
 */
export function mayBecomeHead(text: string, known: number): boolean {
  const start = 'HTTP/1.'
  return text.length < start.length
    ? start.startsWith(text)
    : text.startsWith(start) && !BROKEN_LINE.test(text.slice(Math.max(0, known - 1)))
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const BROKEN_LINE = /[^\r]\n|\r[^\n]|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

function closes(value: string): boolean {
  const lower = value.toLowerCase()
  if (lower === 'keep-alive') return false
  return lower.split(',').some((option) => option.trim() === 'close')
}

/** What `Keep-Alive: timeout=5, max=100` promises. */
function promisedMs(value: string): number {
  const [, seconds] = /(?:^|[\s,])timeout=(\d{1,6})(?:$|[\s,])/i.exec(value) ?? []
  return seconds === undefined ? Infinity : Math.max(0, Number(seconds) * 1000 - PROMISE_MARGIN_MS)
}
