import { BlockList, isIP } from 'node:net'

import { isLoopbackHost } from '../loopback-host.ts'

/** Environment variables by their names. */
export type Variables = Readonly<Record<string, string | undefined>>

/** A proxy that the environment names for a URL. */
export interface ProxyChoice {
  /** The variable that names it. */
  readonly variable: string
  readonly url: string
}

/**
 * Reads the URL of a proxy: `http://` or `https://`, host and port, with user name and password or without; without a
 * scheme it is `http://`.
 *
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseProxyUrl(text: string): string {
  const full = text.includes('://') ? text : `http://${text}`
  if (URL.canParse(full)) {
    const { protocol, pathname, search, hash, href } = new URL(full)
    const isBare = pathname === '/' && search === '' && hash === ''
    if ((protocol === 'http:' || protocol === 'https:') && isBare) return href
  }
  throw new TypeError('must be the URL of an HTTP proxy, e.g. http://proxy.example.org:3128')
}

/** A proxy as it may be shown: without user name and password. */
export function shownProxy(url: string): string {
  return new URL(url).origin
}

/**
 * Finds the proxy through which a URL is to be reached, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say, in lower
 * case or capitals. This machine is reached without one.
 *
 * @returns Null: none. What the variable holds is not checked.
 */
export function proxyFor(url: string, variables: Variables): ProxyChoice | null {
  const { protocol, hostname, port } = new URL(url)
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const [variable, given] =
    [name.toLowerCase(), name]
      .map((each) => [each, variables[each]?.trim()] as const)
      .find(([, value]) => Boolean(value)) ?? []
  if (variable === undefined || given === undefined) return null
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (isLoopbackHost(host)) return null
  const own = port === '' ? (protocol === 'https:' ? '443' : '80') : port
  const without = variables['no_proxy'] || variables['NO_PROXY'] || ''
  const isExempt = without
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && exempts(entry.toLowerCase(), host, own))
  return isExempt ? null : { variable, url: given }
}

/** Whether an entry of `NO_PROXY` is for a host: its name, a domain it is in, its address, or a range of such. */
function exempts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(entry, host)
  const [, name = entry, onPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  if (onPort !== undefined && onPort !== port) return false
  const domain = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`))
}

function isInRange(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.split('/')
  const family = isIP(network)
  const isRange = family !== 0 && family === isIP(host) && /^\d{1,3}$/.test(bits)
  if (!isRange || Number(bits) > (family === 4 ? 32 : 128)) return false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  const range = new BlockList()
  range.addSubnet(network, Number(bits), kind)
  return range.check(host, kind)
}
