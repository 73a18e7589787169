import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

import type { Dispatcher } from 'undici'

import type { AnswerCode, Granted } from '../authenticator/index.ts'
import { answerFor } from '../authenticator/index.ts'
import type { Logger } from '../logger.ts'
import type { UpstreamMember } from '../upstream/index.ts'
import { drainThenEnd, sendAnswer } from './answering.ts'
import type { UpstreamEvent } from './events.ts'
import { codeOf, mayRepeat, speaksAgainstUpstream } from './repeating.ts'
import { createRequestBody, UploadError } from './request-body.ts'
import type { RequestRecord } from './request-record.ts'
import { responseFields } from './response-fields.ts'
import type { CompiledRoute } from './routes.ts'
import { upstreamFields } from './upstream-fields.ts'

/** One granted request on its way to the upstream. */
export interface ForwardInput {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly record: RequestRecord
  readonly decision: Granted
  readonly route: CompiledRoute
  readonly logger: Logger
  readonly onUpstream: (event: UpstreamEvent) => void
}

/** Codes of undici and of the system that mean "took too long"; all others mean "refused, broke off or garbled". */
const TIMEOUTS: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

const NONE: readonly UpstreamMember[] = []

/**
 * Carries a request to its upstream and the response back, as streams: neither body is ever held, each side waits for
 * the slower one, and the end of one side ends the other. No redirect is followed and nothing is decoded. A request that
 * failed is sent again where that is safe.
 */
export function forward(input: ForwardInput): void {
  const { upstreams } = input.route
  upstreams.budget.earn()
  new Exchange(input).send(upstreams.pick())
}

/** A class, because undici wants an object with methods and there is one for every request. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #input: ForwardInput
  #member: UpstreamMember | null = null
  #tried: readonly UpstreamMember[] = NONE
  /** Null where the request has none. */
  #body: Readable | null = null
  #controller: Dispatcher.DispatchController | null = null
  #stall: NodeJS.Timeout | null = null
  #clientGone = false
  #settled = false
  /** Whether a byte of the response has come. */
  #answering = false
  /** Whether more than the head of the response has come. */
  #started = false
  /** Whether the end of the connection is the end of the body. */
  #openEnded = false

  constructor(input: ForwardInput) {
    this.#input = input
    input.outgoing.once('close', () => this.#onClose())
  }

  /** Sends the request; also again, to another upstream. */
  send(member: UpstreamMember): void {
    const { incoming, outgoing, record, decision, route } = this.#input
    this.#member = member
    this.#controller = null
    const headers = upstreamFields({
      rawHeaders: incoming.rawHeaders,
      record,
      decision,
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
        body: this.#body,
        headersTimeout: route.timeouts.headMs,
        bodyTimeout: route.timeouts.idleBodyMs,
      },
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#clientGone) controller.abort(clientGone())
  }

  /** The only sign of the first byte: `onResponseStart` waits for the whole head. */
  onResponseStarted(): void {
    this.#answering = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    this.#answering = true
    if (status < 200) return
    const { incoming, outgoing, record, route } = this.#input
    const { fields, delimited } = responseFields(
      controller.rawHeaders as Buffer[],
      status,
      route.policy,
    )
    // A client that is still sending cannot use the connection for another request.
    if (this.#body !== null && !incoming.complete) outgoing.shouldKeepAlive = false
    this.#openEnded = !delimited || record.httpVersion === '1.0'
    if (!delimited && status !== 204 && status !== 304 && record.method !== 'HEAD') {
      // Nobody knows whether this body is complete when it ends, so chunks must not say that it is.
      outgoing.shouldKeepAlive = false
      outgoing.removeHeader('Transfer-Encoding')
    }
    outgoing.writeHead(status, fields)
    // The body mostly comes in the same turn, and then both leave in one packet.
    process.nextTick(flushHead, this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#started = true
    const { outgoing } = this.#input
    if (outgoing.write(chunk)) return
    controller.pause()
    this.#awaitReader()
    outgoing.once('drain', () => {
      this.#forgetReader()
      controller.resume()
    })
  }

  onResponseEnd(): void {
    this.#started = true
    this.#settle('ok')
    const { incoming, outgoing } = this.#input
    if (this.#body !== null && !incoming.complete) {
      this.#body.destroy()
      drainThenEnd(incoming, outgoing)
    } else {
      outgoing.end()
    }
    if (outgoing.writableLength > 0) this.#awaitReader()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#body?.destroy()
    if (this.#settled) return
    if (this.#clientGone) {
      this.#settle('aborted')
      return
    }
    const { incoming, outgoing, record, route, logger } = this.#input
    const { outcome, code } = judge(error)
    const next = this.#nextAfter(error)
    this.#settle(outcome, { error, retried: next !== null })
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

  /** Sends the head of a response whose body is yet to come. */
  flushHead(): void {
    const { outgoing } = this.#input
    if (!this.#started && !outgoing.destroyed) outgoing.flushHeaders()
  }

  #onClose(): void {
    this.#forgetReader()
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
    const connected = this.#controller !== null
    const { method } = this.#input.record
    const attempt = { method, hasBody: this.#body !== null, connected, answering: this.#answering }
    if (!mayRepeat({ ...attempt, error })) return null
    this.#tried = [...this.#tried, member]
    const next = upstreams.another(this.#tried)
    return next !== null && upstreams.budget.spend() ? next : null
  }

  #settle(
    outcome: UpstreamEvent['outcome'],
    failure: { readonly error: Error; readonly retried: boolean } | null = null,
  ): void {
    const { route, onUpstream } = this.#input
    const member = this.#member
    if (this.#settled || member === null) return
    this.#settled = true
    if (outcome === 'ok') route.upstreams.settle(member, 'answered')
    else if (failure !== null && speaksAgainstUpstream(failure.error)) {
      route.upstreams.settle(member, 'failed')
    }
    const event = { routeId: route.id, outcome }
    onUpstream(failure?.retried === true ? { ...event, retried: true } : event)
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

function flushHead(exchange: Exchange): void {
  exchange.flushHead()
}

function sendAgain(exchange: Exchange, member: UpstreamMember): void {
  exchange.sendAgain(member)
}

/** Byte by byte what came, with one prefix in place of another: what was matched is what is sent on. */
function upstreamPath(basePath: string, path: string, stripPrefix: string): string {
  const rest = stripPrefix === '' ? path : path.slice(stripPrefix.length)
  return basePath + rest || '/'
}

function judge(error: Error): { outcome: UpstreamEvent['outcome']; code: AnswerCode } {
  if (error instanceof UploadError && error.side === 'client') {
    return { outcome: 'aborted', code: error.tooLarge ? 'body_too_large' : 'request_invalid' }
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
