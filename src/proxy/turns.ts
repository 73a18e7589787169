import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** The responses of one connection. */
interface Line {
  /** The one that is being written. */
  serving: ServerResponse
  last: ServerResponse
}

const lines = new WeakMap<Duplex, Line>()

/**
 * Serves the requests of one connection one after the other. Node hands over all requests that a client has pipelined at
 * once; served together they would cost one client's worth of memory each, and a refusal that ends the connection
 * could not stop those behind it.
 */
export function inTurn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  serve: () => void,
): void {
  const { socket } = incoming
  const line = lines.get(socket)
  if (line === undefined) {
    lines.set(socket, { serving: outgoing, last: outgoing })
    serve()
    return
  }
  const before = line.last
  line.last = outgoing
  const begin = (): void => {
    // After `Connection: close` whatever follows is no request (RFC 9112 §9.6).
    if (socket.destroyed || socket.writableEnded) return
    line.serving = outgoing
    serve()
  }
  if (before.closed) begin()
  else before.once('close', begin)
}

/** The response that is being written on a connection, or was the last to be. */
export function servingOn(socket: Duplex): ServerResponse | undefined {
  return lines.get(socket)?.serving
}
