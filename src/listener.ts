import { EventEmitter } from 'node:events'
import type { ServerOptions, ServerResponse } from 'node:http'
import { createServer, IncomingMessage, Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'

import { getRequestListener } from '@hono/node-server'

import { createHttp2Sessions } from './http2/index.ts'
import { ShortStays } from './short-stays.ts'
import type { ClientAuth, TlsMaterial } from './tls/index.ts'
import { changeMaterial, createTlsServer } from './tls/index.ts'

/** Who answers what arrives at a listener. */
export interface Door {
  /** Answers the requests: a Hono app. */
  readonly app: { readonly fetch: Parameters<typeof getRequestListener>[0] }
  /**
   * Settles what becomes of events other than ordinary requests. It is given not the server itself but an emitter of the
   * server's events that concern this door, so that another door can take its place.
   */
  readonly harden?: ((server: Server) => void) | undefined
  /** Class of the requests; all doors of a listener have the same. @default Node's own */
  readonly requestClass?: typeof IncomingMessage | undefined
}

/** Begins to bring connections, of which nothing has been read. */
export type ConnectionSource = (take: (socket: Socket) => void) => void

/** How a listener speaks TLS. */
export interface ListenerTls {
  readonly material: TlsMaterial
  readonly clientAuth: ClientAuth
  /** Whether clients may speak HTTP/2, too; the doors must be hardened then. */
  readonly http2: boolean
}

/** Options of {@link openListener}. */
export interface ListenerOptions {
  /** Where to listen; port 0: any free one. Or who brings connections that were accepted elsewhere. */
  readonly on: { readonly host: string; readonly port: number } | ConnectionSource
  readonly door: Door
  /** @default none: plain HTTP */
  readonly tls?: ListenerTls | undefined
}

/** A listening socket that can be drained. */
export interface Listener {
  /** `http://host:port`, without a slash; `https:` with TLS. Empty where connections are brought. */
  readonly url: string
  /**
   * Lets another door answer from now on; connections stay open.
   *
   * @returns Settles when the last request that the door before it had begun to answer is over.
   */
  use(door: Door): Promise<void>
  /** Gives connections that are made from now on another certificate; without TLS it does nothing. */
  useCertificate(material: TlsMaterial): void
  /**
   * Accepts nothing more, lets requests finish, and closes each connection as it falls idle; after `drainMs` those that
   * are left are cut.
   */
  drain(drainMs: number): Promise<void>
}

/** How often connections are looked over, for slow ones and, while draining, for idle ones. */
const SWEEP_MS = 250

/**
 * How long an idle connection is still listened to while draining: a request that was sent before the client could know
 * is answered, and the answer says that the connection ends.
 */
const IDLE_GRACE_MS = 400

/** How long a connection may take to send its first request head, and for its TLS handshake before. */
const FIRST_HEAD_MS = 10_000

/** Longer than the idle time of the usual load balancers (60 s), so that it is they who close first. */
const KEEP_ALIVE_MS = 65_000

const HTTP: ServerOptions = {
  connectionsCheckingInterval: SWEEP_MS,
  headersTimeout: FIRST_HEAD_MS,
  requestTimeout: 0, // bodies may stream for as long as they move
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: 16 * 1024,
  insecureHTTPParser: false,
  requireHostHeader: false, // the doors refuse, with a document that says why
}

/**
 * Opens a listener.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { on, tls } = options
  let draining = false
  let serving = openDoor(options.door, (response) => {
    if (draining) response.shouldKeepAlive = false
  })
  const doors = new Set([serving])
  const http = { ...HTTP, IncomingMessage: options.door.requestClass ?? IncomingMessage }
  const sessions =
    tls?.http2 !== true
      ? null
      : createHttp2Sessions({
          idleMs: KEEP_ALIVE_MS,
          // As the server's own, so that whoever listens to its requests gets these too.
          onRequest(incoming, outgoing, expectsContinue) {
            const events: EventEmitter = server
            events.emit(expectsContinue ? 'checkContinue' : 'request', incoming, outgoing)
          },
        })
  const server =
    tls === undefined
      ? createServer(http)
      : createTlsServer(http, {
          ...tls,
          handshakeTimeoutMs: FIRST_HEAD_MS,
          onHttp2: sessions === null ? undefined : (socket) => sessions.take(socket),
        })
  // A limit makes Node 20 hide fields that still frame the body (CVE-2026-58044); the doors count for themselves.
  server.maxHeadersCount = 0
  server.on('request', (incoming, outgoing) => serving.take(incoming, outgoing))
  for (const event of serving.events.eventNames() as string[]) {
    if (event === 'request') continue
    server.on(event, (...facts: unknown[]) => serving.events.emit(event, ...facts))
  }
  const closeSilent = endSilentConnections(server)
  const connections = new Set<Socket>()
  let onEmpty = (): void => {}
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      if (connections.size === 0) onEmpty()
    })
  })
  const scheme = tls === undefined ? 'http' : 'https'
  const url = typeof on === 'function' ? takeFrom(on, server) : await listen(server, on, scheme)

  return {
    url,
    async use(door) {
      const before = serving
      serving = openDoor(door, (response) => {
        if (draining) response.shouldKeepAlive = false
      })
      doors.add(serving)
      // It does listen, only that this door has not heard of it.
      serving.events.emit('listening')
      await before.idle()
      doors.delete(before)
    },
    useCertificate(material) {
      if (!(server instanceof Server)) changeMaterial(server, material)
    },
    async drain(drainMs) {
      draining = true
      sessions?.announceEnd()
      for (const { open } of doors) {
        for (const each of open.list()) {
          if ('shouldKeepAlive' in each) each.shouldKeepAlive = false
        }
      }
      // Not `server.close()` yet: it ends idle connections at once, on which the next request may be on its way.
      NetServer.prototype.close.call(server)
      const closed = new Promise<void>((resolve) => {
        onEmpty = resolve
        if (connections.size === 0) resolve()
      })
      const graceEndsAt = performance.now() + IDLE_GRACE_MS
      const sweep = setInterval(() => {
        if (performance.now() < graceEndsAt) return
        server.closeIdleConnections()
        sessions?.close()
        closeSilent()
      }, SWEEP_MS)
      // Not by Node's own list, which lacks connections that are still shaking hands.
      const cut = setTimeout(() => connections.forEach((socket) => socket.destroy()), drainMs)
      await closed
      server.close() // what is left is Node's own timer
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

async function listen(
  server: NetServer,
  { host, port }: { readonly host: string; readonly port: number },
  scheme: string,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address() as AddressInfo
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}

/** Serves connections that somebody else has accepted, as the server would have accepted them. */
function takeFrom(source: ConnectionSource, server: NetServer): string {
  // Node begins to look after slow and idle connections when a server listens.
  server.emit('listening')
  source((socket) => {
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    server.emit('connection', socket)
  })
  return ''
}

/** A door in use. */
interface OpenDoor {
  /** Gets the server's events but `request`. */
  readonly events: EventEmitter
  /** Answers a request. */
  take(incoming: IncomingMessage, outgoing: ServerResponse): void
  /** What is under way: responses, and connections that have left HTTP. */
  readonly open: ShortStays<ServerResponse | Duplex>
  /** Settles when nothing is under way any more. */
  idle(): Promise<void>
}

function openDoor(door: Door, onRequest: (response: ServerResponse) => void): OpenDoor {
  const events = new EventEmitter()
  const open = new ShortStays<ServerResponse | Duplex>()
  function forget(this: ServerResponse | Duplex): void {
    open.delete(this)
  }
  const watch = (each: ServerResponse | Duplex): void => {
    open.add(each)
    // Not `once`: it comes once, and the wrapper would cost.
    each.on('close', forget)
  }
  const answer = getRequestListener(door.app.fetch, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false, // the doors read or cut what is left of a body themselves
  })
  events.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    void answer(incoming, outgoing)
  })
  door.harden?.(events as Server)
  const queues = new WeakMap<Socket, Set<ServerResponse>>()
  /** Node does not tell a response that waits for its turn when its connection breaks. */
  const watchQueue = (socket: Socket, outgoing: ServerResponse): void => {
    let queue = queues.get(socket)
    if (queue === undefined) {
      const made = new Set<ServerResponse>()
      queue = made
      queues.set(socket, made)
      socket.once('close', () => made.forEach((each) => open.delete(each)))
    }
    const queued = queue.add(outgoing)
    outgoing.on('close', () => queued.delete(outgoing))
  }
  const begin = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    onRequest(outgoing)
    // In HTTP/2 none has a socket, and none waits for its turn.
    const waits = incoming instanceof IncomingMessage && outgoing.socket === null
    // Node goes on handing over what it had read, and of this one nothing would ever be heard.
    if (waits && incoming.socket.destroyed) return
    watch(outgoing)
    if (waits) watchQueue(incoming.socket, outgoing)
  }
  // These ask for an answer just as `request` does.
  for (const event of ['checkContinue', 'checkExpectation']) {
    if (events.listenerCount(event) > 0) events.prependListener(event, begin)
  }
  if (events.listenerCount('upgrade') > 0) {
    events.prependListener('upgrade', (_incoming: IncomingMessage, socket: Duplex) => watch(socket))
  }
  return {
    events,
    open,
    take(incoming, outgoing) {
      begin(incoming, outgoing)
      events.emit('request', incoming, outgoing)
    },
    idle: () =>
      new Promise((resolve) => {
        const sweep = setInterval(() => {
          if (open.size > 0) return
          clearInterval(sweep)
          resolve()
        }, SWEEP_MS).unref()
      }),
  }
}

