import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'

import type { Door, Serve, Unreadable } from './door.ts'
import type { Incoming, Outgoing } from './http-message.ts'
import { isOfOtherProtocol } from './other-protocol.ts'
import { serveInTurn, servingOn } from './pipelining.ts'
import { serveUpgradeInTurn } from './upgrade.ts'

/** Told of what arrives, before it has its turn. */
export interface Arrivals {
  readonly onRequest: (incoming: Incoming, outgoing: Outgoing) => void
  readonly onUpgrade: (incoming: Incoming, socket: Duplex) => void
}

/**
 * Lets a door answer what an HTTP server of Node's hands over. The server's requests must be of the door's class.
 *
 * @param doorNow Finds the door that answers what arrives now.
 */
export function attachDoor(
  server: Server | TlsServer,
  doorNow: () => Door,
  arrivals: Arrivals | null = null,
): void {
  const first = doorNow()
  // A limit makes Node 20 hide fields that still frame the body (CVE-2026-58044); the doors count for themselves.
  server.maxHeadersCount = 0
  // Who has sent its last byte may still read the answer; Node would take its connection away.
  Object.assign(server, { httpAllowHalfOpen: true })

  function on(event: 'request' | 'checkContinue' | 'checkExpectation', serve: () => Serve): void {
    server.on(event, (incoming: IncomingMessage, outgoing: ServerResponse) => {
      denyOtherProtocol(incoming)
      arrivals?.onRequest(incoming, outgoing)
      serveInTurn(incoming, outgoing, serve())
    })
  }
  on('request', () => doorNow().serve)
  // A listener of ours alone would take these away from Node.
  if (first.checkContinue !== undefined) on('checkContinue', () => continueOf(doorNow()))
  if (first.checkExpectation !== undefined) {
    on('checkExpectation', () => doorNow().checkExpectation ?? doorNow().serve)
  }
  if (first.upgrade !== undefined) {
    server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      denyOtherProtocol(incoming)
      arrivals?.onUpgrade(incoming, socket)
      const { upgrade } = doorNow()
      if (upgrade === undefined) socket.destroy()
      else serveUpgradeInTurn(incoming, head, upgrade)
    })
  }
  if (first.unreadable !== undefined) {
    server.on('connect', (_incoming: IncomingMessage, socket: Duplex) => {
      doorNow().unreadable?.(socket, 'tunnel', () => servingOn(socket))
    })
    server.on('clientError', (error: ClientError, socket: Duplex) => {
      doorNow().unreadable?.(socket, whatCame(error), () => servingOn(socket))
    })
  }
}

/** Takes away a version that is none of HTTP's, so that the door refuses the request for having none. */
function denyOtherProtocol(incoming: IncomingMessage): void {
  if (incoming.httpVersion === '1.0' && isOfOtherProtocol(incoming)) incoming.httpVersion = ''
}

/** Why Node's parser gave up, and on what. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/** A whole request line, whatever its method (RFC 9112 §3). */
const REQUEST_LINE = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64} [!-~]+ HTTP\/1\.[01]\r?$/

function whatCame({ code, rawPacket, bytesParsed = 0 }: ClientError): Unreadable {
  if (code === 'HPE_HEADER_OVERFLOW') return 'head-too-large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'late'
  if (code !== 'HPE_INVALID_METHOD' || rawPacket === undefined) return 'malformed'
  const start = rawPacket.lastIndexOf('\n', Math.max(0, bytesParsed - 1)) + 1
  const end = rawPacket.indexOf('\n', start)
  // Anything else could be bytes of a body whose length was read in another way.
  const line = end === -1 ? '' : rawPacket.toString('latin1', start, end)
  return REQUEST_LINE.test(line) ? 'unknown-method' : 'malformed'
}

/** What a door does with a request whose client waits to be told to go on. */
export function continueOf({ checkContinue, serve }: Door): Serve {
  return checkContinue ?? serve
}
