import type { IncomingMessage } from 'node:http'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { ServeUpgrade } from './door.ts'
import { servingOn, serveInTurn } from './pipelining.ts'

/** How long a client may take to read the answer that it got instead of an upgrade, in milliseconds. */
const FAREWELL_MS = 1_000

/**
 * Serves a request to upgrade in its turn, with a response on its connection, which Node itself has let go of. Nothing
 * that the client sends after its request is read, and so no byte of it can go anywhere, until the connection is taken.
 *
 * @param head What Node has read after the request.
 */
export function serveUpgradeInTurn(
  incoming: IncomingMessage,
  head: Buffer,
  serve: ServeUpgrade,
): void {
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
  const take = (): Socket => {
    taken = true
    stopWatching()
    socket.off('drain', goOn)
    outgoing.detachSocket(socket)
    return socket
  }
  outgoing.once('finish', () => {
    if (!taken) {
      take()
      sayGoodbye(socket)
    }
    outgoing.emit('close')
  })
  serveInTurn(incoming, outgoing, () => {
    try {
      outgoing.assignSocket(socket)
    } catch {
      // In an app's server a response of the app's own may still be under way, which only its client could wait for.
      socket.destroy()
      return
    }
    void serve(incoming, outgoing, take)
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
