/**
 * The value of a field that is there once; null: it is not there, or more than once, and then it is not known which
 * counts.
 *
 * @param rawHeaders Name, value, name, value …
 * @param wanted In lower case.
 */
export function onlyValue(rawHeaders: readonly string[], wanted: string): string | null {
  let value: string | null = null
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue
    if (value !== null) return null
    value = rawHeaders[i + 1] ?? ''
  }
  return value
}
