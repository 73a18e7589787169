/**
 * The URLs of a configuration: Onezone's and those of upstreams.
 *
 * @module
 */

/** Whether a host of a `URL` is this machine itself, so that nothing travels over a network. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}

/**
 * Reads the base URL of Onezone: scheme, host and port.
 *
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseOnezoneUrl(text: string): string {
  const url = parseHttpUrl(text, 'https://onezone.example.org')
  if (url.pathname !== '/') {
    throw new TypeError('must end after host and port; Onezone serves its API at a fixed path')
  }
  return url.origin
}

/**
 * Reads the URL of an upstream: scheme, host, port and optionally a base path, which is put before request paths.
 *
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseUpstreamUrl(text: string): string {
  const url = parseHttpUrl(text, 'http://127.0.0.1:3000')
  return url.origin + url.pathname.replace(/\/+$/, '')
}

function parseHttpUrl(text: string, example: string): URL {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) {
    throw new TypeError(`must be a URL that begins with http:// or https://, e.g. ${example}`)
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('must not contain a user name or password')
  }
  if (/[?#]/.test(text)) throw new TypeError('must not contain "?" or "#"')
  return url
}
