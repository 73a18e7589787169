import { JsonFloat } from './json-text.ts'

/**
 * A JSON value in the notation of Erlang, in which Onezone shows caveats that are neither objects nor strings: lists of
 * printable character codes as text, strings as binaries, objects as maps. On one line, where Onezone breaks long ones.
 */
export function erlangTerm(value: unknown): string {
  if (value instanceof JsonFloat) return float(value.value)
  if (typeof value === 'string') return binary(value)
  if (Array.isArray(value)) {
    return value.length > 0 && value.every(isPrintable)
      ? quoted(String.fromCharCode(...(value as number[])))
      : `[${value.map(erlangTerm).join(',')}]`
  }
  if (typeof value !== 'object' || value === null) return String(value)
  const pairs = Object.entries(value)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, entry]) => `${binary(key)} => ${erlangTerm(entry)}`)
  return `#{${pairs.join(',')}}`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
}
const MAX_EXACT = 2 ** 53

function quoted(text: string): string {
  return `"${Array.from(text, (character) => ESCAPES[character] ?? character).join('')}"`
}

/** Of Latin 1, as Erlang takes it by default. */
function isPrintable(code: unknown): boolean {
  if (typeof code !== 'number') return false
  return (
    (code >= 32 && code <= 126) ||
    (code >= 160 && code <= 255) ||
    (code >= 8 && code <= 13) ||
    code === 27
  )
}

function binary(text: string): string {
  if (text === '') return '<<>>'
  if (/[^\0-\xff]/.test(text) || !Array.from(text, codeOf).every(isPrintable)) {
    return `<<${[...Buffer.from(text)].join(',')}>>`
  }
  return /[^\0-\x7f]/.test(text) ? `<<${quoted(text)}/utf8>>` : `<<${quoted(text)}>>`
}

function codeOf(character: string): number {
  return character.charCodeAt(0)
}

/** The shortest digits, with an exponent where that is shorter and where not every integer is a float. */
function float(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const exponent = String(Number(exponentText))
  return (value < 0 ? '-' : '') + place(digits, Number(exponentText) + 1, exponent, value)
}

function place(digits: string, point: number, exponent: string, value: number): string {
  const withExponent = `${digits[0]}.${digits.slice(1) || '0'}e${exponent}`
  const exponentLength = exponent.length + 1 + (digits.length === 1 ? 2 : 1)
  if (Math.abs(value) >= MAX_EXACT) return withExponent
  if (point === 0) return `0.${digits}`
  if (point < 0) {
    return 2 - point <= exponentLength ? `0.${'0'.repeat(-point)}${digits}` : withExponent
  }
  if (point < digits.length) return `${digits.slice(0, point)}.${digits.slice(point)}`
  const zeros = point - digits.length
  return zeros + 2 <= exponentLength ? `${digits}${'0'.repeat(zeros)}.0` : withExponent
}
