/**
 * Conditions on where and how clients are listened to.
 *
 * @module
 */

import {
  formatListenAddress,
  formatSocketAddress,
  LISTEN_DEFAULTS,
  parseListenAddress,
  parseSocketAddress,
} from './listen-address.ts'
import { checkTrust } from '../authenticator/index.ts'
import { isJsonObject } from '../json.ts'
import { REQUEST_LIMITS } from '../routing/index.ts'
import { parseUpstreamUrl } from '../upstream/index.ts'
import { formatPath, problemOf, type Finding, type SettingPath } from './problems.ts'
import { findingsAt, groupAt, listAt, readable, type Written } from './written.ts'

/** The addresses that `listen` says, each in its one spelling; undefined: it is none. */
function listensOf(config: Written): readonly (string | undefined)[] {
  const { listen } = config
  const written = typeof listen === 'string' ? listen.split(',') : listen
  return (Array.isArray(written) ? written : []).map((text) =>
    readable(text, (each) => formatSocketAddress(parseSocketAddress(each.trim()))),
  )
}

/** Finds listeners that nobody can reach, or two on one address. */
export function checkListeners(config: Written): Finding[] {
  const { find, all } = findingsAt([])
  const listens = listensOf(config)
  if (Array.isArray(config['listen']) && listens.length === 0) {
    find(['listen'], 'is empty; name at least one address')
  }
  for (const [index, address] of listens.entries()) {
    if (address === undefined || address.endsWith(':0')) continue
    if (listens.indexOf(address) < index) {
      find(['listen', index], 'is in the list already; remove it')
    }
    if (address.startsWith('unix:') && Object.keys(groupAt(config, 'tls')).length > 0) {
      const at = Array.isArray(config['listen']) ? ['listen', index] : ['listen']
      find(at, 'is a Unix socket, which is not spoken to by TLS; remove it, or "tls"')
    }
  }
  const admin = readable(config['adminListen'], (text) =>
    formatListenAddress(parseListenAddress(text)),
  )
  if (admin !== undefined && listens.includes(admin) && !admin.endsWith(':0')) {
    find(['adminListen'], 'is the same as "listen"; metrics are not for clients')
  }
  if (config['proxyProtocol'] === true && listAt(config, 'trustedProxies').length === 0) {
    find(['proxyProtocol'], 'needs trustedProxies: the addresses of the proxies that speak it')
  }
  return all
}

/** Finds forward auth that nobody could use. */
export function checkForwardAuth(config: Written): Finding[] {
  const { listen } = groupAt(config, 'forwardAuth')
  const trusted = config['trustedProxies']
  const isEmpty = trusted === undefined || (Array.isArray(trusted) && trusted.length === 0)
  const address = readable(listen, (text) => formatSocketAddress(parseSocketAddress(text)))
  if (address === undefined) return []
  const findings: Finding[] = []
  const grpc = readable(groupAt(config, 'forwardAuth')['grpcListen'], (text) =>
    formatSocketAddress(parseSocketAddress(text)),
  )
  if (grpc === address && !address.endsWith(':0')) {
    const message = 'is the same as "forwardAuth.listen"; gRPC needs a listener of its own'
    findings.push({ path: ['forwardAuth', 'grpcListen'], message })
  }
  if (isEmpty && grpc !== undefined && !grpc.startsWith('unix:')) {
    const message = 'needs trustedProxies: the addresses of the front proxies that may ask'
    findings.push({ path: ['forwardAuth', 'grpcListen'], message })
  }
  const { clients } = groupAt(groupAt(config, 'forwardAuth'), 'introspection')
  if (Array.isArray(clients) && clients.length === 0) {
    const path = ['forwardAuth', 'introspection', 'clients']
    findings.push({ path, message: 'is empty; name a client, or remove "introspection"' })
  }
  if (isEmpty && !address.startsWith('unix:')) {
    const message = 'needs trustedProxies: the addresses of the front proxies that may ask'
    findings.push({ path: ['forwardAuth', 'listen'], message })
  }
  const admin = readable(config['adminListen'], (text) =>
    formatListenAddress(parseListenAddress(text)),
  )
  for (const [key, others] of [
    ['listen', listensOf(config)],
    ['adminListen', [admin]],
  ] as const) {
    if (!others.includes(address) || address.endsWith(':0')) continue
    findings.push({ path: ['forwardAuth', 'listen'], message: `is the same as "${key}"` })
  }
  return findings
}

