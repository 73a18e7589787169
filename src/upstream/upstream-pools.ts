import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'

import { buildConnector, Pool } from 'undici'

import type { UpstreamDispatcher } from './dispatcher.ts'
import { withLimit } from './limited-pool.ts'
import type { ResponseLimits } from './response-head.ts'
import { RESPONSE_LIMITS } from './response-head.ts'
import type { UpstreamTls } from './upstream-options.ts'
import type { WaitedForPool } from './upstream-pool.ts'
import { createUpstreamPool, IDLE_MS } from './upstream-pool.ts'
import { SecureTarget } from './upstream-socket.ts'
import type { UpstreamTarget } from './upstream-url.ts'

/** Where connections go, and how they are made. */
export interface Connecting {
  readonly target: Pick<UpstreamTarget, 'origin' | 'socketPath'>
  readonly connectMs: number
  readonly maxConnections: number
  /** How long a connection may be idle; 0: none serves more than one request. */
  readonly keepAliveMs: number
  /** How old a connection may be that serves another request; 0: as old as it gets. */
  readonly maxConnectionAgeMs: number
  readonly tls: UpstreamTls
  /** How much of an answer may come before its body. @default RESPONSE_LIMITS */
  readonly limits?: ResponseLimits | undefined
}

/** Connections to upstreams. */
export interface UpstreamPools {
  /** The dispatcher whose connections are made so; the same one for all who ask the same. */
  dispatcherFor(connecting: Connecting): UpstreamDispatcher
  /** How many requests wait for a connection, by origin of the upstream, or `unix:` and its socket. */
  waiting(): ReadonlyMap<string, number>
  /** Ends all connections; requests that are still under way break off. */
  close(): Promise<void>
}

/**
 * Makes one pool for each way to connect, when it is first asked for.
 *
 * @param lookup Looks names up, for all of them.
 */
export function createUpstreamPools(lookup: LookupFunction): UpstreamPools {
  const pools = new Map<string, { readonly name: string; readonly pool: WaitedForPool }>()
  return {
    dispatcherFor(connecting) {
      const { target, ...rest } = connecting
      const { origin, socketPath } = target
      const key = JSON.stringify([origin, socketPath, rest])
      let known = pools.get(key)
      if (known === undefined) {
        const name = socketPath === null ? origin : `unix:${socketPath}`
        pools.set(key, (known = { name, pool: createPool(connecting, lookup) }))
      }
      return known.pool
    },
    waiting() {
      const sums = new Map<string, number>()
      for (const { name, pool } of pools.values()) {
        sums.set(name, (sums.get(name) ?? 0) + pool.waiting)
      }
      return sums
    },
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
    },
  }
}

/**
 * Our own transport; undici's for upgrades, which have connections of their own everywhere, so that none that waits for
 * its 101 holds up a request.
 */
function createPool(connecting: Connecting, lookup: LookupFunction): WaitedForPool {
  const { target, connectMs, maxConnections, tls } = connecting
  const { protocol, hostname, port } = new URL(target.origin)
  const isSecure = protocol === 'https:'
  return createUpstreamPool({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port === '' ? (isSecure ? 443 : 80) : port),
    socketPath: target.socketPath,
    secure: isSecure ? new SecureTarget(tls) : null,
    connectMs,
    maxConnections,
    limits: connecting.limits,
    idleMs: connecting.keepAliveMs,
    maxAgeMs: connecting.maxConnectionAgeMs,
    lookup,
    upgrades: createLimitedPool(connecting, lookup),
  })
}

function createLimitedPool(connecting: Connecting, lookup: LookupFunction): WaitedForPool {
  const { target, connectMs, maxConnections } = connecting
  const pool = new Pool(target.origin, {
    connections: maxConnections,
    pipelining: 1,
    maxHeaderSize: (connecting.limits ?? RESPONSE_LIMITS).responseHeadBytes,
    connect: connectOptions(connecting, lookup),
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  })
  return withLimit(pool, { maxConnections, waitMs: connectMs })
}

function connectOptions(
  { target, connectMs, tls }: Connecting,
  lookup: LookupFunction,
): Exclude<Pool.Options['connect'], undefined> {
  if (target.socketPath !== null) return { timeout: connectMs, socketPath: target.socketPath }
  if (target.origin.startsWith('http:')) return { timeout: connectMs, lookup }
  const connect = buildConnector({
    timeout: connectMs,
    lookup,
    // Said outright, it beats NODE_TLS_REJECT_UNAUTHORIZED=0.
    rejectUnauthorized: true,
    ...tlsMaterial(tls),
  })
  // undici asks for the name that `Host` says, which may be the client's to choose; the certificate is checked for it.
  const servername = serverNameOf(new URL(target.origin).hostname, tls)
  return (options, callback) => connect({ ...options, servername }, callback)
}

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
