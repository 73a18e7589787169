import type { Dispatcher } from 'undici'

import type { FaultReason, PeerFaultError } from '../errors.ts'
import type { CallEnd } from './call-end.ts'
import type { Peer } from './peer.ts'

/** One request as it goes over the wire. */
export interface ExchangeRequest {
  readonly origin: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** What came back: complete and bounded in size, or with an empty body where the status alone decides. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** Bounds of an {@link exchange}. */
export interface ExchangeBounds {
  readonly maxAnswerBytes: number
  /** The end of the call; its reason is what the exchange then fails with. */
  readonly end: CallEnd
  readonly peer: Peer
  /** Which way requests take, for messages: it follows the name of the server. */
  readonly via: string
}

/** One attempt brought no answer. It stays inside the room: callers get its `fault`. */
export class FailedExchange extends Error {
  override readonly name = 'FailedExchange'
  readonly fault: PeerFaultError
  /** Whether not one byte of an answer was seen. */
  readonly unanswered: boolean
  /** Whether not one byte of the request was sent: it had no connection yet. */
  readonly unsent: boolean

  constructor(fault: PeerFaultError, sight: { unanswered?: boolean; unsent?: boolean } = {}) {
    super(fault.message, { cause: fault })
    this.fault = fault
    this.unanswered = sight.unanswered ?? false
    this.unsent = sight.unsent ?? false
  }
}

// Success, and the statuses whose body may say what was wrong with the question (Onezone API, §9).
const STATUSES_WITH_BODY = new Set([200, 201, 400, 401, 403, 404, 409])

/**
 * Sends one request and reads the whole answer. Rejects with a {@link FailedExchange} or with the reason of the end,
 * and then drops the connection, so that nothing of this answer can become part of the next.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  { maxAnswerBytes, end, peer, via }: ExchangeBounds,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let stage: 'connecting' | 'sent' | 'answering' | 'settled' = 'connecting'
    let connection: Dispatcher.DispatchController | undefined
    let head: Omit<Answer, 'body'> | undefined
    const chunks: Buffer[] = []
    let bytes = 0

    const settle = (outcome: () => void): void => {
      if (stage === 'settled') return
      stage = 'settled'
      end.off(onEnd)
      outcome()
    }
    const fail = (reason: unknown): void => {
      settle(() => {
        if (head === undefined || STATUSES_WITH_BODY.has(head.status)) reject(reason)
        else resolve({ ...head, body: new Uint8Array() })
      })
      connection?.abort(new Error('The answer is of no use any more.'))
    }
    const onEnd = (): void => fail(end.reason)
    const failOversized = (): void => {
      const message = `The answer of ${request.origin} is longer than ${maxAnswerBytes} bytes; see "maxAnswerBytes".`
      fail(new FailedExchange(peer.fault('ANSWER_TOO_LARGE', message)))
    }

    end.on(onEnd)
    // undici's own timeouts begin anew with every read, so a dripping answer never meets them, only this end.
    const options = { ...request, headersTimeout: 0, bodyTimeout: 0 }
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        connection = controller
        // The deadline may have passed while the connection was being made: the token must not leave any more.
        if (stage === 'settled') controller.abort(new Error('The deadline has passed.'))
        else stage = 'sent'
      },
      // The only sign of an answer's first byte: onResponseStart waits for the whole head.
      onResponseStarted() {
        if (stage === 'sent') stage = 'answering'
      },
      onResponseStart(_controller, status, headers) {
        if (status < 200) return
        head = { status, headers }
        if (Number(headers['content-length']) > maxAnswerBytes) failOversized()
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.length
        if (bytes > maxAnswerBytes) failOversized()
        else chunks.push(chunk)
      },
      onResponseEnd() {
        const answer = head && { ...head, body: Buffer.concat(chunks, bytes) }
        if (answer !== undefined) settle(() => resolve(answer))
      },
      onResponseError(_controller, error) {
        // undici tells of the start before it writes: what fails while connecting was not sent.
        const unsent = stage === 'connecting'
        const fault = faultOf(error, { server: request.origin + via, connecting: unsent, peer })
        const unanswered = stage !== 'answering' && isBreak(fault)
        fail(new FailedExchange(fault, { unanswered, unsent }))
      },
    })
  })
}

interface Failure {
  /** How messages call it. */
  readonly server: string
  readonly connecting: boolean
  readonly peer: Peer
}

function faultOf(error: Error, { server, connecting, peer }: Failure): PeerFaultError {
  const code = codeOf(error)
  const fault = (reason: FaultReason, message: string, options?: ErrorOptions): PeerFaultError =>
    peer.fault(reason, `${message} (${code}).`, options)

  if (connecting) {
    const message = `No connection to ${server}; check its address, certificate and network`
    return fault('UNREACHABLE', message, { cause: error })
  }
  // By their names: their classes would have to be loaded.
  if (error.name === 'HeadersOverflowError') {
    return fault('ANSWER_TOO_LARGE', `The headers of ${server} are too long`)
  }
  // No cause: a parser's error carries the bytes that it did not understand.
  if (error.name === 'HTTPParserError' || error.name === 'ResponseContentLengthMismatchError') {
    return fault('ANSWER_INVALID', `What ${server} sent is no answer in HTTP/1.1`)
  }
  const message = `${server} broke the connection before its answer was complete`
  return fault('RESET', message, { cause: error })
}

function isBreak(fault: PeerFaultError): boolean {
  return fault.reason === 'UNREACHABLE' || fault.reason === 'RESET'
}

function codeOf(error: Error): string {
  // undici says so in its message alone.
  const refused = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1]
  if (refused !== undefined) return `the proxy answered ${refused}`
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
