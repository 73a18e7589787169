/** A JSON number that is written with a fraction or an exponent: Onezone takes it for no integer, even `5.0`. */
export class JsonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  toJSON(): number {
    return this.value
  }
}

/**
 * Reads JSON as Onezone does. Integers beyond 2⁵³ become bigints, numbers with a fraction or an exponent become
 * {@link JsonFloat}s, and JSON may be nested as deep as memory allows.
 *
 * @throws {SyntaxError} for what is no JSON, for a float beyond the range of a double, for half of a surrogate pair
 */
export function readJson(text: string): unknown {
  const open: Container[] = []
  let at = skipBlanks(text, 0)
  for (;;) {
    let value: unknown
    const start = text[at]
    if (start === '[' || start === '{') {
      const container: Container = start === '[' ? { items: [] } : { entries: [], key: '' }
      const inside = skipBlanks(text, at + 1)
      if (text[inside] !== (start === '[' ? ']' : '}')) {
        open.push(container)
        at = 'key' in container ? readKey(text, inside, container) : inside
        continue
      }
      value = valueOf(container)
      at = inside + 1
    } else {
      const end = endOfScalar(text, at)
      value = readScalar(text.slice(at, end))
      at = end
    }

    // what is complete goes into what surrounds it, which may be complete thereby
    for (;;) {
      at = skipBlanks(text, at)
      const around = open.at(-1)
      if (around === undefined) {
        if (at < text.length) throw malformed()
        return value
      }
      if ('key' in around) around.entries.push([around.key, value])
      else around.items.push(value)
      const next = text[at]
      at = skipBlanks(text, at + 1)
      if (next === ',') {
        if ('key' in around) at = readKey(text, at, around)
        break
      }
      if (next !== ('key' in around ? '}' : ']')) throw malformed()
      value = valueOf(around)
      open.pop()
    }
  }
}

/** The same value with plain numbers instead of {@link JsonFloat}s. */
export function withoutFloats(value: unknown): unknown {
  if (value instanceof JsonFloat) return value.value
  if (Array.isArray(value)) return value.map(withoutFloats)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, withoutFloats(entry)]),
  )
}

/** Writes JSON as `JSON.stringify` does, and bigints with all their digits. */
export function writeJson(value: unknown): string {
  const parts: string[] = []
  writeInto(parts, value)
  return parts.join('')
}

/** The same, but null for what is no Unicode text: the original cannot answer with it. */
export function encodeJson(value: unknown): string | null {
  const parts: string[] = []
  return writeInto(parts, value) ? parts.join('') : null
}

type Container =
  { readonly items: unknown[] } | { readonly entries: [string, unknown][]; key: string }

const NUMBER = /^-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/
const LONE_SURROGATE = /\p{Surrogate}/u
const WORDS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
])

function valueOf(container: Container): unknown {
  return 'key' in container ? Object.fromEntries(container.entries) : container.items
}

function readKey(text: string, at: number, container: { key: string }): number {
  if (text[at] !== '"') throw malformed()
  const end = endOfScalar(text, at)
  container.key = readString(text.slice(at, end))
  const colon = skipBlanks(text, end)
  if (text[colon] !== ':') throw malformed()
  return skipBlanks(text, colon + 1)
}

function readScalar(text: string): unknown {
  if (text.startsWith('"')) return readString(text)
  if (WORDS.has(text)) return WORDS.get(text)
  const [, fraction, exponent] = NUMBER.exec(text) ?? throwMalformed()
  if (fraction === undefined && exponent === undefined) {
    const integer = Number(text)
    // adding 0 turns -0 into 0
    return Number.isSafeInteger(integer) ? integer + 0 : BigInt(text)
  }
  const float = Number(text)
  if (!Number.isFinite(float)) throw malformed()
  return new JsonFloat(float)
}

function readString(text: string): string {
  const value = JSON.parse(text) as string
  if (LONE_SURROGATE.test(value)) throw malformed()
  return value
}

function endOfScalar(text: string, at: number): number {
  if (text[at] !== '"') {
    let end = at
    while (end < text.length && !/[\s,\]}:"]/.test(text[end] ?? '')) end++
    return end
  }
  for (let quote = text.indexOf('"', at + 1); quote > 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (text[quote - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return quote + 1
  }
  throw malformed()
}

function skipBlanks(text: string, at: number): number {
  let end = at
  while (text[end] === ' ' || text[end] === '\n' || text[end] === '\t' || text[end] === '\r') end++
  return end
}

/** @returns whether all of it is Unicode text */
function writeInto(parts: string[], value: unknown): boolean {
  if (typeof value === 'bigint') {
    parts.push(value.toString())
    return true
  }
  if (typeof value !== 'object' || value === null) {
    parts.push(JSON.stringify(value) ?? 'null')
    return typeof value !== 'string' || !LONE_SURROGATE.test(value)
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return writeInto(parts, (value.toJSON as () => unknown)())
  }
  const isList = Array.isArray(value)
  let isText = true
  let opening = isList ? '[' : '{'
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined && !isList) continue
    parts.push(opening)
    opening = ','
    if (!isList) {
      isText = writeInto(parts, key) && isText
      parts.push(':')
    }
    isText = writeInto(parts, entry) && isText
  }
  if (opening !== ',') parts.push(opening)
  parts.push(isList ? ']' : '}')
  return isText
}

function throwMalformed(): never {
  throw malformed()
}

function malformed(): SyntaxError {
  return new SyntaxError('no JSON that Onezone would read')
}
