/**
 * Copies a text that is to be kept for longer than what it was cut from. V8 makes a slice refer to the whole that it is
 * part of, so that a memory of short texts would keep every request head that one of them came in.
 */
export function keptText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- all that one byte can hold
  return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1').toString('latin1') : text
}
