import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex, Readable } from 'node:stream'

import type { AnswerCode, AuthenticationRequest, Granted } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Logger } from '../logger.ts'
import type { UpstreamController, UpstreamHandler } from '../upstream/index.ts'
import { drainThenEnd, sendAnswer } from './answering.ts'
import { EventStream, hasLength, isEventStream } from './event-stream.ts'
import type { UpstreamEvent } from './events.ts'
import { writeInformation } from './informational.ts'
import type { Lease, OpenStreams } from './open-streams.ts'
import { leaseOf } from './open-streams.ts'
import { createRequestBody, UploadError } from './request-body.ts'
import type { RequestRecord } from './request-record.ts'
import { responseFields } from './response-fields.ts'
import type { CompiledRoute } from './routes.ts'
import { upstreamFields } from './upstream-fields.ts'
import type { Handshake } from './websocket-handshake.ts'
import { switchProtocols } from './websocket.ts'

/** One request, and what is needed to carry it to its upstream. */
export interface ForwardInput {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly record: RequestRecord
  /** What was decided on, to be decided on again while its response goes on. */
  readonly request: AuthenticationRequest
  readonly route: CompiledRoute
  readonly streams: OpenStreams
  /** Null: not for a WebSocket. */
  readonly handshake: Handshake | null
  readonly logger: Logger
  readonly onUpstream: (event: UpstreamEvent) => void
}

