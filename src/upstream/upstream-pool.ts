import type { LookupFunction } from 'node:net'

import type { ConnectionOwner } from './connection-owner.ts'
import { UpstreamConnection } from './connection.ts'
import type { UpstreamDispatcher, UpstreamHandler, UpstreamRequest } from './dispatcher.ts'
import { writeRequestHead } from './request-head.ts'
import type { ResponseLimits } from './response-head.ts'
import {
  heldTooLong,
  lossOfBody,
  noConnectionInTime,
  poolClosed,
  tooManyWait,
  UpstreamError,
} from './upstream-error.ts'
import { UPSTREAM_DEFAULTS } from './upstream-options.ts'
import { slowestOf } from './slow-clients.ts'
import type { ExchangeKeeper } from './upstream-exchange.ts'
import { UpstreamExchange } from './upstream-exchange.ts'
import type { SecureTarget } from './upstream-socket.ts'

/** Options of {@link createUpstreamPool}. */
export interface UpstreamPoolOptions {
  readonly host: string
  readonly port: number
  /** Of a Unix socket, in place of host and port. @default null */
  readonly socketPath?: string | null | undefined
  /** How TLS is spoken there. @default null: it is not */
  readonly secure?: SecureTarget | null | undefined
  /** Until a connection is there, waiting for a free one included; in milliseconds. */
  readonly connectMs: number
  /** How much of an answer may come before its body. @default RESPONSE_LIMITS */
  readonly limits?: ResponseLimits | undefined
  /** How many connections there may be. @default 256 */
  readonly maxConnections?: number | undefined
  /** How many requests may wait for one. @default 1_024 */
  readonly maxWaiting?: number | undefined
  /** How long a connection may be idle, in milliseconds; 0: each serves one request and says so. @default 4_000 */
  readonly idleMs?: number | undefined
  /** How old a connection may be that serves another request, in milliseconds; 0: as old as it gets. @default 0 */
  readonly maxAgeMs?: number | undefined
  /** Looks the host up. @default as the system does */
  readonly lookup?: LookupFunction | undefined
}

/** Connections to one upstream. */
export interface UpstreamPool extends UpstreamDispatcher {
  /** Ends all connections; requests that are still under way break off. */
  destroy(): Promise<void>
}

/** Connections of which there are only so many. */
export interface WaitedForPool extends UpstreamPool {
  /** How many requests wait for one. */
  readonly waiting: number
}

/** How exact timeouts are. One timer looks after all connections, so that no request needs one of its own. */
const TICK_MS = 100

/** How long a connection may be idle where nothing else is said. */
const IDLE_MS: number = UPSTREAM_DEFAULTS.keepAliveMs
/** A client that has kept a connection waiting for so long may lose it to one that has fewer. */
const SLOW_MS = 3_000

/**
 * Makes a pool of HTTP/1.1 connections: undici's dispatch without what a reverse proxy does not need, and
 * stricter about what it takes from an upstream.
 *
 * A request without a body whose connection, used before, ends before a byte of the response is sent once more, on a
 * connection of its own: the upstream had closed it while the request was on its way (RFC 9112 §9.3.1). Nothing else is
 * ever sent twice.
 *
 * Requests to upgrade have connections of their own, as many again, so that none that waits for its 101 holds up a
 * request. One that was upgraded no longer counts, and is not the pool's to end.
 */
export function createUpstreamPool(options: UpstreamPoolOptions): WaitedForPool {
  return new Pool(options, false)
}

