import type { Serve } from './door.ts'
import type { Incoming, Outgoing } from './http-message.ts'

/** The responses of one connection. */
interface Pipeline {
  /** The one that is being written. */
  serving: Outgoing
  last: Outgoing
  /** How many requests wait for their turn. */
  waiting: number
}

/** More than any client pipelines that wants answers; each one costs far more memory than its sender paid for it. */
const MOST_WAITING = 512

const pipelines = new WeakMap<object, Pipeline>()

/**
 * Serves the requests of one connection one after the other. Node hands over all requests that a client has pipelined
 * at once; served together they would cost one client's worth of memory each, and a refusal that ends the connection
 * could not stop those behind it. A connection on which too many wait is ended: what Node has read it hands over,
 * paused or not.
 */
export function serveInTurn(incoming: Incoming, outgoing: Outgoing, serve: Serve): void {
  const { socket } = incoming
  const pipeline = pipelines.get(socket)
  if (pipeline === undefined) {
    pipelines.set(socket, { serving: outgoing, last: outgoing, waiting: 0 })
    serve(incoming, outgoing)
    return
  }
  // Node goes on handing over what it had read by then.
  if (socket.destroyed) return
  if (pipeline.waiting === MOST_WAITING) {
    socket.destroy()
    return
  }
  pipeline.waiting++
  const before = pipeline.last
  pipeline.last = outgoing
  if (before.closed) begin(pipeline, incoming, outgoing, serve)
  else before.once('close', () => begin(pipeline, incoming, outgoing, serve))
}

function begin(pipeline: Pipeline, incoming: Incoming, outgoing: Outgoing, serve: Serve): void {
  const { socket } = incoming
  pipeline.waiting--
  // After `Connection: close` whatever follows is no request (RFC 9112 §9.6).
  if (socket.destroyed || socket.writableEnded) return
  pipeline.serving = outgoing
  serve(incoming, outgoing)
}

/** The response that is being written on a connection, or was the last to be. */
export function servingOn(socket: object): Outgoing | undefined {
  return pipelines.get(socket)?.serving
}
