import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import type { Handler } from 'hono'

import type { RoutePolicy, SingleRouteOptions } from '../authenticator/index.ts'
import {
  createSingleRoute,
  ROUTE_POLICY_OPTIONS,
  SINGLE_ROUTE_OPTIONS,
} from '../authenticator/index.ts'
import type { Door } from '../listener/index.ts'
import { serveInTurn, serveUpgradeInTurn } from '../listener/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, FLAG, group, JUDGED_ELSEWHERE, NUMBER, TEXT } from '../option-shape.ts'
import { CORS_OPTIONS } from './cors.ts'
import type { ReverseProxy } from './reverse-proxy.ts'
import type { ReverseProxyOptions } from './reverse-proxy-options.ts'
import { createReverseProxy } from './reverse-proxy.ts'
import type { ProxyRoute } from './routes.ts'

/** Options of {@link onedataProxy}. */
export interface OnedataProxyOptions
  extends
    SingleRouteOptions,
    Pick<RoutePolicy, 'headers' | 'forwardToken' | 'passHeaders'>,
    Pick<ProxyRoute, 'stripPrefix' | 'maxBodyBytes' | 'upstream' | 'timeouts' | 'websocket'>,
    Pick<ProxyRoute, 'bufferRequestBytes' | 'upstreamHeaders' | 'cors' | 'informational'>,
    Pick<ReverseProxyOptions, 'onRequest' | 'onUpstream' | 'onStream'> {
  /** Which of the requests that come here are carried, see {@link ProxyRoute}; others get 404. @default '/**' */
  readonly path?: string | undefined
}

const ONEDATA_PROXY_OPTIONS: OptionShape<OnedataProxyOptions> = {
  ...SINGLE_ROUTE_OPTIONS,
  headers: ROUTE_POLICY_OPTIONS.headers,
  forwardToken: ROUTE_POLICY_OPTIONS.forwardToken,
  passHeaders: ROUTE_POLICY_OPTIONS.passHeaders,
  path: TEXT,
  stripPrefix: TEXT,
  maxBodyBytes: NUMBER,
  bufferRequestBytes: NUMBER,
  upstreamHeaders: JUDGED_ELSEWHERE,
  cors: group(CORS_OPTIONS),
  informational: FLAG,
  upstream: JUDGED_ELSEWHERE,
  timeouts: JUDGED_ELSEWHERE,
  websocket: FLAG,
  onRequest: CALLBACK,
  onUpstream: CALLBACK,
  onStream: CALLBACK,
}

/** A Hono handler, and what it needs besides to carry WebSockets and to end. */
export interface OnedataProxy extends Handler {
  /**
   * Carries a WebSocket: a listener for the `upgrade` event of the server, whose requests do not come by the app. What
   * asks for anything else is answered 400.
   */
  readonly upgrade: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Has all open streams verified again, soon: for `onDeath` of a `verification` that is shared. */
  recheckStreams(): void
  /** Ends streams and the connections to the upstream, and the verification unless it is shared. */
  close(): Promise<void>
}

/** How often open streams are verified again where nothing else is said, in milliseconds. */
const STREAM_INTERVAL_MS = 10_000

/** Tells node-server that the response is written elsewhere (its own `RESPONSE_ALREADY_SENT`). */
const ALREADY_SENT = new Response(null, { headers: { 'x-hono-already-sent': 'true' } })

/**
 * Makes a Hono handler that lets requests pass to an upstream which carry a valid Onedata token, and tells the upstream
 * whose it is, as the gateway's proxy does. For apps on `\@hono/node-server` that speak HTTP/1.1. The request must not
 * have been read, and header fields that other middleware sets are not sent: the response is the upstream's.
 *
 * @example
 * ```ts
 * const proxy = onedataProxy({ onezoneUrl: 'https://onezone.example.org', upstream: 'http://127.0.0.1:3000' })
 * app.all('/api/*', proxy)
 * const server = serve({ fetch: app.fetch, port: 8080, autoCleanupIncoming: false })
 * server.on('upgrade', proxy.upgrade)
 * ```
 * @throws {TypeError} for options that make no sense; per request where the server is another one, or the body was
 *   read.
 */
export function onedataProxy(options: OnedataProxyOptions): OnedataProxy {
  const route = createSingleRoute<OnedataProxyOptions>(options, {
    name: 'onedataProxy',
    id: 'proxy',
    shape: ONEDATA_PROXY_OPTIONS,
    headers: options?.headers,
    forwardToken: options?.forwardToken,
    passHeaders: options?.passHeaders,
    onDeath: () => proxy.recheckStreams(),
  })
  const { stalenessBoundMs } = route.verification
  const intervalMs = options.verdicts?.maxStalenessMs ?? STREAM_INTERVAL_MS
  const proxy: ReverseProxy = createReverseProxy({
    routes: [
      {
        id: options.id ?? 'proxy',
        path: options.path ?? '/**',
        stripPrefix: options.stripPrefix,
        maxBodyBytes: options.maxBodyBytes,
        bufferRequestBytes: options.bufferRequestBytes,
        upstreamHeaders: options.upstreamHeaders,
        cors: options.cors,
        informational: options.informational,
        upstream: options.upstream,
        timeouts: options.timeouts,
        websocket: options.websocket,
        authenticator: route.authenticator,
      },
    ],
    streams: {
      intervalMs: Math.min(intervalMs, stalenessBoundMs),
      boundMs: stalenessBoundMs,
    },
    requestIdOf: route.requestIdOf,
    logger: route.logger,
    onRequest: options.onRequest,
    onUpstream: options.onUpstream,
    onStream: options.onStream,
  })
  proxy.opened()
  return Object.assign(handlerOf(proxy), {
    upgrade(incoming: IncomingMessage, _socket: Duplex, head: Buffer): void {
      serveUpgradeInTurn(incoming, head, proxy.upgrade)
    },
    recheckStreams: () => proxy.recheckStreams(),
    close: async () => {
      await Promise.all([proxy.close(), route.close()])
    },
  })
}

/** What \@hono/node-server gives to an app. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

/** Makes the handler by which requests come to a door. */
export function handlerOf(door: Pick<Door, 'serve'>): Handler {
  return function onedataProxy({ env }) {
    const { incoming, outgoing } = (env ?? {}) as NodeBindings
    if (incoming === undefined || outgoing === undefined || incoming.httpVersionMajor > 1) {
      throw new TypeError('onedataProxy needs a server of @hono/node-server that speaks HTTP/1.1')
    }
    if (incoming.readableDidRead) {
      throw new TypeError('onedataProxy forwards the body as it comes; nothing may read it before')
    }
    serveInTurn(incoming, outgoing, door.serve)
    return ALREADY_SENT
  }
}
