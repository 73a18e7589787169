import type { LookupFunction } from 'node:net'

import type { Pool } from 'undici'

import type { Connecting } from './connecting.ts'
import type { UpstreamPool, WaitedForPool } from './upstream-pool.ts'
import { IDLE_MS } from './upstream-pool.ts'
import { withLimit } from './limited-pool.ts'
import { RESPONSE_LIMITS } from './response-head.ts'
import { serverNameOf, tlsMaterial } from './upstream-names.ts'

/**
 * Makes the pool of requests to upgrade. It is undici's, which is loaded with the first of them: that takes a tenth of
 * the time that a gateway needs to start, and most gateways upgrade nothing.
 */
export function createUpgradePool(connecting: Connecting, lookup: LookupFunction): WaitedForPool {
  const { maxConnections, connectMs } = connecting
  let pool: Pool | null = null
  let opening: Promise<Pool> | null = null

  async function open(): Promise<Pool> {
    pool = await openPool(connecting, lookup)
    return pool
  }

  const inner: UpstreamPool = {
    dispatch(request, handler) {
      if (pool !== null) return pool.dispatch(request, handler)
      opening ??= open()
      void opening.then((opened) => opened.dispatch(request, handler))
      return true
    },
    async destroy() {
      await (await opening)?.destroy()
    },
  }
  return withLimit(inner, { maxConnections, waitMs: connectMs })
}

async function openPool(connecting: Connecting, lookup: LookupFunction): Promise<Pool> {
  const { target, maxConnections, limits = RESPONSE_LIMITS } = connecting
  const { default: undici } = await import('undici')
  return new undici.Pool(target.origin, {
    connections: maxConnections,
    pipelining: 1,
    maxHeaderSize: limits.responseHeadBytes,
    connect: connectOptions(connecting, lookup, undici),
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  })
}

function connectOptions(
  { target, connectMs, tls }: Connecting,
  lookup: LookupFunction,
  { buildConnector }: Pick<typeof import('undici'), 'buildConnector'>,
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
