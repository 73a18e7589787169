const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

const MAX_OPTIONS = 32

/** Options of a `Connection` field that name no other field. */
const PLAIN = new Set(['', 'close', 'keep-alive', 'upgrade'])

/**
 * Reads a `Connection` field: adds the fields it names, in lower case, to those that end at this hop
 * (RFC 9110 §7.6.1). Null: an option is no token, or there are too many of them.
 */
export function readConnection(
  value: string,
  named: ReadonlySet<string>,
): ReadonlySet<string> | null {
  const lower = value.toLowerCase()
  if (PLAIN.has(lower)) return named
  const options = lower.split(',', MAX_OPTIONS + 1)
  if (options.length > MAX_OPTIONS) return null
  const all = new Set(named)
  for (const option of options) {
    const name = option.trim()
    if (name !== '' && !TOKEN.test(name)) return null
    if (!PLAIN.has(name)) all.add(name)
  }
  return all
}

/** What a message without further `Connection` options names. */
export const NOTHING_NAMED: ReadonlySet<string> = new Set<string>()
