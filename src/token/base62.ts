import type { TokenError } from '../errors.ts'
import { malformed } from './notation.ts'
import { bufferOf } from './octets.ts'

const ESCAPE = 0x30
/** What `00`, `01`, … `05` stand for (Onezone API, §1.3). */
const ESCAPED_CHARACTERS = '0_-/+='

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const WHITESPACE = 64
const PADDING = 65
const ILLEGAL = 66
const SYMBOLS = symbolTable()
const ESCAPED_SYMBOLS = escapedSymbolTable()

/**
 * Decodes the alphanumeric form in which tokens travel: base64url in which `0`, `_` and `-` are escaped.
 *
 * As tolerant as Onezone, and no more: either alphabet of base64, escaped or not, whitespace between characters, and
 * padding, of which as much may be missing as the length modulo 4 of the unescaped text, whitespace included, tells.
 *
 * @param start - index of the first character to decode.
 * @throws TokenError `ERR_TOKEN_MALFORMED`
 */
export function decodeBase62(text: string, start = 0): Buffer {
  const octets = Buffer.allocUnsafe(Math.ceil(((text.length - start) * 3) / 4))
  let written = 0
  let unescaped = 0
  let symbols = 0
  let padding = 0
  let bits = 0

  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // a lone "0" at the very end stands for itself
    const isEscape = code === ESCAPE && at + 1 < text.length
    const symbol = isEscape ? ESCAPED_SYMBOLS[text.charCodeAt(++at)] : SYMBOLS[code]
    unescaped++
    if (symbol === undefined) throw illegalCharacter()
    if (symbol < WHITESPACE && padding === 0) {
      bits = (bits << 6) | symbol
      symbols++
      if ((symbols & 3) === 0) {
        octets[written++] = bits >> 16
        octets[written++] = bits >> 8
        octets[written++] = bits
        bits = 0
      }
    } else if (symbol === PADDING) {
      padding++
    } else if (symbol !== WHITESPACE) {
      throw illegalCharacter()
    }
  }

  const missing = (4 - (unescaped & 3)) & 3
  if (missing < 3) padding += missing
  const rest = symbols & 3
  if (rest === 1 || padding !== ((4 - rest) & 3)) throw malformed('its base62 text is incomplete')
  if (rest === 2) octets[written++] = bits >> 4
  if (rest === 3) {
    octets[written++] = bits >> 10
    octets[written++] = bits >> 2
  }
  return octets.subarray(0, written)
}

/** Encodes octets as tokens are written: base64url without padding, with `0`, `_` and `-` escaped. */
export function encodeBase62(octets: Uint8Array): string {
  return bufferOf(octets)
    .toString('base64url')
    .replaceAll('0', '00')
    .replaceAll('_', '01')
    .replaceAll('-', '02')
}

function illegalCharacter(): TokenError {
  return malformed('it contains a character that base62 does not allow there')
}

function escapedSymbolTable(): Uint8Array {
  const table = new Uint8Array(128).fill(ILLEGAL)
  for (let digit = 0; digit < ESCAPED_CHARACTERS.length; digit++) {
    table[ESCAPE + digit] = SYMBOLS[ESCAPED_CHARACTERS.charCodeAt(digit)] ?? ILLEGAL
  }
  return table
}

function symbolTable(): Uint8Array {
  const table = new Uint8Array(128).fill(ILLEGAL)
  for (let symbol = 0; symbol < ALPHABET.length; symbol++) {
    table[ALPHABET.charCodeAt(symbol)] = symbol
  }
  for (const character of '+-') table[character.charCodeAt(0)] = 62
  for (const character of '/_') table[character.charCodeAt(0)] = 63
  for (const character of '\t\n\r ') table[character.charCodeAt(0)] = WHITESPACE
  table['='.charCodeAt(0)] = PADDING
  return table
}
