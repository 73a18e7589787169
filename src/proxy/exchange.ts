import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'

import type { Granted } from '../authenticator/index.ts'
import type { UpstreamController, UpstreamHandler, UpstreamMember } from '../upstream/index.ts'
import type { DeliveryOwner } from './delivery.ts'
import { Delivery } from './delivery.ts'
import type { UpstreamEvent } from './events.ts'
import type { ExchangeInput } from './exchange-input.ts'
import type { Lease } from './open-streams.ts'
import { leaseOf } from './open-streams.ts'
import { MOST_READ_AHEAD_BYTES, readAhead } from './read-ahead.ts'
import type { FailedAttempt } from './repeating.ts'
import { codeOf, countsAgainstUpstream, mayRepeat } from './repeating.ts'
import { createRequestBody, heldRequestBody, textOf, UploadError } from './request-body.ts'
import { answerOf } from './request-trace.ts'
import { rawFieldsOf } from './response-fields.ts'
import { breakOff, refusalOptions, sendAnswer } from './send-answer.ts'
import { meaningOf } from './upstream-failure.ts'
import { upstreamRequest } from './upstream-request.ts'
import { switchProtocols } from './websocket.ts'

const NONE: readonly UpstreamMember[] = []

/**
 * One request on its way to an upstream: as streams, so that no body is ever held, each side waits for the slower one,
 * and the end of one side ends the other. No redirect is followed and nothing is decoded. A request that failed is sent
 * again where that is safe.
 */
export class Exchange implements UpstreamHandler, DeliveryOwner {
  readonly #input: ExchangeInput
  readonly #decision: Granted
  #member: UpstreamMember | null = null
  #tried: readonly UpstreamMember[] = NONE
  /** Null where the request has none. */
  #body: Readable | null = null
  /** A body that was read from before it was sent, and so cannot be sent twice. */
  #begun: Readable | null = null
  /** All of a body, where that has come already. */
  #whole: Buffer | null = null
  /** Null until the request is on its way. */
  #controller: UpstreamController | null = null
  /** Null until a response comes. */
  #delivery: Delivery | null = null
  #clientGone = false
  #settled = false
  /** Whether a byte of the response has come. */
  #answering = false

  constructor(input: ExchangeInput, decision: Granted) {
    this.#input = input
    this.#decision = decision
    this.#whole = input.held
    input.outgoing.on('close', () => this.#onClose())
  }

  /** Sends the request to the upstream whose turn it is; with a short body, when all of that has come. */
  begin(): void {
    const { incoming, record, route, upgrade } = this.#input
    const { bodyLength, continueOwed } = record
    route.upstreams.budget.earn()
    const isShort = bodyLength !== null && bodyLength > 0 && bodyLength <= MOST_READ_AHEAD_BYTES
    const isThere = this.#whole !== null || (incoming.wholeBody ?? null) !== null
    if (isShort && !continueOwed && upgrade === null && !isThere) {
      this.#readAhead()
    } else {
      this.#send(route.upstreams.pick())
    }
  }

  /** Reads a short body before a connection is taken, which a client that is slow over it would keep from others. */
  #readAhead(): void {
    const { incoming, outgoing, route } = this.#input
    const body = createRequestBody(incoming, {
      idleMs: route.timeouts.idleBodyMs,
      maxBytes: route.maxBodyBytes,
      onFirstRead: () => {},
    })
    this.#body = body
    const send = (): void => this.#send(route.upstreams.pick())
    readAhead(body, {
      isCrowded: () => route.upstreams.members.some(({ dispatcher }) => dispatcher.isCrowded),
      onWhole: (whole) => {
        this.#body = null
        this.#whole = whole
        if (!outgoing.destroyed) send()
      },
      onLate: () => {
        this.#begun = body
        send()
      },
      onLost: (error) => this.#onBodyLost(error),
    })
  }

