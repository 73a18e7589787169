import type { Duplex } from 'node:stream'

import type { UpstreamController, UpstreamHandler, UpstreamRequest } from './dispatcher.ts'
import { IDEMPOTENT_METHODS } from './idempotent-methods.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'

/** What has a request now: the connection that serves it, or the pool while it waits. */
export interface ExchangeKeeper {
  pause(): void
  resume(): void
  /** Forgets the request, which has just failed. */
  release(exchange: UpstreamExchange): void
}

/** One request and what has become of it so far. */
export class UpstreamExchange implements UpstreamController {
  readonly request: UpstreamRequest
  readonly head: RequestHead
  readonly feedsOn: boolean = true
  answer: ResponseHead | null = null
  keeper: ExchangeKeeper | null = null
  /** In ticks of the pool; while it waits for a connection. */
  deadline: number = Infinity
  /** Whether a byte of a response has come. */
  #heard: boolean = false
  /** Whether it was sent at all. */
  connected: boolean = false
  /** What broke the connection that it was sent on first, if it was sent a second time. */
  interruption: Error | null = null
  /** Whether the handler knows how it ended. */
  settled: boolean = false
  readonly #handler: UpstreamHandler

  constructor(request: UpstreamRequest, head: RequestHead, handler: UpstreamHandler) {
    this.request = request
    this.head = head
    this.#handler = handler
  }

  get rawHeaders(): string[] | null {
    return this.answer?.fields ?? null
  }

  get reasonPhrase(): string {
    return this.answer?.reason ?? ''
  }

  /** Whether it may be sent again after its connection, which had served others, ended without a word. */
  isRepeatable(): boolean {
    const { body, bodyText, method } = this.request
    if (body !== null || bodyText !== undefined || this.#heard || this.interruption !== null)
      return false
    return IDEMPOTENT_METHODS.has(method)
  }

  /** Tells the handler that it may steer; it may give the request up right then. */
  start(): void {
    this.#handler.onRequestStart(this)
  }

  hear(): void {
    if (this.#heard) return
    this.#heard = true
    this.#handler.onResponseStarted?.()
  }

  respond(head: ResponseHead): void {
    this.answer = head
    this.#handler.onResponseStart(this, head.status)
  }

  pass(part: Buffer): void {
    this.#handler.onResponseData(this, part)
  }

  end(): void {
    if (this.settled) return
    this.#settle()
    this.#handler.onResponseEnd(this)
  }

  /** Tells of a response that has come to its end already. */
  finish(head: ResponseHead, body: string): void {
    const handler = this.#handler
    if (this.settled) return
    this.#settle()
    this.answer = head
    handler.onResponseWhole?.(this, head.status, body)
  }

  /** Gives its handler the connection, which is used for something else from here on. */
  switch(head: ResponseHead, socket: Duplex): void {
    this.#settle()
    this.answer = head
    this.#handler.onRequestUpgrade?.(this, head.status, null, socket)
  }

  /** Whether it asks to use its connection for something else, and its handler can. */
  get asksToSwitch(): boolean {
    return this.request.upgrade === 'websocket' && this.#handler.onRequestUpgrade !== undefined
  }

  /** Whether its handler takes a response in one piece. */
  get takesWhole(): boolean {
    return this.#handler.onResponseWhole !== undefined
  }

  fail(error: Error): void {
    if (this.settled) return
    this.#settle()
    this.#handler.onResponseError(this, error)
  }

  pause(): void {
    this.keeper?.pause()
  }

  resume(): void {
    this.keeper?.resume()
  }

  abort(reason: Error): void {
    this.keeper?.release(this)
    this.fail(reason)
  }

  #settle(): void {
    this.settled = true
    // Who still steers this request must not steer the next one on its connection.
    this.keeper = null
  }
}

export function tellEnd(
  exchange: UpstreamExchange | null,
  head: ResponseHead | null,
  whole: string | null,
): void {
  if (whole === null || head === null) exchange?.end()
  else exchange?.finish(head, whole)
}
