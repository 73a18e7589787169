/**
 * Reads a request target strictly: what can be understood in more than one way is refused, not repaired. The text that
 * is matched is the text that is forwarded.
 *
 * @module
 */

/** The two parts of a request target in origin form (RFC 9112 §3.2.1), each exactly as it was sent. */
export interface RequestTarget {
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
}

/** Says which route a path belongs to, in whatever form the caller tells routes apart. */
export type RouteOf = (path: string) => unknown

/** RFC 3986 `pchar` without `;`, which some servers take for the start of parameters, and whole escapes. */
const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,=:@/]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9\-._~!$&'()*+,=:@/]*)*$/

/** Empty segments and dot segments: some servers collapse them, some do not. */
const COLLAPSIBLE = /\/\/|\/\.\.?(?:\/|$)/

const QUERY = /^\?[!"$-~]*$/

const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const NEVER_IN_A_PATH = /[\x00-\x1f\x7f\\]/

/** How deep escapes may be nested: `%2541` is two deep. */
const MAX_DEPTH = 2

/**
 * Splits a request target. Null: absolute, authority or asterisk form, a fragment, bytes outside of US-ASCII, a broken
 * escape, a backslash or semicolon in the path, an empty or dot segment.
 */
export function readTarget(url: string): RequestTarget | null {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = mark === -1 ? '' : url.slice(mark)
  if (!PATH.test(path) || COLLAPSIBLE.test(path)) return null
  if (query !== '' && !QUERY.test(query)) return null
  return { path, query }
}

/**
 * Whether every reading of a path leads to the same route. A path is forwarded as it came and never decoded here; but
 * an upstream may decode it, even twice, may then cut `;` parameters or a `?` or `#`, and may merge slashes. If any of
 * that makes it climb, or makes it a path of another route, then the route that was matched is not the one that will
 * be used (CVE-2026-40912, CVE-2021-32779). What is left is safe: behind a prefix, file names keep their `%25`, `%2F`
 * and `%3B`, and reach the upstream byte by byte.
 */
export function readsAlike(path: string, routeOf: RouteOf): boolean {
  if (!path.includes('%')) return true
  const route = routeOf(path)
  let text = path
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const decoded = decodeOnce(text)
    if (decoded === text) return true
    if (decoded === null || depth === MAX_DEPTH || NEVER_IN_A_PATH.test(decoded)) return false
    const cut = decoded.replace(/[?#].*$/, '')
    for (const reading of [flatten(decoded), flatten(cut)]) {
      if (COLLAPSIBLE.test(reading) || routeOf(reading) !== route) return false
    }
    if (routeOf(decoded) !== route || routeOf(cut) !== route) return false
    text = decoded
  }
  return false
}

/** Decodes every whole escape. Null: the bytes are no UTF-8, overlong forms among them. */
function decodeOnce(text: string): string | null {
  try {
    return text.replace(ESCAPES, (escapes) => decodeURIComponent(escapes))
  } catch {
    return null
  }
}

function flatten(text: string): string {
  return text.replace(/;[^/]*/g, '').replace(/\/{2,}/g, '/')
}
