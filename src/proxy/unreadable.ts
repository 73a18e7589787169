import type { Duplex } from 'node:stream'

import type { Answer, AnswerCode, RequestIds } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Outgoing, Unreadable } from '../listener/index.ts'
import { endsInStages } from '../listener/index.ts'
import { sendRawAnswer } from './send-answer.ts'

const CODES: Readonly<Record<Unreadable, AnswerCode>> = {
  malformed: 'request_invalid',
  target: 'request_invalid',
  version: 'request_invalid',
  field: 'request_invalid',
  length: 'request_invalid',
  chunk: 'request_invalid',
  http2: 'request_invalid',
  'unknown-method': 'method_not_carried',
  late: 'request_timeout',
  'head-too-large': 'headers_too_large',
  tunnel: 'method_not_allowed',
  'plain-http': 'request_invalid',
}

const DETAILS: Partial<Readonly<Record<Unreadable, string>>> = {
  malformed: 'What came is no request of HTTP/1.1.',
  target:
    'The request target has a byte that must be escaped: a blank, a control character or one above 127.',
  version: 'The request line must end in HTTP/1.0 or HTTP/1.1 and CR LF.',
  field:
    'A header field has a name or value that none may have, is folded, or its line ends in another way than CR LF.',
  length: 'The length of the body is said twice, in two ways, or makes no sense.',
  chunk: 'A chunk of the body does not begin with its size in hexadecimal digits and end of line.',
  http2: 'HTTP/2 is spoken over TLS only here, and where it is switched on.',
  'plain-http': 'This port speaks HTTPS, and the request came in plain HTTP.',
}

/** What is known where something else than a request came. */
export interface UnreadableContext {
  /** The response that is being written on the connection, or was the last to be. */
  readonly serving: () => Outgoing | undefined
  readonly requestIdOf: RequestIds
}

const refused = new WeakSet<Duplex>()

/**
 * Ends a connection on which something else than a request came: with an answer, or without one where its bytes would
 * fall into the middle of a response.
 */
export function refuseUnreadable(
  socket: Duplex,
  what: Unreadable,
  { serving, requestIdOf }: UnreadableContext,
): void {
  // One that is being ended says no more that matters.
  if (refused.has(socket) || endsInStages(socket)) return
  refused.add(socket)
  // Nothing else listens any more to a socket that Node has given away.
  socket.on('error', () => {})
  // What came has no fields that anybody could be believed for.
  const requestId = requestIdOf({ rawHeaders: [], remoteAddress: undefined, secure: false })
  endWith(socket, answerFor(CODES[what], { requestId, detail: DETAILS[what] }), serving)
}

function endWith(socket: Duplex, answer: Answer, serving: () => Outgoing | undefined): void {
  const outgoing = serving()
  if (outgoing !== undefined && !outgoing.writableFinished && !outgoing.destroyed) {
    if (outgoing.req.complete) outgoing.once('close', () => endWith(socket, answer, serving))
    else if (outgoing.headersSent) socket.destroy()
    // Gone at once, and with it the request, which may still wait for its decision.
    else sendRawAnswer(socket, answer, () => socket.destroy())
  } else if (socket.writable) {
    sendRawAnswer(socket, answer)
  } else {
    socket.destroy()
  }
}