  /** The client did not send a short body to its end. */
  #onBodyLost(error: Error): void {
    const { incoming, outgoing, record, trace } = this.#input
    this.#settled = true
    if (outgoing.destroyed) return
    const answer = answerOf(trace, meaningOf(error).code)
    sendAnswer(incoming, outgoing, answer, { bodyLength: record.bodyLength })
  }

  #send(member: UpstreamMember): void {
    const { incoming, record, trace, timed } = this.#input
    this.#member = member
    trace.upstream = member.url
    if (timed !== null) trace.sentAtMs ??= timed.monotonic()
    this.#controller = null
    // The expectation is the upstream's to answer (RFC 9110 §10.1.1), unless it cannot be told of it.
    const asked = record.continueOwed && member.dispatcher.asksBeforeBody === true
    const whole = this.#whole ?? incoming.wholeBody ?? null
    const bodyText = textOf(whole, member)
    const body =
      record.bodyLength === 0 || bodyText !== undefined ? null : this.#bodyAsStream(asked)
    this.#body = body
    const request = upstreamRequest(this.#input, this.#decision, member, { body, bodyText, asked })
    member.dispatcher.dispatch(request, this)
  }

  #bodyAsStream(asked: boolean): Readable {
    const { incoming, outgoing, record, route } = this.#input
    if (this.#whole !== null) return heldRequestBody(this.#whole)
    if (this.#begun !== null) return this.#begun
    return createRequestBody(incoming, {
      idleMs: route.timeouts.idleBodyMs,
      maxBytes: route.maxBodyBytes,
      onFirstRead: () => {
        if (record.continueOwed && !asked) outgoing.writeContinue()
      },
    })
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
    const delivery = this.#deliveryOf(controller, status)
    if (status < 200) delivery.inform(status)
    else delivery.begin(status)
  }

  onResponseWhole(controller: UpstreamController, status: number, body: string): void {
    this.#deliveryOf(controller, status).deliverWhole(status, body)
  }

  onResponseData(_controller: UpstreamController, chunk: Buffer): void {
    this.#delivery?.pass(chunk)
  }

  onResponseEnd(): void {
    this.#delivery?.end()
  }

  #deliveryOf(controller: UpstreamController, status: number): Delivery {
    this.#answering = true
    const { timed, trace } = this.#input
    if (timed !== null) trace.answeredAtMs ??= timed.monotonic()
    trace.span?.answered(status)
    return (this.#delivery ??= new Delivery(this.#input, this.#body, controller, this))
  }

  onDelivered(): void {
    this.#settle('ok')
  }

  onGivenUp(): void {
    this.#settle('aborted')
  }

  onResponseError(_controller: UpstreamController, error: Error): void {
    this.#body?.destroy()
    if (this.#settled) return
    if (this.#clientGone) {
      this.#settle('aborted')
      return
    }
    const { incoming, outgoing, record, route, trace, logger, limited } = this.#input
    const { requestId } = trace
    const { outcome, code } = meaningOf(error)
    const next = this.#nextAfter(error)
    this.#settle(outcome, { error, retried: next !== null })
    this.#delivery?.onUpstreamGone()
    // Not the error itself: undici's carry what the upstream sent.
    const cause = codeOf(error)
    const facts = { route: route.id, requestId, upstream: this.#member?.url, outcome, cause }
    if (next !== null) {
      logger.debug(facts, 'a request to the upstream failed and is sent again')
      process.nextTick(sendAgain, this, next)
      return
    }
    limited(`${route.id} ${outcome} ${String(cause)}`, (omitted) => {
      const line = { ...facts, omitted, reason: error.message }
      logger.warn(line, 'a request to the upstream failed')
    })
    if (outgoing.headersSent) breakOff(incoming, this.#delivery?.openEnded === true)
    else
      sendAnswer(incoming, outgoing, answerOf(trace, code), refusalOptions(incoming, record, route))
  }

  /** Sends a request again that had failed, unless its client has gone away since. */
  sendAgain(member: UpstreamMember): void {
    if (this.#input.outgoing.destroyed) return
    this.#settled = false
    this.#send(member)
  }

  onRequestUpgrade(
    controller: UpstreamController,
    _status: number,
    _headers: unknown,
    upstream: Duplex,
  ): void {
    const { upgrade, incoming } = this.#input
    this.#answering = true
    // One that has ended in this turn is told of only behind it.
    if (incoming.socket.destroyed) this.#clientGone = true
    upstream.on('error', () => {}) // who made it has let go of it
    const rawFields = rawFieldsOf(controller)
    const lease = this.lease()
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

  lease(): Lease | null {
    const { request, route } = this.#input
    return leaseOf(this.#decision, request, (again) => route.authenticator.authenticate(again))
  }

  #onClose(): void {
    this.#delivery?.onClientGone()
    if (this.#settled) return
    this.#clientGone = true
    if (this.#controller === null) this.#body?.destroy()
    else this.#controller.abort(clientGone())
  }

  /** Where a request that failed is sent next; null: nowhere, because that is not safe, or not worth it. */
  #nextAfter(error: Error): UpstreamMember | null {
    const { upstreams } = this.#input.route
    const member = this.#member
    if (member === null || this.#begun !== null) return null
    if (this.#tried.length >= upstreams.retries) return null
    if (!mayRepeat(this.#attemptThat(error))) return null
    this.#tried = [...this.#tried, member]
    const next = upstreams.another(this.#tried)
    return next !== null && upstreams.budget.spend() ? next : null
  }

  #attemptThat(error: Error): FailedAttempt {
    const { method, bodyLength } = this.#input.record
    const connected = this.#controller?.connected ?? this.#controller !== null
    return { method, hasBody: bodyLength !== 0, connected, answering: this.#answering, error }
  }

  #settle(
    outcome: UpstreamEvent['outcome'],
    failure: { readonly error: Error; readonly retried: boolean } | null = null,
  ): void {
    const { route, onUpstream } = this.#input
    const member = this.#member
    if (this.#settled || member === null) return
    this.#settled = true
    const attempt = failure === null ? null : this.#attemptThat(failure.error)
    if (attempt !== null && countsAgainstUpstream(attempt)) {
      route.upstreams.settle(member, attempt.connected ? 'failed' : 'unreachable')
    } else if (outcome === 'ok') {
      route.upstreams.settle(member, 'answered')
    }
    this.#input.trace.span?.settle(outcome)
    const event = { routeId: route.id, outcome }
    onUpstream(failure?.retried === true ? { ...event, retried: true } : event)
  }
}

function sendAgain(exchange: Exchange, member: UpstreamMember): void {
  exchange.sendAgain(member)
}

function clientGone(): UploadError {
  return new UploadError('client', 'the client went away')
}
