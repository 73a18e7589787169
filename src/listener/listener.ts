import type { ServerOptions } from 'node:http'
import { createServer, IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import type { ClientAuth, TlsMaterial } from '../tls/index.ts'
import { changeMaterial, createTlsServer, HTTP1_CONNECTION } from '../tls/index.ts'
import type { Accepting, ListenOn } from './accepting.ts'
import { acceptOn, urlOf } from './accepting.ts'
import type { Arrivals } from './attach-door.ts'
import { attachDoor, continueOf } from './attach-door.ts'
import type { ConnectionLimit } from './connection-limit.ts'
import { createConnectionLimit } from './connection-limit.ts'
import type { Door } from './door.ts'
import { guardedDoor } from './door-guard.ts'
import type { DoorInUse } from './door-in-use.ts'
import { createDoorInUse } from './door-in-use.ts'
import { createFastLane } from './fast-lane.ts'
import { createHttp2Sessions } from './http2-sessions.ts'
import type { ProxyProtocolOptions } from './proxy-protocol.ts'
import { createPeers } from './proxy-protocol.ts'
import { createSilentConnections } from './silent-connections.ts'
import { untilNoMore } from './until-no-more.ts'

/**
 * Begins to bring connections, of which nothing has been read. `local`: it was accepted on a Unix socket. Calling what
 * it returns ends that; it settles when who has an answer that ends the connection finds nobody who would accept anew.
 */
export type ConnectionSource = (
  take: (socket: Socket, local: boolean) => void,
) => () => void | Promise<void>

/** How a listener speaks TLS. */
export interface ListenerTls {
  readonly material: TlsMaterial
  readonly clientAuth: ClientAuth
  /**
   * Whether clients may speak HTTP/2, too. The doors must then make do with what {@link Incoming} and {@link Outgoing}
   * have.
   */
  readonly http2: boolean
  /** Told of each handshake that fails. @default nobody is */
  readonly onHandshakeFailure?: (() => void) | undefined
}

/** Options of {@link openListener}. */
export interface ListenerOptions {
  /** Where to listen; port 0: any free one. Or who brings connections that were accepted elsewhere. */
  readonly on: ListenOn | readonly ListenOn[] | ConnectionSource
  readonly door: Door
  /** @default none: plain HTTP */
  readonly tls?: ListenerTls | undefined
  /** Which connections begin with a head of the PROXY protocol, before TLS too. @default none */
  readonly proxyProtocol?: ProxyProtocolOptions | undefined
  /** How long a connection may be without a request between two, in milliseconds. @default 65_000 */
  readonly idleMs?: number | undefined
  /** Longest head of a request, in bytes. @default 32_768 */
  readonly maxHeadBytes?: number | undefined
  /** How many fields a request may have that the door answers, and not the listener. @default 200 */
  readonly maxFields?: number | undefined
  /**
   * Whether plain requests of HTTP/1.1 may take a shorter way than through the server of Node. The doors must then make
   * do with what {@link Incoming} and {@link Outgoing} have.
   *
   * @default false
   */
  readonly fastLane?: boolean | undefined
  /** @default any number of connections */
  readonly limit?: ConnectionLimit | undefined
  /** Told of what a door throws; the listener answers its request 500, or ends the connection. @default nobody is */
  readonly onFault?: ((error: unknown) => void) | undefined
}

/** What a listener has, and has done. */
export interface ListenerFigures {
  readonly connections: number
  /** Requests that are being answered. */
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** A listening socket that can be drained. */
export interface Listener {
  /** `http://host:port`, without a slash; `https:` with TLS; `unix:/path`. Empty where connections are brought. */
  readonly url: string
  /** The same for each address. */
  readonly urls: readonly string[]
  /**
   * Lets another door answer from now on; connections stay open.
   *
   * @returns Settles when the last request that the door before it had begun to answer is over.
   */
  use(door: Door): Promise<void>
  /** What there is now, and how many bytes have been read and written so far. */
  figures(): ListenerFigures
  /** Gives connections that are made from now on another certificate; without TLS it does nothing. */
  useCertificate(material: TlsMaterial): void
  /**
   * Accepts nothing more, lets requests finish, and closes each connection as it falls idle; after `drainMs` those that
   * are left are cut.
   *
   * @param onCut Told how many those were, if there were any, and if they were given time.
   */
  drain(drainMs: number, onCut?: (connections: number) => void): Promise<void>
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

/**
 * How long a connection may be idle, where nothing else is said: longer than the usual load balancers have it (60 s),
 * so that it is they who close first.
 */
export const CLIENT_IDLE_MS = 65_000

/**
 * For how long nobody must have come before a listener that stops is closed, in milliseconds: who has an answer that
 * ends the connection comes again at once.
 */
const QUIET_MS = 10

const MAX_HEAD_BYTES = 32_768

/** Of HTTP/2, where a cookie may come in parts. */
const SPARE_FIELDS = 56

const HTTP: ServerOptions = {
  connectionsCheckingInterval: SWEEP_MS,
  headersTimeout: FIRST_HEAD_MS,
  requestTimeout: 0, // bodies may stream for as long as they move
  insecureHTTPParser: false,
  requireHostHeader: false, // the doors refuse, with a document that says why
}

/**
 * Opens a listener.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { on, tls, idleMs = CLIENT_IDLE_MS, maxHeadBytes = MAX_HEAD_BYTES } = options
  let draining = false
  const { onFault = () => {} } = options
  const useDoor = (door: Door): DoorInUse => createDoorInUse(guardedDoor(door, onFault))
  let current = useDoor(options.door)
  const doors = new Set([current])
  const silent = createSilentConnections({
    silenceMs: tls === undefined ? FIRST_HEAD_MS : 2 * FIRST_HEAD_MS,
    tls: tls !== undefined,
  })
  const arrivals: Arrivals = {
    onRequest(incoming, outgoing) {
      silent.heard(incoming.socket)
      if (draining) outgoing.shouldKeepAlive = false
      current.onRequest(incoming, outgoing)
    },
    onUpgrade(incoming, socket) {
      silent.heard(incoming.socket)
      current.onUpgrade(socket)
    },
  }
  const sessions =
    tls?.http2 !== true
      ? null
      : createHttp2Sessions({
          idleMs,
          maxHeadBytes,
          maxHeaderFields: options.maxFields && options.maxFields + SPARE_FIELDS,
          onRequest(incoming, outgoing, expectsContinue) {
            arrivals.onRequest(incoming, outgoing)
            const { door } = current
            const serve = expectsContinue ? continueOf(door) : door.serve
            void serve(incoming, outgoing)
          },
        })
  const peers = createPeers(options.proxyProtocol ?? null)
  const http = {
    ...HTTP,
    keepAliveTimeout: idleMs,
    maxHeaderSize: maxHeadBytes,
    IncomingMessage: options.door.requestClass ?? IncomingMessage,
  }
  const server =
    tls === undefined
      ? createServer(http)
      : createTlsServer(http, {
          ...tls,
          handshakeTimeoutMs: FIRST_HEAD_MS,
          onHttp2: sessions === null ? undefined : (socket) => sessions.take(socket),
          onPlainHttp(socket) {
            const below = silent.find(peers.nameOf(socket))
            if (below !== undefined) current.door.unreadable?.(below, 'plain-http', () => undefined)
          },
        })
  if (tls !== undefined) {
    server.prependListener('secureConnection', (socket: TLSSocket) => peers.adopt(socket))
  }
  attachDoor(server, () => current.door, arrivals)
  const lane =
    options.fastLane !== true
      ? null
      : createFastLane({
          server,
          event: tls === undefined ? 'connection' : HTTP1_CONNECTION,
          maxHeadBytes,
          idleMs,
          serve(incoming, outgoing) {
            arrivals.onRequest(incoming, outgoing)
            void current.door.serve(incoming, outgoing)
          },
        })
  if (options.limit !== undefined) {
    const admit = createConnectionLimit(options.limit)
    server.prependListener('connection', (socket: Socket) => void admit(socket))
  }
  server.on('connection', (socket: Socket) => silent.add(socket))
  const connections = new Set<Socket>()
  let [bytesIn, bytesOut] = [0, 0]
  let onEmpty = (): void => {}
  /** Connections that are let in while it is time to stop; null: it is not, and each is served at once. */
  let late: (() => unknown)[] | null = null
  function take(socket: Socket, local: boolean): void {
    connections.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      bytesIn += socket.bytesRead
      bytesOut += socket.bytesWritten
      if (connections.size === 0) onEmpty()
    })
    const serve = (): void =>
      peers.introduce(socket, local, () => {
        server.emit('connection', socket)
        // TLS reads by itself what the socket holds back.
        if (tls === undefined && socket.isPaused()) socket.resume()
      })
    if (late === null) return serve()
    socket.on('error', () => {}).pause()
    late.push(() => socket.destroyed || serve())
  }
  // Node begins to look after slow and idle connections when a server listens.
  server.emit('listening')
  const accepting: Pick<Accepting, 'addresses'> & { close(): void | Promise<void> } =
    typeof on === 'function'
      ? { addresses: [], close: takeFrom(on, take) }
      : await acceptOn('length' in on ? on : [on], { onConnection: take })
  const scheme = tls === undefined ? 'http' : 'https'
  const urls = accepting.addresses.map((address) => urlOf(address, scheme))
  current.door.opened?.()

  return {
    url: urls[0] ?? '',
    urls,
    async use(door) {
      const before = current
      current = useDoor(door)
      doors.add(current)
      door.opened?.()
      await before.idle()
      doors.delete(before)
    },
    figures() {
      const open = [...connections]
      return {
        connections: open.length,
        requests: [...doors].reduce((sum, each) => sum + each.responses().length, 0),
        bytesIn: open.reduce((sum, { bytesRead }) => sum + bytesRead, bytesIn),
        bytesOut: open.reduce((sum, { bytesWritten }) => sum + bytesWritten, bytesOut),
      }
    },
    useCertificate(material) {
      if (!(server instanceof Server)) changeMaterial(server, material)
    },
    async drain(drainMs, onCut) {
      draining = true
      sessions?.announceEnd()
      for (const each of doors) {
        for (const outgoing of each.responses()) outgoing.shouldKeepAlive = false
      }
      const letIn: (() => unknown)[] = []
      late = letIn
      // Nobody is given time, so that nobody need be let in.
      if (drainMs > 0) await untilNoMore(() => letIn.length, QUIET_MS)
      // Not `server.close()` yet: it ends idle connections at once, on which the next request may be on its way.
      const left = accepting.close()
      if (drainMs > 0) await left
      late = null
      for (const serve of letIn) serve()
      const closed = new Promise<void>((resolve) => {
        const before = onEmpty
        onEmpty = () => {
          before()
          resolve()
        }
        if (connections.size === 0) resolve()
      })
      const graceEndsAt = performance.now() + IDLE_GRACE_MS
      const sweep = setInterval(() => {
        if (performance.now() < graceEndsAt) return
        server.closeIdleConnections()
        lane?.endIdle()
        sessions?.close()
        silent.end()
      }, SWEEP_MS)
      // Not by Node's own list, which lacks connections that are still shaking hands.
      const cut = setTimeout(() => {
        if (drainMs > 0 && connections.size > 0) onCut?.(connections.size)
        connections.forEach((socket) => socket.destroy())
      }, drainMs)
      await closed
      server.close() // what is left is Node's own timer
      lane?.close()
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

/** Serves connections that another process has accepted, as this one would have accepted them. */
function takeFrom(
  source: ConnectionSource,
  take: (socket: Socket, local: boolean) => void,
): ReturnType<ConnectionSource> {
  return source((socket, local) => {
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    take(socket, local)
  })
}
