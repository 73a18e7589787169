import { Pool } from 'undici'

import type { DispatcherFor } from './routes.ts'

/** Connections to upstreams. */
export interface UpstreamPools {
  readonly dispatcherFor: DispatcherFor
  /** Ends all connections; requests that are still under way break off. */
  close(): Promise<void>
}

const MAX_CONNECTIONS = 256

/** Shorter than the idle time of the usual servers (5 s), so that a connection is not closed while we write to it. */
const KEEP_ALIVE_MS = 4_000

/** Makes one pool for each origin and connect timeout, when it is first asked for. */
export function createUpstreamPools(): UpstreamPools {
  const pools = new Map<string, Pool>()
  return {
    dispatcherFor(origin, connectMs) {
      const key = `${connectMs} ${origin}`
      let pool = pools.get(key)
      if (pool === undefined) {
        pool = new Pool(origin, {
          connections: MAX_CONNECTIONS,
          pipelining: 1,
          connect: { timeout: connectMs },
          keepAliveTimeout: KEEP_ALIVE_MS,
          keepAliveMaxTimeout: KEEP_ALIVE_MS,
        })
        pools.set(key, pool)
      }
      return pool
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}