/** Hosts by which this machine reaches what listens on all addresses. */
const OWN_HOSTS = ['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']

/** Finds upstreams that are a listener of this gateway: requests would go round. */
export function checkOwnUpstreams(config: Written): Finding[] {
  const named = [
    ...listensOf({ listen: LISTEN_DEFAULTS.listen, ...config }).map(
      (address) => ['listen', address] as const,
    ),
    ['adminListen', socketOf(config['adminListen'] ?? LISTEN_DEFAULTS.adminListen)] as const,
    ...['listen', 'grpcListen'].map(
      (key) => [`forwardAuth.${key}`, socketOf(groupAt(config, 'forwardAuth')[key])] as const,
    ),
  ]
  const findOwn = (upstream: unknown, at: SettingPath): Finding[] => {
    if (Array.isArray(upstream)) {
      return upstream.flatMap((url, index) => findOwn(url, [...at, index]))
    }
    if (isJsonObject(upstream)) return findOwn(upstream['urls'], [...at, 'urls'])
    const url = readable(upstream, parseUpstreamUrl)
    const own = url === undefined ? undefined : named.find(([, address]) => isAt(address, url))
    if (own === undefined) return []
    return [{ path: at, message: `is this gateway itself ("${own[0]}"); name the API behind it` }]
  }
  return [
    ...findOwn(config['upstream'], ['upstream']),
    ...listAt(config, 'routes').flatMap((route, index) =>
      isJsonObject(route) ? findOwn(route['upstream'], ['routes', index, 'upstream']) : [],
    ),
  ]
}

function socketOf(text: unknown): string | undefined {
  return readable(text, (each) => formatSocketAddress(parseSocketAddress(each)))
}

/** Whether a URL leads to an address that is listened on, as far as can be told without looking names up. */
function isAt(address: string | undefined, url: string): boolean {
  if (address === undefined) return false
  if (url.startsWith('unix:')) return address === url.replace(/^unix:\/\//, 'unix:')
  if (address.startsWith('unix:')) return false
  const { hostname, port, protocol } = new URL(url)
  const { host, port: own } = parseListenAddress(address)
  const asked = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  const name = hostname.replace(/^\[|\]$/g, '')
  if (own !== asked || own === 0) return false
  return host === name || (OWN_HOSTS.includes(name) && OWN_HOSTS.includes(host))
}

/** Finds ranges of proxies that are everything together; those that cannot be read are told by themselves. */
export function checkTrustedProxies(config: Written): Finding[] {
  const entries = listAt(config, 'trustedProxies').filter((entry) => typeof entry === 'string')
  let message: string | null = null
  problemOf(() => (message = checkTrust(entries)))
  return message === null ? [] : [{ path: ['trustedProxies'], message }]
}

/** Finds settings of TLS that mean nothing without others. */
export function checkTls(
  { certFile, keyFile, clientCaFile, clientAuth, http2 }: Written,
  at: SettingPath = ['tls'],
): Finding[] {
  if (http2 === true && certFile === undefined && keyFile === undefined) {
    const message = 'needs tls.certFile and tls.keyFile: HTTP/2 is spoken over TLS only'
    return [{ path: ['tls', 'http2'], message }]
  }
  const path = [...at, 'clientAuth']
  const name = formatPath([...at, 'clientCaFile'])
  if (clientCaFile === undefined && (clientAuth === 'request' || clientAuth === 'require')) {
    return [{ path, message: `needs ${name}: whose certificates are to be believed` }]
  }
  if (clientCaFile !== undefined && clientAuth === 'none') {
    const message = `makes ${name} useless; remove that, or ask for certificates`
    return [{ path, message }]
  }
  return []
}

/** Finds a target that would be too long only when its head is too long anyway. */
export function checkLimits(limits: Written): Finding[] {
  const { requestHeadBytes = REQUEST_LIMITS.requestHeadBytes } = limits
  const { targetBytes = REQUEST_LIMITS.targetBytes } = limits
  if (typeof requestHeadBytes !== 'number' || typeof targetBytes !== 'number') return []
  if (targetBytes < requestHeadBytes) return []
  const key = limits['targetBytes'] === undefined ? 'requestHeadBytes' : 'targetBytes'
  const message = `makes targetBytes (${targetBytes}) no less than requestHeadBytes (${requestHeadBytes})`
  return [{ path: ['limits', key], message }]
}
