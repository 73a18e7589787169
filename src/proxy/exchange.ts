import type { Duplex, Readable } from 'node:stream'

import type { Granted } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { UpstreamController, UpstreamHandler, UpstreamMember } from '../upstream/index.ts'
import { breakOff, drainThenEnd, sendAnswer } from './send-answer.ts'
import { EventStream, hasLength, isEventStream } from './event-stream.ts'
import type { UpstreamEvent } from './events.ts'
import { writeInformation } from './informational.ts'
import type { ForwardInput } from './forward.ts'
import type { Lease } from './open-streams.ts'
import { leaseOf } from './open-streams.ts'
import { MAX_TEXT_BYTES, writeWhole } from './one-write.ts'
import type { FailedAttempt } from './repeating.ts'
import { codeOf, countsAgainstUpstream, mayRepeat } from './repeating.ts'
import { createRequestBody, UploadError } from './request-body.ts'
import type { ResponseFields } from './response-fields.ts'
import { hasBody, rawFieldsOf, responseFields } from './response-fields.ts'
import { upstreamPath } from './route-path.ts'
import { SlowReader } from './slow-reader.ts'
import { meaningOf } from './upstream-failure.ts'
import { upstreamFields } from './upstream-fields.ts'
import { switchProtocols } from './websocket.ts'

const NONE: readonly UpstreamMember[] = []

/** How many informational responses are passed on before an answer. */
const MOST_INFORMATION = 16

/** One request on its way to an upstream, and the response on its way back. */
export class Exchange implements UpstreamHandler {
  readonly #input: ForwardInput
  readonly #decision: Granted
  #member: UpstreamMember | null = null
  #tried: readonly UpstreamMember[] = NONE
  /** Null where the request has none. */
  #body: Readable | null = null
  /** Null until the request is on its way. */
  #controller: UpstreamController | null = null
  /** Null while its client keeps up. */
  #reader: SlowReader | null = null
  #clientGone = false
  #settled = false
  /** Whether a byte of the response has come. */
  #answering = false
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
    this.#input = input
    this.#decision = decision
    input.outgoing.on('close', () => this.#onClose())
  }

  /** Sends the request; also again, to another upstream. */
  send(member: UpstreamMember): void {
    const { incoming, outgoing, record, route, upgrade } = this.#input
    this.#member = member
    this.#controller = null
    const headers = upstreamFields({
      rawHeaders: incoming.rawHeaders,
      record,
      decision: this.#decision,
      policy: route.policy,
      upstreamHost: member.host,
      stripPrefix: route.stripPrefix,
    })
    this.#body =
      record.bodyLength === 0
        ? null
        : createRequestBody(incoming, {
            idleMs: route.timeouts.idleBodyMs,
            maxBytes: route.maxBodyBytes,
            onFirstRead: () => {
              if (record.continueOwed) outgoing.writeContinue()
            },
          })
    member.dispatcher.dispatch(
      {
        origin: member.origin,
        path: upstreamPath(member.basePath, record.path, route.stripPrefix) + record.query,
        method: record.method,
        headers,
        lastHeaders: this.#decision.identityHeaders,
        body: this.#body,
        headersTimeout: route.timeouts.headMs,
        bodyTimeout: route.timeouts.idleBodyMs,
        upgrade: upgrade === null ? null : 'websocket',
      },
      this,
    )
  }

