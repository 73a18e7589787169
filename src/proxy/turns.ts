import type { Incoming, Outgoing } from '../http-message.ts'

/** Serves one request. */
export type Serve = (incoming: Incoming, outgoing: Outgoing) => void

/** The responses of one connection. */
interface Line {
  /** The one that is being written. */
  serving: Outgoing
  last: Outgoing
  /** How many requests wait for their turn. */
  waiting: number
}

/** More than anybody pipelines who wants answers; each one costs far more memory than its sender paid for it. */
const MOST_WAITING = 512

const lines = new WeakMap<object, Line>()

/**
 * Serves the requests of one connection one after the other. Node hands over all requests that a client has pipelined at
 * once; served together they would cost one client's worth of memory each, and a refusal that ends the connection
 * could not stop those behind it. A connection on which too many wait is ended: what Node has read it hands over, paused or
 * not.
 */
export function inTurn(incoming: Incoming, outgoing: Outgoing, serve: Serve): void {
  const { socket } = incoming
  const line = lines.get(socket)
  if (line === undefined) {
    lines.set(socket, { serving: outgoing, last: outgoing, waiting: 0 })
    serve(incoming, outgoing)
    return
  }
  // Node goes on handing over what it had read by then.
  if (socket.destroyed) return
  if (line.waiting === MOST_WAITING) {
    socket.destroy()
    return
  }
  line.waiting++
  const before = line.last
  line.last = outgoing
  if (before.closed) begin(line, incoming, outgoing, serve)
  else before.once('close', () => begin(line, incoming, outgoing, serve))
}

function begin(line: Line, incoming: Incoming, outgoing: Outgoing, serve: Serve): void {
  const { socket } = incoming
  line.waiting--
  // After `Connection: close` whatever follows is no request (RFC 9112 §9.6).
  if (socket.destroyed || socket.writableEnded) return
  line.serving = outgoing
  serve(incoming, outgoing)
}

/** The response that is being written on a connection, or was the last to be. */
export function servingOn(socket: object): Outgoing | undefined {
  return lines.get(socket)?.serving
}
