import { standsAsWritten, withoutSpaceAround } from '../field-line.ts'
import { createNameTable } from '../name-table.ts'

/** The head of a request in plain form, and where its body is. */
export interface PlainHead {
  readonly method: string
  /** In origin form. */
  readonly url: string
  /** Name, value, name, value … with repeats kept apart. */
  readonly rawHeaders: string[]
  /** The same as it came, where each line is as it would be written; null: one is not. */
  readonly section: string | null
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

/**
 * A whole head: its grammar in one pass (RFC 9110 §5.5, §5.6.2; RFC 9112 §3.2), so that what follows need only look for
 * where lines and names end. Neither a value nor a name can hold the CR that ends its line.
 */
const HEAD =
  /[A-Z]{3,7} \/[!-~]* HTTP\/1\.1\r\n(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y

const VERSION_LENGTH = ' HTTP/1.1\r\n'.length

const TAB = 0x09

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

const nameAt = createNameTable((name) => ({
  name,
  role: ROLES.get(name.toLowerCase()) ?? 'none',
}))

/**
 * Reads the head of a request that is whole and in plain form: one of the usual methods, a target in origin form,
 * HTTP/1.1, exactly one `Host`, no coding, no expectation, no upgrade, a `Connection` of one word, lines that end in
 * CR LF and are not folded. Stricter than any parser: what it reads, every parser reads in the same way.
 *
 * @param text Latin-1; what is not read of it may be the body, or the next request.
 * @returns Null: it is not whole, or not plain, and somebody else is to say what it is.
 */
export function readPlainHead(text: string): PlainHead | null {
  HEAD.lastIndex = 0
  if (!HEAD.test(text)) return null
  const bodyStart = HEAD.lastIndex
  const fieldsEnd = bodyStart - 2
  const methodEnd = text.indexOf(' ')
  const method = text.slice(0, methodEnd)
  if (!METHODS.has(method)) return null
  const targetEnd = text.indexOf(' ', methodEnd + 1)
  const url = text.slice(methodEnd + 1, targetEnd)
  const rawHeaders: string[] = []
  let hosts = 0
  let length = -1
  let keepsAlive = true
  let connections = 0
  const fieldsStart = targetEnd + VERSION_LENGTH
  let isUsual = true
  let at = fieldsStart
  while (at < fieldsEnd) {
    if (rawHeaders.length === 2 * MOST_FIELDS) return null
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r', colon)
    const { name, role } = nameAt(text, at, colon)
    const value = withoutSpaceAround(text, colon + 1, end)
    isUsual &&= standsAsWritten(text, colon, end, value)
    at = end + 2
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
        if (text.charCodeAt(end - 1) === TAB) return null
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
  const section = isUsual ? text.slice(fieldsStart, fieldsEnd) : null
  const bodyLength = Math.max(length, 0)
  return { method, url, rawHeaders, section, bodyStart, bodyLength, keepsAlive }
}
