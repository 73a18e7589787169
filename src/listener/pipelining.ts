import type { Serve } from './door.ts'
import type { Incoming, IncomingSocket, Outgoing } from './http-message.ts'

/** The responses of one connection. */
interface Pipeline {
  /** The one that is being written. */
  serving: Outgoing
  last: Outgoing
  /** How many requests wait for their turn. */
  waiting: number
  /** What their heads take, in bytes. */
  waitingBytes: number
  /** Whether nothing is read because of that. */
  paused: boolean
}

/** More than any client pipelines that wants answers; each one costs far more memory than its sender paid for it. */
const MOST_WAITING = 512

/** With so many bytes of heads waiting, reading stops: the rest of a queue may stay where it costs its sender. */
const MOST_WAITING_BYTES = 64 * 1024

const pipelines = new WeakMap<object, Pipeline>()

/**
 * Serves the requests of one connection one after the other. Node hands over all requests that a client has pipelined
 * at once; served together they would cost one client's worth of memory each, and a refusal that ends the connection
 * could not stop those behind it. Beyond so many bytes of waiting heads nothing more is read; a connection on which too
 * many wait even so is ended, because what Node has read it hands over, paused or not.
 */
export function serveInTurn(incoming: Incoming, outgoing: Outgoing, serve: Serve): void {
  const { socket } = incoming
  const pipeline = pipelines.get(socket)
  if (pipeline === undefined) {
    pipelines.set(socket, {
      serving: outgoing,
      last: outgoing,
      waiting: 0,
      waitingBytes: 0,
      paused: false,
    })
    void serve(incoming, outgoing)
    return
  }
  // Node goes on handing over what it had read by then.
  if (socket.destroyed) return
  if (pipeline.waiting === MOST_WAITING) {
    socket.destroy()
    return
  }
  pipeline.waiting++
  const bytes = headBytes(incoming)
  pipeline.waitingBytes += bytes
  if (pipeline.waitingBytes > MOST_WAITING_BYTES) pauseSoon(pipeline, socket)
  const before = pipeline.last
  pipeline.last = outgoing
  const turn = (): void => {
    pipeline.waiting--
    pipeline.waitingBytes -= bytes
    begin(pipeline, incoming, outgoing, serve)
  }
  if (before.closed) turn()
  else before.once('close', turn)
}

function begin(pipeline: Pipeline, incoming: Incoming, outgoing: Outgoing, serve: Serve): void {
  const { socket } = incoming
  if (pipeline.paused && pipeline.waitingBytes <= MOST_WAITING_BYTES / 2) {
    pipeline.paused = false
    socket.resume?.()
  }
  // After `Connection: close` whatever follows is no request (RFC 9112 §9.6).
  if (socket.destroyed || socket.writableEnded) return
  pipeline.serving = outgoing
  void serve(incoming, outgoing)
}

/** Each time that a request comes: when one is complete Node reads on, which takes effect in the next tick. */
function pauseSoon(pipeline: Pipeline, socket: IncomingSocket): void {
  pipeline.paused = true
  const pause = (): void => {
    if (pipeline.paused) socket.pause?.()
  }
  process.nextTick(() => process.nextTick(pause))
}

/** The response that is being written on a connection, or was the last to be. */
export function servingOn(socket: object): Outgoing | undefined {
  return pipelines.get(socket)?.serving
}

function headBytes({ url = '', rawHeaders }: Incoming): number {
  let bytes = url.length
  for (const text of rawHeaders) bytes += text.length
  return bytes
}
