/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Whether a text is a method or the name of a header field. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
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
