/**
 * Reads the URL of an upstream: scheme, host, port and optionally a base path, which is put before request paths.
 *
 * @returns Origin and base path, without a slash at the end.
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseUpstreamUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) {
    throw new TypeError(
      'must be a URL that begins with http:// or https://, e.g. http://127.0.0.1:3000',
    )
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('must not contain a user name or password')
  }
  if (/[?#]/.test(text)) throw new TypeError('must not contain "?" or "#"')
  return url.origin + url.pathname.replace(/\/+$/, '')
}
