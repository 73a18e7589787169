import type { Duplex } from 'node:stream'

import type { AnswerCode } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Outgoing, Unreadable } from '../listener/index.ts'
import { endsInStages } from '../listener/index.ts'
import { sendRawAnswer } from './send-answer.ts'

const CODES: Readonly<Record<Unreadable, AnswerCode>> = {
  malformed: 'request_invalid',
  'head-too-large': 'headers_too_large',
  tunnel: 'method_not_allowed',
}

const refused = new WeakSet<Duplex>()

/**
 * Ends a connection on which something else than a request came: with an answer, or without one where its bytes would
 * fall into the middle of a response.
 *
 * @param serving The response that is being written on it, or was the last to be.
 */
export function refuseUnreadable(
  socket: Duplex,
  what: Unreadable,
  serving: () => Outgoing | undefined,
): void {
  // One that is being ended says no more that matters.
  if (refused.has(socket) || endsInStages(socket)) return
  refused.add(socket)
  // Nothing else listens any more to a socket that Node has given away.
  socket.on('error', () => {})
  endWith(socket, CODES[what], serving)
}

function endWith(socket: Duplex, code: AnswerCode, serving: () => Outgoing | undefined): void {
  const outgoing = serving()
  if (outgoing !== undefined && !outgoing.writableFinished && !outgoing.destroyed) {
    if (outgoing.req.complete) outgoing.once('close', () => endWith(socket, code, serving))
    else if (outgoing.headersSent) socket.destroy()
    // Gone at once, and with it the request, which may still wait for its decision.
    else sendRawAnswer(socket, answerFor(code), () => socket.destroy())
  } else if (socket.writable) {
    sendRawAnswer(socket, answerFor(code))
  } else {
    socket.destroy()
  }
}
