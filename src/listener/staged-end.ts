import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Incoming } from './http-message.ts'
import { lingering } from './lingering.ts'
import type { RestTaker } from './rest-taker.ts'
import { afterTaker } from './rest-taker.ts'
import { StreamRequest } from './stream-request.ts'

const staged = new WeakSet<object>()

/** Whether the connection of a request ends in stages, or is about to. */
export function endsInStages(socket: object): boolean {
  return staged.has(socket)
}

/**
 * Lets the connection of a request that is still arriving end in stages (RFC 9112 §9.6), once the response that is
 * about to be ended has been written: it is half-closed; what still comes is taken by `taker` for as long as it likes,
 * then it is read and dropped for a while, and only then is it closed. A stream of HTTP/2 stays open in the same way.
 */
export function endInStages(incoming: Incoming, taker: RestTaker | null): void {
  if (incoming instanceof StreamRequest) incoming.restTaker = taker
  const { socket } = incoming
  if (!(socket instanceof Socket)) return
  staged.add(socket)
  // What Node calls when the last response on a connection has been written; its own closes what is still being sent.
  socket.destroySoon = (): void => {
    socket.end()
    const close = (): void => Socket.prototype.destroySoon.call(socket)
    if (incoming.complete) return close()
    incoming.on('end', close)
    // Node no longer tells a request of the end of its connection when it has been answered.
    socket.once('close', () => {
      if (!incoming.complete) taker?.destroy()
    })
    afterTaker(taker, () => {
      if (incoming.complete || socket.destroyed) return
      lingerOn(socket)
      incoming.resume()
    })
  }
}

/** Goes on listening on a connection that was kept for the next request: the rest of this one must come in time. */
export function awaitRest(incoming: Incoming): void {
  if (incoming.complete) return
  const { socket } = incoming
  if (socket instanceof Socket) {
    incoming.on('end', lingerOn(socket))
  }
  // Node reads away only a body that nobody has begun to read.
  incoming.resume()
}

/** Ends a connection on which nothing is understood any more, after some last words: in stages too. */
export function endRaw(socket: Duplex, text: string): void {
  staged.add(socket)
  if (!(socket instanceof Socket)) {
    socket.end(text, () => socket.destroy())
    return
  }
  socket.end(text, () => {
    if (socket.readableEnded) socket.destroy()
  })
  socket.once('end', () => {
    if (socket.writableFinished) socket.destroy()
  })
  lingerOn(socket)
  socket.resume()
}

/** @returns Ends the watch: a connection that is kept would gather what listens for its end. */
function lingerOn(socket: Socket): () => void {
  const lingerer = {
    get bytesRead() {
      return socket.bytesRead
    },
    cut: () => void socket.destroy(),
  }
  lingering.add(lingerer)
  const forget = (): void => {
    lingering.delete(lingerer)
    socket.off('close', forget)
  }
  socket.on('close', forget)
  return forget
}
