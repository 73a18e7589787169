import type { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

import type { AnswerCode } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Incoming, Outgoing } from '../http-message.ts'
import { isWritten, sendRawAnswer } from './answering.ts'
import { recordOf } from './request-record.ts'
import type { Serve } from './turns.ts'
import { servingOn } from './turns.ts'
import type { ServeUpgrade } from './upgrades.ts'
import { onUpgrade } from './upgrades.ts'

/**
 * Makes a server hand its requests straight to the proxy, and settles everything that does not arrive as an ordinary one:
 * expectations, CONNECT, WebSockets, bytes that are no HTTP. Call it once, before other listeners are added and before the
 * server listens. There must be no other `upgrade` listener.
 */
export function hardenServer(server: Server, serve: Serve, serveUpgrade: ServeUpgrade): void {
  // A limit of Node's own hides fields that still frame the body (CVE-2026-58044); the proxy counts for itself.
  server.maxHeadersCount = 0
  // Past the app's adapter: it makes a Request and a Response that nobody looks at, and refuses some requests itself.
  server.removeAllListeners('request').on('request', serve)
  const events: EventEmitter = server
  events.on('checkContinue', (incoming: Incoming, outgoing: Outgoing) => {
    const record = recordOf(incoming)
    if (typeof record !== 'string') record.continueOwed = record.bodyLength !== 0
    events.emit('request', incoming, outgoing)
  })
  events.on('checkExpectation', (incoming: Incoming, outgoing: Outgoing) => {
    events.emit('request', incoming, outgoing)
  })
  server.on('connect', (_incoming: Incoming, socket: Duplex) => {
    refuse(socket, 'method_not_allowed')
  })
  onUpgrade(server, serveUpgrade)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    refuse(socket, error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'request_invalid')
  })
}

const refused = new WeakSet<Duplex>()

function refuse(socket: Duplex, code: AnswerCode): void {
  if (refused.has(socket)) return
  refused.add(socket)
  // Nothing else listens any more to a socket that Node has given away.
  socket.on('error', () => {})
  endWith(socket, code)
}

/** Ends a connection with an answer, or without one where its bytes would fall into the middle of a response. */
function endWith(socket: Duplex, code: AnswerCode): void {
  const serving = servingOn(socket)
  if (serving !== undefined && !serving.writableFinished && !serving.destroyed) {
    if (isWritten(serving)) serving.end()
    else if (serving.req.complete) serving.once('close', () => endWith(socket, code))
    else if (serving.headersSent) socket.destroy()
    else sendRawAnswer(socket, answerFor(code))
  } else if (socket.writable) {
    sendRawAnswer(socket, answerFor(code))
  } else {
    socket.destroy()
  }
}
