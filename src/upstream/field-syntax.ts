/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Whether a text is a method or the name of a header field. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}