/** Codes of the transport, of undici and of the system that mean "took too long"; all others mean "refused, broke off or garbled". */
const TIMEOUTS: ReadonlySet<unknown> = new Set([
  'ERR_UPSTREAM_CONNECT_TIMEOUT',
  'ERR_UPSTREAM_HEAD_TIMEOUT',
  'ERR_UPSTREAM_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

/** Longest body that leaves as one text with its head, in bytes: what Node writes without allocating. */
const MAX_TEXT_BYTES = 12 * 1024

/**
 * Carries a request to its upstream and the response back, as streams: neither body is ever held, each side waits for
 * the slower one, and the end of one side ends the other. No redirect is followed and nothing is decoded.
 */
export function forward(input: ForwardInput, decision: Granted): void {
  const { incoming, record, route } = input
  const exchange = new Exchange(input, decision)
  const headers = upstreamFields({
    rawHeaders: incoming.rawHeaders,
    record,
    decision,
    policy: route.policy,
    upstreamHost: route.upstreamHost,
  })
  route.dispatcher.dispatch(
    {
      origin: route.origin,
      path: route.basePath + record.path + record.query,
      method: record.method,
      headers,
      body: exchange.body,
      headersTimeout: route.timeouts.headMs,
      bodyTimeout: route.timeouts.idleBodyMs,
      upgrade: input.handshake === null ? null : 'websocket',
    },
    exchange,
  )
}

/** How many informational responses are passed on before an answer. */
const MOST_INFORMATION = 16

/** A class, because the transport wants an object with methods and there is one for every request. */
class Exchange implements UpstreamHandler {
  /** Null where the request has none. */
  readonly body: Readable | null
  readonly #input: ForwardInput
  readonly #decision: Granted
  #controller: UpstreamController | null = null
  #stall: NodeJS.Timeout | null = null
  #clientGone = false
  #settled = false
  /** Whether more than the head of the response has come. */
  #started = false
  /** Length of the response's body as the upstream says it; -1: it does not. */
  #length = -1
  /** Whether the end of the connection is the end of the body. */
  #openEnded = false
  /** Set where the response goes on for as long as it likes. */
  #stream: EventStream | null = null
  #informed = 0

  constructor(input: ForwardInput, decision: Granted) {
    const { incoming, outgoing, record, route } = input
    this.#input = input
    this.#decision = decision
    this.body =
      record.bodyLength === 0
        ? null
        : createRequestBody(incoming, {
            idleMs: route.timeouts.idleBodyMs,
            onFirstRead: () => {
              if (record.continueOwed) outgoing.writeContinue()
            },
          })
    outgoing.on('close', () => this.#onClose())
  }

  onRequestStart(controller: UpstreamController): void {
    this.#controller = controller
    if (this.#clientGone) controller.abort(clientGone())
  }

  onResponseStart(controller: UpstreamController, status: number): void {
    if (status < 200) return this.#inform(controller, status)
    const { incoming, outgoing, record, route } = this.#input
    const { fields, delimited, length } = responseFields(
      rawFieldsOf(controller),
      status,
      route.policy,
    )
    // A client that is still sending cannot use the connection for another request.
    if (this.body !== null && !incoming.complete) outgoing.shouldKeepAlive = false
    this.#length = length
    this.#openEnded = !delimited || record.httpVersion === '1.0'
    if (!delimited && status !== 204 && status !== 304 && record.method !== 'HEAD') {
      // Nobody knows whether this body is complete when it ends, so chunks must not say that it is.
      outgoing.shouldKeepAlive = false
      outgoing.removeHeader('Transfer-Encoding')
    }
    outgoing.writeHead(status, fields)
    if (status === 200 && record.method !== 'HEAD' && isEventStream(fields)) {
      this.#beginStream(controller, hasLength(fields))
    }
    // The body mostly comes in the same turn, and then both leave in one packet.
    process.nextTick(flushHead, this)
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    const whole = !this.#started && chunk.length === this.#length
    this.#started = true
    // Copies, because the transport reads into the same memory again.
    if (this.#stream?.held === true) return this.#stream.keep(Buffer.from(chunk))
    const { outgoing } = this.#input
    if (whole && chunk.length <= MAX_TEXT_BYTES) {
      writeWhole(outgoing, chunk)
      return
    }
    if (outgoing.write(Buffer.from(chunk))) return
    controller.pause()
    this.#awaitReader()
    outgoing.once('drain', () => {
      this.#forgetReader()
      if (this.#stream?.held !== true) controller.resume()
    })
  }

  onResponseEnd(): void {
    this.#started = true
    if (this.#stream?.held === true) return this.#stream.keepEnd(() => this.onResponseEnd())
    this.#settle('ok')
    this.#stream?.ended('upstream')
    this.#finish()
  }

  /** Ends the response as complete. */
  #finish(): void {
    const { incoming, outgoing } = this.#input
    if (this.body !== null && !incoming.complete) {
      this.body.destroy()
      drainThenEnd(incoming, outgoing)
    } else {
      outgoing.end()
    }
    if (outgoing.writableLength > 0) this.#awaitReader()
  }

  onResponseError(_controller: UpstreamController, error: Error): void {
    this.body?.destroy()
    if (this.#settled) return
    if (this.#clientGone) {
      this.#settle('aborted')
      return
    }
    const { incoming, outgoing, record, route, logger } = this.#input
    const { outcome, code } = judge(error)
    this.#settle(outcome)
    this.#stream?.ended('upstream')
    // Not the error itself: undici's carry what the upstream sent.
    const cause = 'code' in error ? error.code : error.name
    logger.warn(
      { route: route.id, outcome, cause, reason: error.message },
      'a request to the upstream failed',
    )
    if (outgoing.headersSent) breakOff(incoming, this.#openEnded)
    else sendAnswer(incoming, outgoing, answerFor(code), { bodyLength: record.bodyLength })
  }

  onRequestUpgrade(
    controller: UpstreamController,
    _status: number,
    _headers: unknown,
    upstream: Duplex,
  ): void {
    const { handshake } = this.#input
    upstream.on('error', () => {}) // undici has let go of it
    const rawFields = rawFieldsOf(controller)
    const lease = this.#lease()
    if (
      handshake !== null &&
      !this.#clientGone &&
      switchProtocols({ ...this.#input, handshake, upstream, rawFields, lease })
    ) {
      this.#settle('ok')
    } else {
      upstream.destroy()
      this.onResponseError(controller, new Error('the upstream garbled the WebSocket handshake'))
    }
  }

  #lease(): Lease | null {
    const { request, route } = this.#input
    return leaseOf(this.#decision, request, (again) => route.authenticator.authenticate(again))
  }

  #beginStream(controller: UpstreamController, isCounted: boolean): void {
    const { incoming, outgoing, route, streams } = this.#input
    const stream = new EventStream({
      outgoing,
      hasLength: isCounted,
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      finish: () => {
        this.#settle('aborted')
        controller.abort(new Error('the stream was ended'))
        if (!isCounted) this.#finish()
      },
      breakOff: () => breakOff(incoming, this.#openEnded),
    })
    this.#stream = stream
    stream.ended = streams.open(stream, { kind: 'event-stream', routeId: route.id }, this.#lease())
  }

  #inform(controller: UpstreamController, status: number): void {
    const { outgoing, record, route } = this.#input
    if (status === 101) {
      controller.abort(new Error('the upstream switched protocols unasked'))
    } else if (record.httpVersion === '1.1' && this.#informed++ < MOST_INFORMATION) {
      const rawFields = rawFieldsOf(controller)
      writeInformation(outgoing, status, responseFields(rawFields, status, route.policy).fields)
    }
  }

  /** Sends the head of a response whose body is yet to come. */
  flushHead(): void {
    const { outgoing } = this.#input
    if (!this.#started && !outgoing.destroyed) outgoing.flushHeaders()
  }

  #onClose(): void {
    this.#forgetReader()
    this.#stream?.ended('client')
    if (this.#settled) return
    this.#clientGone = true
    if (this.#controller === null) this.body?.destroy()
    else this.#controller.abort(clientGone())
  }

  #settle(outcome: UpstreamEvent['outcome']): void {
    if (this.#settled) return
    this.#settled = true
    this.#input.onUpstream({ routeId: this.#input.route.id, outcome })
  }

  #awaitReader(): void {
    const { incoming, route } = this.#input
    const { idleBodyMs } = route.timeouts
    if (idleBodyMs === 0) return
    this.#stall = setTimeout(() => breakOff(incoming, this.#openEnded), idleBodyMs).unref()
  }

  #forgetReader(): void {
    if (this.#stall !== null) clearTimeout(this.#stall)
    this.#stall = null
  }
}

/**
 * Writes head and body as one text, and at once: one system call that copies, where two buffers would be gathered. Latin-1
 * text is bytes.
 */
function writeWhole(outgoing: ServerResponse, body: Buffer): void {
  outgoing.write(body.toString('latin1'), 'latin1')
  // Node corks until the end of the turn, to gather what else may come; nothing will.
  outgoing.socket?.uncork()
}

function rawFieldsOf({ rawHeaders }: UpstreamController): (Buffer | string)[] {
  return Array.isArray(rawHeaders) ? rawHeaders : []
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead()
}

function judge(error: Error): { outcome: UpstreamEvent['outcome']; code: AnswerCode } {
  if (error instanceof UploadError && error.side === 'client') {
    return { outcome: 'aborted', code: 'request_invalid' }
  }
  const late = error instanceof UploadError || ('code' in error && TIMEOUTS.has(error.code))
  return late
    ? { outcome: 'timeout', code: 'upstream_timeout' }
    : { outcome: 'unreachable', code: 'upstream_unreachable' }
}

/** Breaks a response off so that it cannot be taken for a complete one. */
function breakOff({ socket }: IncomingMessage, openEnded: boolean): void {
  if (openEnded && !('encrypted' in socket)) socket.resetAndDestroy()
  else socket.destroy()
}

function clientGone(): UploadError {
  return new UploadError('client', 'the client went away')
}
