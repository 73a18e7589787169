/**
 * Reads a request target strictly: what no server could take for one thing is refused, not repaired. The text that is
 * matched is the text that is forwarded.
 *
 * @module
 */

/** A request target (RFC 9112 §3.2), each part exactly as it was sent. */
export interface RequestTarget {
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
}

/** RFC 3986 `pchar`, what browsers send as it is besides, and whole escapes. */
const PATH = /^\/[!"$&-[\]-~]*(?:%[0-9A-Fa-f]{2}[!"$&-[\]-~]*)*$/

/** What the path lacks where it is none: a byte that must be escaped, or an escape that is not whole. */
const NOT_IN_A_PATH = /[^!"$-[\]-~]|%(?![0-9A-Fa-f]{2})/

/** A scheme that names a server, and the server; the rest is as in origin form. */
const ABSOLUTE = /^(https?):\/\/([^/?#]*)([^]*)$/i

/** A request target in absolute form (RFC 9112 §3.2.2), taken apart. */
export interface AbsoluteTarget {
  /** The host that it names, with its port where that is not the scheme's own. */
  readonly authority: string
  /** In origin form. */
  readonly target: string
}

/** Takes a target in absolute form apart. Null: it is in another form. */
export function readAbsolute(url: string): AbsoluteTarget | null {
  const [, scheme, authority = '', rest = ''] = ABSOLUTE.exec(url) ?? []
  if (scheme === undefined) return null
  return {
    authority: withoutOwnPort(authority, scheme),
    target: rest.startsWith('/') ? rest : `/${rest}`,
  }
}

/** A host without the port that its scheme stands for. */
export function withoutOwnPort(host: string, scheme: string): string {
  return host.replace(scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/, '')
}

/** All but `/./`, which Go's clients send before a name with a colon: whoever knows the route decides about it. */
const DOT_SEGMENT = /\/(?:\.\.(?:\/|$)|\.$)/

const QUERY = /^\?[!"$-~]*$/

const NOT_IN_A_QUERY = /[^!"$-~]/

/**
 * Splits a request target in origin form.
 *
 * @returns Or what is wrong with it, in a sentence: another form, a fragment, a byte outside of US-ASCII, a broken
 *   escape, a backslash, a dot segment other than `/./`.
 */
export function readTarget(url: string): RequestTarget | string {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = mark === -1 ? '' : url.slice(mark)
  if (!PATH.test(path)) {
    if (!path.startsWith('/')) return 'The request target must be a path that begins with a slash.'
    return mustBeEscaped('path', path, NOT_IN_A_PATH)
  }
  if (query !== '' && !QUERY.test(query)) return mustBeEscaped('query', query, NOT_IN_A_QUERY)
  const dots = path.includes('/.') ? DOT_SEGMENT.exec(path) : null
  if (dots !== null) {
    return `Byte ${dots.index + 2} of the path begins a dot segment, which servers resolve in different ways.`
  }
  return { path, query }
}

function mustBeEscaped(part: 'path' | 'query', text: string, never: RegExp): string {
  const at = text.search(never)
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(2, '0')
  return text.charAt(at) === '%'
    ? `Byte ${at + 1} of the ${part}, "%", begins no escape of two hexadecimal digits.`
    : `Byte ${at + 1} of the ${part} is 0x${code}, which must be escaped: %${code}.`
}