/** Ends connections that send no request head in time; the function it returns ends them at once. */
function endSilentConnections(server: Server | ReturnType<typeof createTlsServer>): () => void {
  const silenceMs = server instanceof Server ? FIRST_HEAD_MS : 2 * FIRST_HEAD_MS
  // By address and port, because with TLS a request comes on another socket than its connection.
  const silent = new Map<string, { socket: Socket; timer: NodeJS.Timeout }>()
  /** Sockets that requests have come on: most requests are not the first one. */
  const known = new WeakSet<Socket>()
  const heard = (name: string): void => {
    clearTimeout(silent.get(name)?.timer)
    silent.delete(name)
  }
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket)
    const timer = setTimeout(() => socket.destroy(), silenceMs)
    silent.set(name, { socket, timer: timer.unref() })
    socket.once('close', () => heard(name))
  })
  const onHead = ({ socket }: IncomingMessage): void => {
    if (known.has(socket)) return
    known.add(socket)
    heard(nameOf(socket))
  }
  server.on('request', onHead)
  // A listener of ours alone would take these away from Node.
  for (const event of ['checkContinue', 'checkExpectation', 'upgrade']) {
    if (server.listenerCount(event) > 0) server.on(event, onHead)
  }
  return () => {
    for (const { socket } of silent.values()) socket.destroy()
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
