/**
 * Lists of header fields: name, value, name, value …
 *
 * @module
 */

/** The names, in their order. */
export function namesOf(fields: readonly string[]): string[] {
  return fields.filter((_, index) => index % 2 === 0)
}

/** Whether something holds of one of the names. */
export function someName(fields: readonly string[], holds: (name: string) => boolean): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (holds(fields[i] ?? '')) return true
  }
  return false
}

/** Whether one of the names is this one, to the letter. */
export function hasName(fields: readonly string[], name: string): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) return true
  }
  return false
}
