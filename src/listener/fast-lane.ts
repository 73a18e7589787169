import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

import type { Incoming, Outgoing } from './http-message.ts'
import { PlainConnection } from './plain-connection.ts'

/** Options of {@link createFastLane}. */
export interface FastLaneOptions {
  /** Parses what the lane does not take. Its connections are the lane's from now on. */
  readonly server: Server | TlsServer
  /** The event by which the server is told of them, to which it alone listens yet. @default 'connection' */
  readonly event?: string | undefined
  readonly serve: (incoming: Incoming, outgoing: Outgoing) => void
  /** How long a connection may be without a request between two, in milliseconds. */
  readonly idleMs: number
  /** Longest head that is looked at, in bytes; the server is to refuse or read longer ones. @default 16_384 */
  readonly maxHeadBytes?: number | undefined
}

/** The way of plain requests. */
export interface FastLane {
  /** Ends the connections on which no request is under way. */
  endIdle(): void
  /** Lets go of its timer. */
  close(): void
}

const SWEEP_MS = 1_000

/** How much of what came is looked at for a head, in bytes: a longer one is not plain. */
const MOST_HEAD_BYTES = 16 * 1024

/**
 * Makes the fast lane of a listener: an HTTP/1.1 server for requests that come whole and in plain form, as nearly all
 * do. Whatever is odd goes to the server of Node, with its connection, before a byte of an answer, so that its parser
 * decides all that can be decided in two ways.
 */
export function createFastLane(options: FastLaneOptions): FastLane {
  const { server, event = 'connection', serve, idleMs } = options
  const { maxHeadBytes = MOST_HEAD_BYTES } = options
  const [parse] = server.listeners(event) as ((this: unknown, socket: Socket) => void)[]
  if (parse === undefined) throw new TypeError('the server does not listen to its connections')
  server.off(event, parse)
  server.on(event, (socket: Socket) => connections.add(new PlainConnection(socket, owner)))
  const connections = new Set<PlainConnection>()
  const owner = {
    serve,
    keepAlive: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleMs / 1000)}\r\n\r\n`,
    mostHeadBytes: Math.min(maxHeadBytes, MOST_HEAD_BYTES),
    tick: 0,
    forget: (connection: PlainConnection) => void connections.delete(connection),
    handOver({ socket }: PlainConnection, unread: Buffer) {
      parse.call(server, socket)
      // A new socket waits for its next part already, and Node's parser reads past it. One that does not wait begins to
      // read by itself where the parser had stopped, and then a long body stalls.
      socket.read(0)
      // As though it had only come now; what the socket holds besides follows by itself.
      socket.emit('data', unread)
    },
  }
  const idleTicks = Math.ceil(idleMs / SWEEP_MS)
  const sweep = setInterval(() => {
    owner.tick++
    for (const { idle, idleSince, socket } of connections) {
      if (idle && owner.tick - idleSince > idleTicks) socket.destroy()
    }
  }, SWEEP_MS).unref()
  return {
    endIdle() {
      for (const { idle, socket } of connections) if (idle) socket.destroySoon()
    },
    close: () => clearInterval(sweep),
  }
}
