import type { LookupFunction } from 'node:net'

import type { Connecting } from './connecting.ts'
import type { UpstreamDispatcher } from './dispatcher.ts'
import type { WaitedForPool } from './upstream-pool.ts'
import { createUpstreamPool } from './upstream-pool.ts'
import { SecureTarget } from './upstream-socket.ts'

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
  })
}
