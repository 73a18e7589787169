import { Pool } from 'undici'

import type { UpstreamDispatcher } from './dispatcher.ts'
import { createUpstreamPool } from './upstream-pool.ts'

/** Connections to upstreams. */
export interface UpstreamPools {
  /** Makes one pool for each origin and connect timeout, when it is first asked for. */
  readonly dispatcherFor: (origin: string, connectMs: number) => UpstreamDispatcher
  /** Ends all connections; requests that are still under way break off. */
  close(): Promise<void>
}

interface Destroyable extends UpstreamDispatcher {
  destroy(): Promise<void>
}

const MAX_CONNECTIONS = 256

/** Shorter than the idle time of the usual servers (5 s), so that a connection is not closed while we write to it. */
const IDLE_MS = 4_000

/** Makes the pools of one proxy: its own for plain HTTP over plain sockets, undici's for TLS and for upgrades. */
export function createUpstreamPools(): UpstreamPools {
  const pools = new Map<string, Destroyable>()

  const createPool = (origin: string, connectMs: number): Destroyable => {
    const { protocol, hostname, port } = new URL(origin)
    const general = new Pool(origin, {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      connect: { timeout: connectMs },
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
    })
    if (protocol !== 'http:') return general
    const plain = createUpstreamPool({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port === '' ? 80 : port),
      connectMs,
      connections: MAX_CONNECTIONS,
      idleMs: IDLE_MS,
    })
    return {
      dispatch: (request, handler) =>
        (request.upgrade === 'websocket' ? general : plain).dispatch(request, handler),
      async destroy() {
        await Promise.all([plain.destroy(), general.destroy()])
      },
    }
  }

  return {
    dispatcherFor(origin, connectMs) {
      const key = `${connectMs} ${origin}`
      let pool = pools.get(key)
      if (pool === undefined) {
        pool = createPool(origin, connectMs)
        pools.set(key, pool)
      }
      return pool
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}