class Pool implements WaitedForPool, ConnectionOwner<UpstreamConnection>, ExchangeKeeper {
  readonly asksBeforeBody: boolean = true
  readonly takesText: boolean = true
  readonly idleMs: number
  readonly maxAgeMs: number
  readonly isForUpgrades: boolean
  readonly #options: UpstreamPoolOptions
  readonly #maxConnections: number
  readonly #maxWaiting: number
  /** Null until there is a request to upgrade. */
  #upgrades: Pool | null = null
  readonly #connections = new Set<UpstreamConnection>()
  /** The one that was used last is used next, so that those too many are let go. */
  readonly #idle: UpstreamConnection[] = []
  readonly #waiting: UpstreamExchange[] = []
  tick = 0
  #sweep: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: UpstreamPoolOptions, isForUpgrades: boolean) {
    this.#options = options
    this.isForUpgrades = isForUpgrades
    this.#maxConnections = options.maxConnections ?? 256
    this.#maxWaiting = options.maxWaiting ?? 1_024
    this.idleMs = options.idleMs ?? IDLE_MS
    this.maxAgeMs = options.maxAgeMs ?? 0
  }

  get waiting(): number {
    return this.#waiting.length + (this.#upgrades?.waiting ?? 0)
  }

  dispatch(given: UpstreamRequest, handler: UpstreamHandler): boolean {
    if (given.upgrade === 'websocket' && !this.isForUpgrades && !this.#closed) {
      this.#upgrades ??= new Pool(this.#options, true)
      return this.#upgrades.dispatch(given, handler)
    }
    // Where an upgrade is refused, it is not certain what each side takes the connection for.
    const endsHere = this.idleMs === 0 || this.isForUpgrades
    const request = endsHere ? { ...given, reset: true } : given
    const head = writeRequestHead(request)
    const exchange = new UpstreamExchange(request, head ?? { text: '', bodyLength: 0 }, handler)
    exchange.start()
    if (exchange.settled) return true
    if (head === null) {
      exchange.fail(new UpstreamError('ERR_REQUEST_INVALID', 'the request cannot be sent safely'))
      return true
    }
    return this.#assign(exchange)
  }

  get isCrowded(): boolean {
    return 2 * (this.#connections.size - this.#idle.length) >= this.#maxConnections
  }

  async destroy(): Promise<void> {
    this.#closed = true
    const error = poolClosed()
    for (const exchange of this.#waiting.splice(0)) exchange.fail(error)
    for (const connection of this.#connections) connection.destroy(error)
    await this.#upgrades?.destroy()
  }

  deadlineIn(ms: number): number {
    // One more, because the tick that is under way has partly gone by.
    return ms === 0 ? Infinity : this.tick + Math.ceil(ms / TICK_MS) + 1
  }

  onIdle(connection: UpstreamConnection): void {
    // Then those that wait are served when it is closed.
    if (connection.ended) return
    if (connection.retiresAt <= this.tick) return connection.destroy(null)
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(connection)
    else connection.send(next)
  }

  onClosed(
    connection: UpstreamConnection,
    exchange: UpstreamExchange | null,
    error: Error,
    stale: boolean,
  ): void {
    this.#connections.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    if (exchange !== null) {
      if (stale && !this.#closed && exchange.isRepeatable()) {
        exchange.interruption = error
        this.#open(exchange)
      } else {
        exchange.fail(error)
      }
    }
    this.#openForNext()
  }

  onSwitched(connection: UpstreamConnection): void {
    this.#connections.delete(connection)
    this.#openForNext()
  }

  #openForNext(): void {
    if (this.#connections.size >= this.#maxConnections) return
    const next = this.#waiting.shift()
    if (next !== undefined) this.#open(next)
  }

  /** A request that waits has nothing to hold back. */
  pause(): void {}
  resume(): void {}

  release(exchange: UpstreamExchange): void {
    const at = this.#waiting.indexOf(exchange)
    if (at !== -1) this.#waiting.splice(at, 1)
  }

  #assign(exchange: UpstreamExchange): boolean {
    let connection = this.#idle.pop()
    while (connection?.ended === true) connection = this.#idle.pop()
    if (connection !== undefined) {
      connection.send(exchange)
    } else if (this.#closed) {
      exchange.fail(poolClosed())
    } else if (this.#connections.size < this.#maxConnections) {
      this.#open(exchange)
    } else if (this.#waiting.length < this.#maxWaiting) {
      this.#wait(exchange)
      return false
    } else {
      exchange.fail(tooManyWait(this.#maxConnections, this.#maxWaiting))
    }
    return true
  }

  #wait(exchange: UpstreamExchange): void {
    exchange.keeper = this
    exchange.deadline = this.deadlineIn(this.#options.connectMs)
    this.#waiting.push(exchange)
    slowestOf(this.#connections, exchange.request, this.#longAgo())?.abort(
      heldTooLong(this.#maxConnections),
    )
    // Whoever waits with nothing to send takes the place of somebody else.
    const leave = (): void => {
      const loss = lossOfBody(exchange.request)
      if (exchange.keeper === this && loss !== null) exchange.abort(loss)
    }
    exchange.request.body?.once('close', leave)
    leave()
  }

  /** The tick before which a request must have been sent to be slow. */
  #longAgo(): number {
    return this.tick - SLOW_MS / TICK_MS
  }

  #open(exchange: UpstreamExchange): void {
    this.#connections.add(new UpstreamConnection(this.#options, this, exchange))
    this.#sweep ??= setInterval(() => this.#lookOver(), TICK_MS).unref()
  }

  #lookOver(): void {
    this.tick++
    for (const connection of this.#connections) {
      if (connection.deadline <= this.tick) connection.expire()
    }
    while (this.#waiting[0] !== undefined && this.#waiting[0].deadline <= this.tick) {
      this.#waiting.shift()?.fail(noConnectionInTime(this.#maxConnections))
    }
    if (this.#connections.size === 0 && this.#sweep !== null) {
      clearInterval(this.#sweep)
      this.#sweep = null
    }
  }
}
