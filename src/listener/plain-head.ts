import { keptText } from '../kept-text.ts'

/** The head of a request in plain form, and where its body is. */
export interface PlainHead {
  readonly method: string
  /** In origin form. */
  readonly url: string
  /** Name, value, name, value … with repeats kept apart. */
  readonly rawHeaders: string[]
  /** Where the body begins, in the text that was read. */
  readonly bodyStart: number
  /** In bytes; 0 where there is none. */
  readonly bodyLength: number
  /** Whether the client wants to go on with the connection. */
  readonly keepsAlive: boolean
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Methods whose requests have no body in plain form, though maybe a length of 0: what one means a parser says. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

const MOST_FIELDS = 100

const VERSION = ' HTTP/1.1\r\n'

const IN_TOKEN = 1
const IN_VALUE = 2
const IN_TARGET = 4

/** What a byte may be part of (RFC 9110 §5.6.2, §5.5; RFC 9112 §3.2); `NaN`, beyond the end, is part of nothing. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, code) => {
  const byte = String.fromCharCode(code)
  return (
    (/[A-Za-z0-9!#$%&'*+.^_`|~-]/.test(byte) ? IN_TOKEN : 0) |
    (/[\t\x20-\x7e\x80-\xff]/.test(byte) ? IN_VALUE : 0) |
    (/[!-~]/.test(byte) ? IN_TARGET : 0)
  )
})

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** What a field has to do with where a message ends; `odd`: such a request is not plain. */
type Role = 'none' | 'host' | 'length' | 'connection' | 'odd'

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['host', 'host'],
  ['content-length', 'length'],
  ['connection', 'connection'],
  ['transfer-encoding', 'odd'],
  ['expect', 'odd'],
  ['upgrade', 'odd'],
  ['http2-settings', 'odd'],
  ['proxy-connection', 'odd'],
])

/** A field name as it was written, known from former requests: one text for all of them, whose hash is known. */
interface KnownName {
  readonly name: string
  readonly role: Role
}

/** A power of two. A name that finds its place taken is made anew each time, which is slower, and no more. */
const PLACES = 4096
const LONGEST_KNOWN = 64
const known: (KnownName | undefined)[] = Array.from({ length: PLACES })

/**
 * Reads the head of a request that is whole and in plain form: one of the usual methods, a target in origin form,
 * HTTP/1.1, exactly one `Host`, no coding, no expectation, no upgrade, a `Connection` of one word, lines that end in
 * CR LF and are not folded. Stricter than any parser: what it reads, every parser reads in the same way.
 *
 * @param text Latin-1; what is not read of it may be the body, or the next request.
 * @returns Null: it is not whole, or not plain, and somebody else is to say what it is.
 */
export function readPlainHead(text: string): PlainHead | null {
  let at = text.indexOf(' ')
  const method = text.slice(0, Math.max(at, 0))
  if (!METHODS.has(method)) return null
  const targetStart = ++at
  if (text.charCodeAt(at) !== 0x2f) return null
  while (isIn(text, at, IN_TARGET)) at++
  const url = text.slice(targetStart, at)
  if (!text.startsWith(VERSION, at)) return null
  at += VERSION.length
  const rawHeaders: string[] = []
  let hosts = 0
  let length = -1
  let keepsAlive = true
  let connections = 0
  for (;;) {
    const start = at
    let hash = 0
    let code = text.charCodeAt(at)
    while (((CLASSES[code] ?? 0) & IN_TOKEN) !== 0) {
      hash = (hash * 31 + code) | 0
      code = text.charCodeAt(++at)
    }
    if (at === start) {
      if (code === CR && text.charCodeAt(at + 1) === LF) break
      return null
    }
    if (code !== COLON || rawHeaders.length === 2 * MOST_FIELDS) return null
    const { name, role } = nameAt(text, start, at, hash)
    const valueStart = at + 1
    at = valueStart
    while (isIn(text, at, IN_VALUE)) at++
    if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF) return null
    const value = trimmed(text, valueStart, at)
    at += 2
    rawHeaders.push(name, value)
    switch (role) {
      case 'none':
        break
      case 'host':
        hosts++
        break
      case 'length':
        if (length !== -1 || !/^\d{1,8}$/.test(value)) return null
        // Node's parser takes no tab behind a length.
        if (text.charCodeAt(at - 3) === TAB) return null
        length = Number(value)
        break
      case 'connection': {
        const option = value.toLowerCase()
        if (++connections > 1 || (option !== 'keep-alive' && option !== 'close')) return null
        keepsAlive = option === 'keep-alive'
        break
      }
      case 'odd':
        return null
    }
  }
  if (hosts !== 1 || (length > 0 && BODILESS.has(method))) return null
  return { method, url, rawHeaders, bodyStart: at + 2, bodyLength: Math.max(length, 0), keepsAlive }
}

function isIn(text: string, at: number, what: number): boolean {
  return ((CLASSES[text.charCodeAt(at)] ?? 0) & what) !== 0
}

function nameAt(text: string, start: number, end: number, hash: number): KnownName {
  const place = hash & (PLACES - 1)
  const before = known[place]
  if (before?.name.length === end - start && text.startsWith(before.name, start)) return before
  const written = text.slice(start, end)
  const role = ROLES.get(written.toLowerCase()) ?? 'none'
  if (before !== undefined || written.length > LONGEST_KNOWN) return { name: written, role }
  return (known[place] = { name: keptText(written), role })
}

/** The value without the blanks around it (RFC 9112 §5). */
function trimmed(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
