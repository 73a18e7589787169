/**
 * The base URL of a server that is called.
 *
 * @module
 */

import { isLoopbackHostname } from '../loopback-host.ts'

/** What messages call a server. */
export interface NamedServer {
  /** As it stands in a sentence, e.g. `Onezone`. */
  readonly name: string
  /** A base URL such as it may have. */
  readonly example: string
}

/**
 * Reads the base URL of a server whose API is at a fixed path: scheme, host and port.
 *
 * @param server What the message calls it.
 * @returns The origin.
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseBaseUrl(text: string, server: NamedServer): string {
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) {
    throw new TypeError(
      `must be a URL that begins with http:// or https://, e.g. ${server.example}`,
    )
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('must not contain a user name or password')
  }
  if (/[?#]/.test(text)) throw new TypeError('must not contain "?" or "#"')
  if (url.pathname !== '/') {
    throw new TypeError(
      `must end after host and port; ${server.name} serves its API at a fixed path`,
    )
  }
  return url.origin
}

/** Whether tokens that are sent to a URL can be read, and answers forged, by others: `http:` beyond this machine. */
export function isExposed(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isLoopbackHostname(hostname)
}
