import type { Dispatcher } from 'undici'

import type { ClientSettings } from './client-options.ts'
import { createNameLookup } from './name-lookup.ts'

// Onezone closes a connection after 30 requests (Onezone API, §10). Announcing the last one ourselves avoids the race;
// to others it costs little.
const REQUESTS_PER_CONNECTION = 30
// A server may move: its name is looked up again at least this often.
const MAX_CONNECTION_AGE_MS = 300_000

/**
 * Makes what sends the requests of a client: connections to its server, or tunnels to it through a proxy. Its name is
 * never looked up behind others. What makes them is loaded with the first: it takes a tenth of the time that a gateway
 * needs to start.
 */
export async function createServerDispatcher(settings: ClientSettings): Promise<Dispatcher> {
  // Its default export is what bundlers keep of a package in CommonJS that is loaded later.
  const { Pool, ProxyAgent } = (await import('undici')).default
  const { origin, ca, connectTimeoutMs, proxy } = settings
  const connections = {
    connections: settings.maxConnections,
    pipelining: 1,
    allowH2: false,
    clientTtl: MAX_CONNECTION_AGE_MS,
    // undici counts from 0: this many go before the one that says "Connection: close".
    maxRequestsPerClient: REQUESTS_PER_CONNECTION - 1,
  }
  const connect = {
    timeout: connectTimeoutMs,
    // Said outright, it beats NODE_TLS_REJECT_UNAUTHORIZED=0.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    lookup: createNameLookup({ maxInFlight: 1 }),
  }
  if (proxy === undefined) return new Pool(origin, { ...connections, connect })
  const { lookup, timeout } = connect
  return new ProxyAgent({
    ...connections,
    uri: proxy,
    // The authorities of `ca` are those of the server.
    proxyTls: { timeout, rejectUnauthorized: true, lookup },
    requestTls: connect,
  })
}

/**
 * Sees to it that requests can be sent at all: Bun has an undici of its own that cannot.
 *
 * @throws {TypeError} where they cannot.
 */
export function checkRuntime(versions: object = process.versions): void {
  if (!('bun' in versions)) return
  throw new TypeError(
    'The undici of Bun cannot send requests; run on Node, or give a "dispatcher" that can.',
  )
}
