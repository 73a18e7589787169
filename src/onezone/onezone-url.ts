/**
 * The base URL of Onezone.
 *
 * @module
 */

// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/

/**
 * Reads the base URL of Onezone: scheme, host and port.
 *
 * @returns The origin.
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseOnezoneUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) {
    throw new TypeError(
      'must be a URL that begins with http:// or https://, e.g. https://onezone.example.org',
    )
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('must not contain a user name or password')
  }
  if (/[?#]/.test(text)) throw new TypeError('must not contain "?" or "#"')
  if (url.pathname !== '/') {
    throw new TypeError('must end after host and port; Onezone serves its API at a fixed path')
  }
  return url.origin
}

/** Whether tokens that are sent to a URL can be read, and answers forged, by others: `http:` beyond this machine. */
export function isExposed(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !LOOPBACK.test(hostname)
}
