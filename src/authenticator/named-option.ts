/**
 * The rules for single values say what a value must be, not where it stands: a door names its option, a configuration
 * names file and line.
 *
 * @module
 */

/**
 * Reads an option by the rule for its value.
 *
 * @throws {TypeError} of the rule, naming the option in quotes; also for what is not text.
 */
export function readOption<T>(name: string, value: unknown, parse: (text: string) => T): T {
  return nameOption(name, () => {
    if (typeof value !== 'string') throw new TypeError('must be a string')
    return parse(value)
  })
}

/** Names an option in the `TypeError` of a rule. The value is not repeated: a URL may hold a password. */
export function nameOption<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError(`"${name}": ${error.message}`, { cause: error })
  }
}
