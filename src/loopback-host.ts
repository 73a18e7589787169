/**
 * Names of this machine that no other one can have: a browser sends them only to whoever typed them.
 *
 * @module
 */

// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/

/** Whether a host as `URL` writes it, in lower case and an IPv6 address in brackets, is a loopback address. */
export function isLoopbackHostname(hostname: string): boolean {
  return LOOPBACK.test(hostname)
}

/** Whether a host, in lower case and without brackets, is this machine itself: `localhost` or an address of it. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host)
}

/** Whether a `Host` field, with or without port, names this machine; otherwise a name may have been bent to it. */
export function namesThisMachine(host: string): boolean {
  const url = `http://${host}/`
  return (
    /^[\w.:[\]-]+$/.test(host) && URL.canParse(url) && isLoopbackHostname(new URL(url).hostname)
  )
}
