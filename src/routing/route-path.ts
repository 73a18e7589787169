/** Only letters that no server reads in a second way, so that a path can be compared with them as text. */
const SEGMENT = /^[A-Za-z0-9._~@-]+$/

const PARAMETER = /^:[A-Za-z][A-Za-z0-9_]*$/

/**
 * Checks the path of a route: `/exact`, `/users/:id/files` (`:id` is any one segment), `/prefix/**` (the prefix itself
 * and everything below it) or `/**`.
 *
 * @returns The path itself.
 * @throws {TypeError} for a path that could never match, or that could be read in two ways.
 */
export function parseRoutePath(text: string): string {
  if (!text.startsWith('/')) throw new TypeError('must begin with "/", e.g. /api/** or /**')
  const { segments, open } = readPattern(text)
  if (segments.some((segment) => segment.includes('*'))) {
    throw new TypeError('may contain "*" only as "/**" at its end, e.g. /api/**')
  }
  const endsInSlash = !open && segments.at(-1) === ''
  const parameters = new Set<string>()
  for (const segment of endsInSlash ? segments.slice(0, -1) : segments) {
    if (segment === '') throw new TypeError('must not contain "//": it never matches')
    if (segment === '.' || segment === '..') {
      throw new TypeError(
        `must not contain "/${segment}": paths are resolved before they are matched`,
      )
    }
    if (segment.startsWith(':')) {
      if (!PARAMETER.test(segment)) {
        throw new TypeError('must have a name after ":", of letters and digits, e.g. /users/:id')
      }
      if (parameters.has(segment)) throw new TypeError(`must not contain "${segment}" twice`)
      parameters.add(segment)
    } else if (!SEGMENT.test(segment)) {
      throw new TypeError(
        'must consist of letters, digits and -._~@ between slashes, without %-escapes',
      )
    }
  }
  return text
}

/** Whether a path is one of those that a pattern stands for. */
export type PathMatcher = (path: string) => boolean

/** Makes the matcher for the path of a route. It compares text as it was sent: nothing is decoded. */
export function createPathMatcher(pattern: string): PathMatcher {
  const { segments, open } = readPattern(pattern)
  if (segments.some((segment) => segment.startsWith(':'))) return withParameters(segments, open)
  if (!open) return (path) => path === pattern
  const prefix = pattern.slice(0, -3)
  const below = `${prefix}/`
  return (path) => path.startsWith(below) || path === prefix
}

function withParameters(segments: readonly string[], open: boolean): PathMatcher {
  return (path) => {
    const given = path.split('/', segments.length + 2)
    const count = given.length - 1
    if (count < segments.length || (!open && count > segments.length)) return false
    return segments.every((segment, at) => {
      const text = given[at + 1] ?? ''
      return segment.startsWith(':') ? text !== '' : text === segment
    })
  }
}

/** Whether every request path that `later` matches is matched by `earlier` already. */
export function coversPath(earlier: string, later: string): boolean {
  const first = readPattern(earlier)
  const second = readPattern(later)
  const { length } = first.segments
  if (second.segments.length < length) return false
  if (!first.open && (second.open || second.segments.length > length)) return false
  return first.segments.every((segment, at) => {
    const other = second.segments[at] ?? ''
    return segment.startsWith(':') ? other !== '' : segment === other
  })
}

/** The segments that every path of a pattern begins with, as text: those before its first parameter. */
export function literalPrefix(pattern: string): string {
  const { segments } = readPattern(pattern)
  const end = segments.findIndex((segment) => segment.startsWith(':'))
  return (end === -1 ? segments : segments.slice(0, end)).map((segment) => `/${segment}`).join('')
}

/**
 * Checks what a route takes off the front of its paths.
 *
 * @throws {TypeError} for what is not a beginning of every path of the route, segment by segment.
 */
export function checkStripPrefix(prefix: string, pattern: string): string {
  if (!prefix.startsWith('/') || prefix.endsWith('/')) {
    throw new TypeError('must begin with "/" and not end with it, e.g. /api')
  }
  if (`${literalPrefix(pattern)}/`.startsWith(`${prefix}/`)) return prefix
  throw new TypeError(`must be a prefix of the path (${pattern}), up to its first parameter`)
}

function readPattern(text: string): { segments: string[]; open: boolean } {
  const open = text.endsWith('/**')
  return { segments: (open ? text.slice(0, -3) : text).split('/').slice(1), open }
}

/** Byte by byte what came, with one prefix in place of another: what was matched is what is sent on. */
export function upstreamPath(basePath: string, path: string, stripPrefix: string): string {
  const rest = stripPrefix === '' ? path : path.slice(stripPrefix.length)
  return basePath + rest || '/'
}
