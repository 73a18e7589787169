import { isIP } from 'node:net'

import type { UpstreamTls } from './upstream-options.ts'
import type { UpstreamTarget } from './upstream-url.ts'

/** The name that is asked for (SNI), and that the certificate is checked for; empty: it is an address. */
export function serverNameOf(hostname: string, { serverName }: UpstreamTls): string {
  const host = hostname.replace(/^\[|\]$/g, '')
  return serverName ?? (isIP(host) === 0 ? host : '')
}

/** What `node:tls` is told, without what is left open. */
export function tlsMaterial({ ca, serverName, cert, key }: UpstreamTls): {
  ca?: string
  servername?: string
  cert?: string
  key?: string
} {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  }
}

/** `Host` of an upstream itself: what its URL says, or the name that it is known by. */
export function ownHost({ origin }: Pick<UpstreamTarget, 'origin'>, tls: UpstreamTls): string {
  const { host, port } = new URL(origin)
  return tls.serverName === undefined ? host : tls.serverName + (port === '' ? '' : `:${port}`)
}
