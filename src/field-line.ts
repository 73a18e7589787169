/**
 * Lines of a header section: what stands in one, and how one is written.
 *
 * @module
 */

const SPACE = 0x20
const TAB = 0x09

/** What stands around name and value in a line as it is written: colon, blank, CR and LF. */
export const AROUND_FIELD = 4

/** What no value of a field holds (RFC 9110 §5.5). */
export const NO_FIELD_VALUE: RegExp = /[^\t\x20-\x7e\x80-\xff]/

/** A part of a text without the spaces and tabs around it, and without them only (RFC 9110 §5.6.3). */
export function withoutSpaceAround(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** Whether a value stands between colon and end of its line as it would be written, too: behind one blank. */
export function standsAsWritten(text: string, colon: number, end: number, value: string): boolean {
  return value.length === end - colon - 2 && text.charCodeAt(colon + 1) === SPACE
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}
