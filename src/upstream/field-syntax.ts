const IS_TOKEN = 1
const IS_VALUE = 2

/**
 * What each latin-1 character may be part of. A table and a loop: a regular expression costs more than the few
 * characters that most texts have.
 */
const CLASSES = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code)
  // RFC 9110 §5.6.2 and §5.5: no control characters.
  return (
    (/[A-Za-z0-9!#$%&'*+.^_`|~-]/.test(character) ? IS_TOKEN : 0) |
    (/[\t\x20-\x7e\x80-\xff]/.test(character) ? IS_VALUE : 0)
  )
})

/** Whether a text is a method or the name of a header field. */
export function isToken(text: string): boolean {
  return text.length > 0 && tokenEnd(text, 0) === text.length
}

/** Whether a text is the value of a header field, or a reason phrase. */
export function isFieldValue(text: string): boolean {
  return valueEnd(text, 0) === text.length
}

/** Where the token ends that begins at `start`. */
export function tokenEnd(text: string, start: number): number {
  return endOf(IS_TOKEN, text, start)
}

/** Where the value ends that begins at `start`. */
export function valueEnd(text: string, start: number): number {
  return endOf(IS_VALUE, text, start)
}

function endOf(mask: number, text: string, start: number): number {
  let at = start
  // A character beyond latin-1 is in no class, and never cut down to one that is (CVE-2018-12116).
  while (at < text.length && ((CLASSES[text.charCodeAt(at)] ?? 0) & mask) !== 0) at++
  return at
}

const SPACE = 0x20
const TAB = 0x09

/** A part of a text without the spaces and tabs around it, and without them only (RFC 9110 §5.6.3). */
export function withoutSpaceAround(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}