  onRequestStart(controller: UpstreamController): void {
    this.#controller = controller
    if (this.#clientGone) controller.abort(clientGone())
  }

  /** The only sign of the first byte: `onResponseStart` waits for the whole head. */
  onResponseStarted(): void {
    this.#answering = true
  }

  onResponseStart(controller: UpstreamController, status: number): void {
    this.#answering = true
    if (status < 200) return this.#inform(controller, status)
    const { outgoing, record } = this.#input
    const { fields, delimited, length } = this.#readFields(controller, status)
    this.#length = length
    this.#openEnded = !delimited || record.httpVersion === '1.0'
    if (!delimited && hasBody(status, record.method)) {
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

  #readFields(controller: UpstreamController, status: number): ResponseFields {
    const { incoming, outgoing, route } = this.#input
    // A client that is still sending cannot use the connection for another request.
    if (this.#body !== null && !incoming.complete) outgoing.shouldKeepAlive = false
    return responseFields(rawFieldsOf(controller), status, route.policy)
  }

  onResponseWhole(controller: UpstreamController, status: number, body: string): void {
    this.#answering = true
    this.#started = true
    const { outgoing, record } = this.#input
    const { fields, length } = this.#readFields(controller, status)
    // Chunks were for this hop; whoever knows the length says it.
    if (length === -1 && hasBody(status, record.method)) {
      fields.push('Content-Length', String(body.length))
    }
    outgoing.writeHead(status, fields)
    if (body !== '') writeWhole(outgoing, body)
    this.#settle('ok')
    this.#finish()
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    const whole = !this.#started && chunk.length === this.#length
    this.#started = true
    // Copies, because the transport reads into the same memory again.
    if (this.#stream?.held === true) return this.#stream.keep(Buffer.from(chunk))
    const { outgoing } = this.#input
    if (whole && chunk.length <= MAX_TEXT_BYTES) {
      writeWhole(outgoing, chunk.toString('latin1'))
      return
    }
    if (outgoing.write(Buffer.from(chunk))) return
    controller.pause()
    this.#awaitReader(controller)
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
    if (this.#body !== null && !incoming.complete) {
      this.#body.destroy()
      drainThenEnd(incoming, outgoing)
    } else {
      outgoing.end()
    }
    if (outgoing.writableLength > 0 && !outgoing.destroyed) this.#limitedReader().limit()
  }

  onResponseError(_controller: UpstreamController, error: Error): void {
    this.#body?.destroy()
    if (this.#settled) return
    if (this.#clientGone) {
      this.#settle('aborted')
      return
    }
    const { incoming, outgoing, record, route, logger } = this.#input
    const { outcome, code } = meaningOf(error)
    const next = this.#nextAfter(error)
    this.#settle(outcome, { error, retried: next !== null })
    this.#stream?.ended('upstream')
    // Not the error itself: undici's carry what the upstream sent.
    const facts = { route: route.id, upstream: this.#member?.url, outcome, cause: codeOf(error) }
    if (next !== null) {
      logger.debug(facts, 'a request to the upstream failed and is sent again')
      process.nextTick(sendAgain, this, next)
      return
    }
    logger.warn({ ...facts, reason: error.message }, 'a request to the upstream failed')
    if (outgoing.headersSent) breakOff(incoming, this.#openEnded)
    else sendAnswer(incoming, outgoing, answerFor(code), { bodyLength: record.bodyLength })
  }

  /** Sends a request again that had failed, unless its client has gone away since. */
  sendAgain(member: UpstreamMember): void {
    if (this.#input.outgoing.destroyed) return
    this.#settled = false
    this.send(member)
  }

  onRequestUpgrade(
    controller: UpstreamController,
    _status: number,
    _headers: unknown,
    upstream: Duplex,
  ): void {
    const { upgrade } = this.#input
    this.#answering = true
    upstream.on('error', () => {}) // undici has let go of it
    const rawFields = rawFieldsOf(controller)
    const lease = this.#lease()
    if (
      upgrade !== null &&
      !this.#clientGone &&
      switchProtocols({ ...this.#input, upgrade, upstream, rawFields, lease })
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
      resume: () => {
        if (outgoing.writableNeedDrain) this.#awaitReader(controller)
        else controller.resume()
      },
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
    } else if (record.httpVersion !== '1.0' && this.#informed++ < MOST_INFORMATION) {
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
    this.#reader?.forget()
    this.#stream?.ended('client')
    if (this.#settled) return
    this.#clientGone = true
    if (this.#controller === null) this.#body?.destroy()
    else this.#controller.abort(clientGone())
  }

  /** Where a request that failed is sent next; null: nowhere, because that is not safe, or not worth it. */
  #nextAfter(error: Error): UpstreamMember | null {
    const { upstreams } = this.#input.route
    const member = this.#member
    if (member === null || this.#tried.length >= upstreams.retries) return null
    if (!mayRepeat(this.#attemptThat(error))) return null
    this.#tried = [...this.#tried, member]
    const next = upstreams.another(this.#tried)
    return next !== null && upstreams.budget.spend() ? next : null
  }

  #attemptThat(error: Error): FailedAttempt {
    const { method } = this.#input.record
    const connected = this.#controller?.connected ?? this.#controller !== null
    return { method, hasBody: this.#body !== null, connected, answering: this.#answering, error }
  }

  #settle(
    outcome: UpstreamEvent['outcome'],
    failure: { readonly error: Error; readonly retried: boolean } | null = null,
  ): void {
    const { route, onUpstream } = this.#input
    const member = this.#member
    if (this.#settled || member === null) return
    this.#settled = true
    const failed = failure !== null && countsAgainstUpstream(this.#attemptThat(failure.error))
    if (outcome === 'ok' || failed) route.upstreams.settle(member, failed ? 'failed' : 'answered')
    const event = { routeId: route.id, outcome }
    onUpstream(failure?.retried === true ? { ...event, retried: true } : event)
  }

  /** Goes on with the response when its client has read what was sent. Parts that still come meanwhile change nothing. */
  #awaitReader(controller: UpstreamController): void {
    this.#limitedReader().await(() => {
      if (this.#stream?.held !== true) controller.resume()
    })
  }

  #limitedReader(): SlowReader {
    const { incoming, outgoing, route } = this.#input
    const { idleBodyMs } = route.timeouts
    const openEnded = this.#openEnded
    return (this.#reader ??= new SlowReader({ incoming, outgoing, idleBodyMs, openEnded }))
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flushHead()
}

function sendAgain(exchange: Exchange, member: UpstreamMember): void {
  exchange.sendAgain(member)
}

function clientGone(): UploadError {
  return new UploadError('client', 'the client went away')
}
