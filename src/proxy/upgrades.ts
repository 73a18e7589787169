import { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

import type { Incoming, Outgoing } from '../http-message.ts'
import { inTurn, servingOn } from './turns.ts'
import { asksForWebSocket } from './websocket-handshake.ts'

/** Serves one request for a WebSocket. `outgoing` is an ordinary response, after which the connection ends. */
export type ServeUpgrade = (incoming: Incoming, outgoing: Outgoing) => void

/** How long a client may take to read the answer that it got instead of an upgrade, in milliseconds. */
const FAREWELL_MS = 1_000

/**
 * A request for a server that upgrades to WebSocket only. Node asks each request whether it is to be upgraded, and would
 * take any whose `Upgrade` names whatever it likes off HTTP, with its body; those are ordinary requests here.
 */
export class ProxyRequest extends IncomingMessage {
  // Not `#asked`: Node's constructor sets `upgrade` before there is such a field.
  declare private asked: boolean | null

  get upgrade(): boolean {
    return this.asked === true && (this.method === 'CONNECT' || asksForWebSocket(this))
  }

  set upgrade(asked: boolean | null) {
    this.asked = asked
  }
}

const letGo = new WeakMap<Outgoing, () => Socket>()

/**
 * Finds what takes a connection away from its response, once that has been written to its end: from then on it belongs to
 * the caller. What the client has sent after its request is still to be read from it. Only responses to requests for a
 * WebSocket have such a thing.
 */
export function connectionOf(outgoing: Outgoing): (() => Socket) | undefined {
  return letGo.get(outgoing)
}

/**
 * Hands over requests for a WebSocket in their turn, each with a response on its connection, which Node itself has let go
 * of. Nothing that the client sends after its request is read, and so no byte of it can go anywhere, until somebody takes
 * the connection.
 */
export function onUpgrade(server: Server, serve: ServeUpgrade): void {
  server.on('upgrade', (incoming: IncomingMessage, _socket, head: Buffer) => {
    const { socket } = incoming
    const outgoing = new ServerResponse(incoming)
    outgoing.shouldKeepAlive = false
    socket.setTimeout(0)
    socket.on('error', () => {}) // 'close' follows
    if (head.length > 0) socket.unshift(head)

    // Node no longer tells responses on this connection, this one or those before it, that they may go on.
    const goOn = (): void => void servingOn(socket)?.emit('drain')
    const stopWatching = watchForEnd(socket, () => socket.destroy())
    socket.on('drain', goOn)
    let taken = false
    const release = (): Socket => {
      taken = true
      stopWatching()
      socket.off('drain', goOn)
      outgoing.detachSocket(socket)
      return socket
    }
    letGo.set(outgoing, release)
    outgoing.once('finish', () => {
      if (!taken) {
        release()
        sayGoodbye(socket)
      }
      outgoing.emit('close')
    })
    inTurn(incoming, outgoing, () => {
      outgoing.assignSocket(socket)
      serve(incoming, outgoing)
    })
  })
}

/** Notices the end of a client that has nothing more to say, without reading what another one has to say. */
function watchForEnd(socket: Socket, onEnd: () => void): () => void {
  const look = (): void => {
    if (socket.readableLength === 0) socket.read()
  }
  socket.on('readable', look).once('end', onEnd)
  return () => socket.off('readable', look).off('end', onEnd)
}

/** Ends a connection so that its last answer can be read: what the client still sends is read away for a while. */
function sayGoodbye(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
  socket.resume()
}
