import type { Duplex } from 'node:stream'

import type {
  UpstreamController,
  UpstreamDispatcher,
  UpstreamHandler,
  UpstreamRequest,
} from './dispatcher.ts'
import { lossOfBody, noConnectionInTime, poolClosed, tooManyWait } from './upstream-error.ts'
import type { UpstreamPool, WaitedForPool } from './upstream-pool.ts'

/** Options of {@link withLimit}. */
export interface LimitOptions {
  /** How many requests there may be at a time, each on a connection of its own. */
  readonly maxConnections: number
  /** How many more may wait. @default 1_024 */
  readonly maxWaiting?: number | undefined
  /** How long one waits, in milliseconds. */
  readonly waitMs: number
}

/**
 * Lets requests wait for one of undici's connections by the rule of our own pool: in undici's queue there is room for
 * any number of them, and nobody's time runs out. A connection that was upgraded no longer counts.
 */
export function withLimit(inner: UpstreamPool, options: LimitOptions): WaitedForPool {
  const limit = new Limit(inner, options)
  return {
    dispatch: (request, handler) => limit.admit(new LimitedRequest(limit, request, handler)),
    get waiting() {
      return limit.waiting
    },
    destroy() {
      limit.close()
      return inner.destroy()
    },
  }
}

class Limit {
  readonly waitMs: number
  readonly maxConnections: number
  readonly #inner: UpstreamDispatcher
  readonly #maxWaiting: number
  readonly #waiting: LimitedRequest[] = []
  #active = 0

  constructor(inner: UpstreamDispatcher, options: LimitOptions) {
    this.#inner = inner
    this.maxConnections = options.maxConnections
    this.#maxWaiting = options.maxWaiting ?? 1_024
    this.waitMs = options.waitMs
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** @returns False where it has to wait. */
  admit(one: LimitedRequest): boolean {
    if (this.#active < this.maxConnections) {
      this.#begin(one)
    } else if (this.#waiting.length < this.#maxWaiting) {
      this.#waiting.push(one)
      one.wait()
      return false
    } else {
      one.fail(tooManyWait(this.maxConnections, this.#maxWaiting))
    }
    return true
  }

  close(): void {
    for (const one of this.#waiting.splice(0)) one.fail(poolClosed())
  }

  leave(one: LimitedRequest): void {
    const at = this.#waiting.indexOf(one)
    if (at !== -1) this.#waiting.splice(at, 1)
  }

  done(): void {
    this.#active--
    const next = this.#waiting.shift()
    if (next !== undefined) this.#begin(next)
  }

  #begin(one: LimitedRequest): void {
    this.#active++
    one.begin(this.#inner)
  }
}

/** One request, and between undici and its handler. While it waits it is its own controller. */
class LimitedRequest implements UpstreamHandler, UpstreamController {
  readonly connected = false
  readonly #limit: Limit
  readonly #request: UpstreamRequest
  readonly #handler: UpstreamHandler
  #state: 'waiting' | 'active' | 'over' = 'waiting'
  #timer: NodeJS.Timeout | null = null
  /** Why it was given up while nobody could be told. */
  #reason: Error | null = null

  constructor(limit: Limit, request: UpstreamRequest, handler: UpstreamHandler) {
    this.#limit = limit
    this.#request = request
    this.#handler = handler
  }

  wait(): void {
    const { waitMs, maxConnections } = this.#limit
    this.#timer = setTimeout(() => this.abort(noConnectionInTime(maxConnections)), waitMs).unref()
    const leave = (): void => {
      const loss = lossOfBody(this.#request)
      if (loss !== null) this.abort(loss)
    }
    this.#request.body?.once('close', leave)
    this.#handler.onRequestStart(this)
    leave()
  }

  begin(inner: UpstreamDispatcher): void {
    this.#forgetTime()
    this.#state = 'active'
    inner.dispatch(this.#request, this)
  }

  /** Fails without having been sent. */
  fail(error: Error): void {
    this.#forgetTime()
    this.#state = 'over'
    this.#handler.onResponseError(this, error)
  }

  pause(): void {}
  resume(): void {}

  abort(reason: Error): void {
    if (this.#state === 'active') this.#reason ??= reason
    if (this.#state !== 'waiting') return
    this.#limit.leave(this)
    this.fail(reason)
  }

  onRequestStart(controller: UpstreamController): void {
    if (this.#reason === null) this.#handler.onRequestStart(controller)
    else controller.abort(this.#reason)
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  onResponseStart(controller: UpstreamController, status: number): void {
    this.#handler.onResponseStart(controller, status)
  }

  onRequestUpgrade(
    controller: UpstreamController,
    status: number,
    headers: unknown,
    socket: Duplex,
  ): void {
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket)
    this.#end()
  }

  onResponseData(controller: UpstreamController, chunk: Buffer): void {
    this.#handler.onResponseData(controller, chunk)
  }

  onResponseEnd(controller: UpstreamController): void {
    this.#handler.onResponseEnd(controller)
    this.#end()
  }

  onResponseError(controller: UpstreamController, error: Error): void {
    this.#handler.onResponseError(controller, error)
    this.#end()
  }

  #end(): void {
    if (this.#state !== 'active') return
    this.#state = 'over'
    this.#limit.done()
  }

  #forgetTime(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
