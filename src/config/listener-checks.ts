/**
 * Conditions on where and how clients are listened to.
 *
 * @module
 */

import {
  formatListenAddress,
  formatSocketAddress,
  parseListenAddress,
  parseSocketAddress,
} from './listen-address.ts'
import { checkTrust } from '../authenticator/index.ts'
import { problemOf, type Finding } from './problems.ts'
import { groupAt, listAt, readable, type Written } from './written.ts'

/** Finds two listeners on one address. */
export function checkListeners(config: Written): Finding[] {
  const normal = (text: string): string => formatListenAddress(parseListenAddress(text))
  const [listen, admin] = ['listen', 'adminListen'].map((key) => readable(config[key], normal))
  if (listen === undefined || listen !== admin || listen.endsWith(':0')) return []
  return [
    { path: ['adminListen'], message: 'is the same as "listen"; metrics are not for clients' },
  ]
}

/** Finds forward auth that nobody could use. */
export function checkForwardAuth(config: Written): Finding[] {
  const { listen } = groupAt(config, 'forwardAuth')
  const trusted = config['trustedProxies']
  const isEmpty = trusted === undefined || (Array.isArray(trusted) && trusted.length === 0)
  const address = readable(listen, (text) => formatSocketAddress(parseSocketAddress(text)))
  if (address === undefined) return []
  const findings: Finding[] = []
  if (isEmpty && !address.startsWith('unix:')) {
    const message = 'needs trustedProxies: the addresses of the front proxies that may ask'
    findings.push({ path: ['forwardAuth', 'listen'], message })
  }
  for (const key of ['listen', 'adminListen']) {
    const other = readable(config[key], (text) => formatListenAddress(parseListenAddress(text)))
    if (other !== address || address.endsWith(':0')) continue
    findings.push({ path: ['forwardAuth', 'listen'], message: `is the same as "${key}"` })
  }
  return findings
}

/** Finds ranges of proxies that are everything together; those that cannot be read are told by themselves. */
export function checkTrustedProxies(config: Written): Finding[] {
  const entries = listAt(config, 'trustedProxies').filter((entry) => typeof entry === 'string')
  let message: string | null = null
  problemOf(() => (message = checkTrust(entries)))
  return message === null ? [] : [{ path: ['trustedProxies'], message }]
}

/** Finds settings of TLS that mean nothing without others. */
export function checkTls({
  certFile,
  keyFile,
  clientCaFile,
  clientAuth,
  http2,
}: Written): Finding[] {
  if (http2 === true && certFile === undefined && keyFile === undefined) {
    const message = 'needs tls.certFile and tls.keyFile: HTTP/2 is spoken over TLS only'
    return [{ path: ['tls', 'http2'], message }]
  }
  const path = ['tls', 'clientAuth']
  if (clientCaFile === undefined && (clientAuth === 'request' || clientAuth === 'require')) {
    return [{ path, message: 'needs tls.clientCaFile: whose certificates are to be believed' }]
  }
  if (clientCaFile !== undefined && clientAuth === 'none') {
    const message = 'makes tls.clientCaFile useless; remove that, or ask for certificates'
    return [{ path, message }]
  }
  return []
}
