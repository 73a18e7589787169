/** Only letters that no server reads in a second way, so that a path can be compared with them as text. */
const SEGMENT = /^[A-Za-z0-9._~@-]+$/

/**
 * Checks the path of a route: `/exact`, `/prefix/**` (the prefix itself and everything below it) or `/**`.
 *
 * @returns The path itself.
 * @throws {TypeError} for a path that could never match, or that could be read in two ways.
 */
export function parseRoutePath(text: string): string {
  if (!text.startsWith('/')) throw new TypeError('must begin with "/", e.g. /api/** or /**')
  const open = text.endsWith('/**')
  const fixed = open ? text.slice(0, -3) : text
  if (fixed.includes('*')) {
    throw new TypeError('may contain "*" only as "/**" at its end, e.g. /api/**')
  }
  const segments = fixed.split('/').slice(1)
  const endsInSlash = !open && segments.at(-1) === ''
  for (const segment of endsInSlash ? segments.slice(0, -1) : segments) {
    if (segment === '') throw new TypeError('must not contain "//": it never matches')
    if (segment === '.' || segment === '..') {
      throw new TypeError(
        `must not contain "/${segment}": paths are resolved before they are matched`,
      )
    }
    if (!SEGMENT.test(segment)) {
      throw new TypeError(
        'must consist of letters, digits and -._~@ between slashes, without %-escapes',
      )
    }
  }
  return text
}

/** Whether every request path that `later` matches is matched by `earlier` already. */
export function coversPath(earlier: string, later: string): boolean {
  if (earlier === later) return true
  if (!earlier.endsWith('/**')) return false
  const prefix = earlier.slice(0, -3)
  return later === prefix || later.startsWith(`${prefix}/`)
}
