import { isUtf8 } from 'node:buffer'

/**
 * The text of octets that claim to be UTF-8. Tokens may carry octets that are not: in a run of non-ASCII octets that is
 * no valid UTF-8, each octet `0xHH` becomes the lone surrogate `U+DCHH`. So different octets never give the same text,
 * and text that splits at an ASCII character splits the octets at the same place.
 */
export function textOfOctets(octets: Uint8Array): string {
  const buffer = bufferOf(octets)
  const text = buffer.toString('utf8')
  if (!text.includes('\ufffd') || isUtf8(buffer)) return text
  return buffer.toString('latin1').replace(/[\x80-\xff]+/g, textOfRun)
}

/** The octets of a text: UTF-8, or what {@link textOfOctets} took apart. A string's other lone surrogates are lost. */
export function octetsOfText(text: string): Buffer {
  if (!ESCAPED.test(text)) return Buffer.from(text, 'utf8')
  return Buffer.from(text.replace(/[^\0-\x7f]/gu, latin1OfCharacter), 'latin1')
}

/** The octets of an argument that may be given as text or as octets. */
export function octetsOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? octetsOfText(value) : value
}

/** The same octets, not a copy, as a buffer. */
export function bufferOf(octets: Uint8Array): Buffer {
  return octets instanceof Buffer
    ? octets
    : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}

const ESCAPED = /[\udc80-\udcff]/u

function textOfRun(run: string): string {
  const octets = Buffer.from(run, 'latin1')
  if (isUtf8(octets)) return octets.toString('utf8')
  let text = ''
  for (const octet of octets) text += String.fromCharCode(0xdc00 + octet)
  return text
}

function latin1OfCharacter(character: string): string {
  return ESCAPED.test(character)
    ? String.fromCharCode(character.charCodeAt(0) - 0xdc00)
    : Buffer.from(character, 'utf8').toString('latin1')
}
