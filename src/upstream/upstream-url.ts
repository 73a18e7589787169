/** One place that requests can be sent to. */
export interface UpstreamTarget {
  /** In its one spelling, see {@link parseUpstreamUrl}; names the target in logs and metrics. */
  readonly url: string
  /** Scheme, host and port. Over a Unix socket they only stand for it. */
  readonly origin: string
  /** Is put before every path; without a slash at its end. */
  readonly basePath: string
  /** Null: over TCP. */
  readonly socketPath: string | null
}

/** What fits into `sockaddr_un` of Linux, with its final zero. */
const MAX_SOCKET_PATH_BYTES = 107

const SOCKET = /^unix:(?:\/\/)?(\/(?!\/)[^:]*)(?::(.*))?$/i

/**
 * Reads the URL of an upstream: `http://` or `https://`, host, port and optionally a base path, which is put before
 * request paths; or `unix://`, the absolute path of a Unix socket, and optionally a colon and a base path:
 * `unix:///run/app.sock:/base`.
 *
 * @returns Origin or socket, and base path, without a slash at the end.
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseUpstreamUrl(text: string): string {
  return targetOf(text).url
}

/**
 * Takes the URL of an upstream apart.
 *
 * @throws {TypeError} as {@link parseUpstreamUrl}.
 */
export function targetOf(text: string): UpstreamTarget {
  if (/^unix:/i.test(text)) return socketTargetOf(text)
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) {
    throw new TypeError(
      'must be a URL that begins with http:// or https://, e.g. http://127.0.0.1:3000, or a Unix socket, e.g. unix:///run/app.sock',
    )
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('must not contain a user name or password')
  }
  refuseQuery(text)
  const basePath = url.pathname.replace(/\/+$/, '')
  return { url: url.origin + basePath, origin: url.origin, basePath, socketPath: null }
}

function socketTargetOf(text: string): UpstreamTarget {
  refuseQuery(text)
  const [, socketPath = '', base = '/'] = SOCKET.exec(text) ?? []
  if (socketPath === '' || socketPath.endsWith('/') || socketPath.includes('\0')) {
    throw new TypeError('must name a socket by its absolute path, e.g. unix:///run/app.sock')
  }
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES) {
    throw new TypeError(`must name a socket by a path of at most ${MAX_SOCKET_PATH_BYTES} bytes`)
  }
  if (!base.startsWith('/')) {
    throw new TypeError('must have a "/" after its colon, e.g. unix:///run/app.sock:/base')
  }
  // Nobody resolves this name: the connector takes the socket instead.
  const origin = 'http://localhost'
  const basePath = new URL(origin + base).pathname.replace(/\/+$/, '')
  const url = `unix://${socketPath}${basePath === '' ? '' : `:${basePath}`}`
  return { url, origin, basePath, socketPath }
}

function refuseQuery(text: string): void {
  if (/[?#]/.test(text)) throw new TypeError('must not contain "?" or "#"')
}
