import { IncomingMessage } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { createAdaptorServer } from '@hono/node-server'

type AdaptorServerOptions = Parameters<typeof createAdaptorServer>[0]

/** Options of {@link openListener}. */
export interface ListenerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Answers the requests: a Hono app. */
  readonly app: Pick<AdaptorServerOptions, 'fetch'>
  /** Settles who serves requests, and what becomes of other events, before any listener is added. */
  readonly harden?: ((server: Server) => void) | undefined
  /** Class of the requests. @default Node's own */
  readonly requestClass?: typeof IncomingMessage | undefined
}

/** A listening socket that can be drained. */
export interface Listener {
  /** `http://host:port`, without a slash. */
  readonly url: string
  /**
   * Accepts nothing more, lets requests finish, and closes each connection as it falls idle; after `drainMs` those that
   * are left are cut.
   */
  drain(drainMs: number): Promise<void>
}

/** How often connections are looked over, for slow ones and, while draining, for idle ones. */
const SWEEP_MS = 250

/** How long a connection may take to send its first request head. Node itself never closes a silent one. */
const FIRST_HEAD_MS = 10_000

/** Longer than the idle time of the usual load balancers (60 s), so that it is they who close first. */
const KEEP_ALIVE_MS = 65_000

const MAX_HEADER_BYTES = 16 * 1024

/**
 * Opens a listener.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  let draining = false
  const server = createAdaptorServer({
    fetch: options.app.fetch,
    overrideGlobalObjects: false,
    autoCleanupIncoming: false, // the doors read or cut what is left of a body themselves
    serverOptions: {
      IncomingMessage: options.requestClass ?? IncomingMessage,
      connectionsCheckingInterval: SWEEP_MS,
      headersTimeout: FIRST_HEAD_MS,
      requestTimeout: 0, // bodies may stream for as long as they move
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: false, // the doors refuse, with a document that says why
    },
  }) as Server
  // A limit makes Node 20 hide fields that still frame the body (CVE-2026-58044); the doors count for themselves.
  server.maxHeadersCount = 0
  options.harden?.(server)
  const open = new Set<ServerResponse>()
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (draining) response.shouldKeepAlive = false
    open.add(response)
    response.on('close', () => open.delete(response))
  })
  const closeSilent = endSilentConnections(server)
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    async drain(drainMs) {
      draining = true
      for (const response of open) response.shouldKeepAlive = false
      // Node closes the connections that are idle now; busy ones fall idle later (ecosystem notes, draining).
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
      const cut = setTimeout(() => {
        // Node itself forgets connections that were upgraded.
        for (const socket of connections) socket.destroy()
      }, drainMs)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      closeSilent()
      await closed
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

/** Ends connections that send no request head in time; the function it returns ends them at once. */
function endSilentConnections(server: Server): () => void {
  const silent = new Map<Socket, NodeJS.Timeout>()
  const heard = (socket: Socket): void => {
    clearTimeout(silent.get(socket))
    silent.delete(socket)
  }
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), FIRST_HEAD_MS)
    silent.set(socket, timer.unref())
    socket.once('close', () => heard(socket))
  })
  const onHead = (request: IncomingMessage): void => heard(request.socket)
  server.on('request', onHead)
  // A listener of ours alone would take requests away from HTTP.
  if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', onHead)
  return () => {
    for (const socket of silent.keys()) socket.destroy()
  }
}
