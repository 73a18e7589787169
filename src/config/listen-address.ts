import { isIPv4, isIPv6 } from 'node:net'

/** Where a listener binds. */
export interface ListenAddress {
  /** Host name or IP address; IPv6 without brackets. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** Where a listener binds that is a Unix socket. */
export interface UnixSocketAddress {
  /** Name of its file. */
  readonly path: string
  /** Who may connect, as `chmod` has it. @default what the umask leaves */
  readonly mode?: number | undefined
}

/** Where a listener binds. */
export type SocketAddress = ListenAddress | UnixSocketAddress

/** Where is listened if nothing else is said. */
export const LISTEN_DEFAULTS = { listen: '127.0.0.1:8080', adminListen: '127.0.0.1:9090' } as const

/** The addresses of a setting that is one or several of them. */
export function addressesOf(
  listen: SocketAddress | readonly SocketAddress[] | undefined,
): readonly SocketAddress[] {
  if (listen === undefined) return []
  return 'length' in listen ? listen : [listen]
}

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*$/

/**
 * Reads `host:port`: `127.0.0.1:8080`, `localhost:8080`, `[::1]:0`. Port 0 stands for any free one.
 *
 * @throws {TypeError} for anything else.
 */
export function parseListenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':')
  const portText = text.slice(colon + 1)
  if (colon === 0) {
    throw new TypeError(
      `must name the address too: 127.0.0.1${text} for this machine only, 0.0.0.0${text} for everybody`,
    )
  }
  if (colon < 0 || (isIPv6(text) && !text.startsWith('['))) {
    throw new TypeError('must be HOST:PORT, e.g. 127.0.0.1:8080 or [::1]:8080')
  }
  if (!/^\d{1,5}$/.test(portText) || Number(portText) > 65_535) {
    throw new TypeError('must end in a port from 0 (any free one) to 65535, e.g. 127.0.0.1:8080')
  }
  return { host: parseHost(text.slice(0, colon)), port: Number(portText) }
}

/**
 * Reads `host:port`, or `unix:/path/of/the/socket`, with `?mode=660` after it or not.
 *
 * @throws {TypeError} for anything else.
 */
export function parseSocketAddress(text: string): SocketAddress {
  if (!text.startsWith('unix:')) return parseListenAddress(text)
  const [, path = '', mode] = /^unix:([^?]*)(?:\?mode=(.*))?$/.exec(text) ?? []
  // `sun_path` of Linux holds 108 bytes, one of which ends it.
  if (!path.startsWith('/') || Buffer.byteLength(path) > 107) {
    throw new TypeError('must name a Unix socket absolutely, in up to 107 bytes: unix:/run/a.sock')
  }
  if (mode === undefined) return { path }
  if (!/^0?[0-7]{3}$/.test(mode)) {
    throw new TypeError('must have three octal digits as mode: unix:/run/a.sock?mode=660')
  }
  return { path, mode: Number.parseInt(mode, 8) }
}

/** Writes an address as {@link parseSocketAddress} reads it, without a mode. */
export function formatSocketAddress(address: SocketAddress): string {
  return 'path' in address ? `unix:${address.path}` : formatListenAddress(address)
}

/** The inverse of {@link parseListenAddress}. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function parseHost(text: string): string {
  const inner = /^\[(.*)\]$/.exec(text)?.[1]
  if (inner !== undefined && isIPv6(inner)) return inner
  const looksLikeAddress = /^[\d.]+$/.test(text)
  if (inner === undefined && HOST_NAME.test(text) && (!looksLikeAddress || isIPv4(text))) {
    return text
  }
  throw new TypeError(
    'must begin with a host name, an IPv4 address or an IPv6 address in brackets, e.g. [::1]:8080',
  )
}
