/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** RFC 9110 §5.5, as latin-1 text: no control characters, and nothing that would be cut down to one (CVE-2018-12116). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether a text is a method or the name of a header field. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** Whether a text is the value of a header field, or a reason phrase. */
export function isFieldValue(text: string): boolean {
  return VALUE.test(text)
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
