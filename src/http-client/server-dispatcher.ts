import { type Dispatcher, Pool, ProxyAgent } from 'undici'

import type { ClientSettings } from './client-options.ts'
import { createNameLookup } from './name-lookup.ts'

// Onezone closes a connection after 30 requests (Onezone API, §10). Announcing the last one ourselves avoids the race;
// to others it costs little.
const REQUESTS_PER_CONNECTION = 30
// A server may move: its name is looked up again at least this often.
const MAX_CONNECTION_AGE_MS = 300_000

/**
 * Makes what sends the requests of a client: connections to its server, or tunnels to it through a proxy. Its name is
 * never looked up behind others.
 */
export function createServerDispatcher(settings: ClientSettings): Dispatcher {
  return withDispatch(makeDispatcher(settings))
}

/**
 * Sees to it that requests can be sent at all: a runtime may have an undici of its own that lacks this, as Bun does.
 *
 * @throws {TypeError} where they cannot.
 */
export function withDispatch(dispatcher: Dispatcher): Dispatcher {
  const { dispatch } = dispatcher as Partial<Dispatcher>
  if (typeof dispatch === 'function') return dispatcher
  throw new TypeError(
    'The undici of this runtime cannot send requests, as that of Bun; run on Node, or give a "dispatcher" that can.',
  )
}

function makeDispatcher(settings: ClientSettings): Dispatcher {
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
