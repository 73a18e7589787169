import { ChunkReader, wholeBody } from './chunk-reader.ts'
import type { ConnectionOwner } from './connection-owner.ts'
import type { InterimOwner } from './head-reader.ts'
import { HeadReader } from './head-reader.ts'
import { RequestUpload } from './request-upload.ts'
import type { ResponseHead } from './response-head.ts'
import { lossOfBody, refusedFor, tookTooLong, UpstreamError } from './upstream-error.ts'
import type { ExchangeKeeper, UpstreamExchange } from './upstream-exchange.ts'
import { tellEnd } from './upstream-exchange.ts'
import type { ConnectionTarget, UpstreamSocket } from './upstream-socket.ts'
import { openUpstreamSocket } from './upstream-socket.ts'

/** One for all connections: a read is done with when its call returns. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

const HEAD_PIECE_BYTES = 16 * 1024

/** How long an upstream that takes no more of an upload is listened to, until its answer begins. */
const LAST_WORDS_MS = 1_000

/** `closed`: it is not ours any more, either. */
type State = 'connecting' | 'idle' | 'head' | 'body' | 'feeding' | 'closed'

type Owner = ConnectionOwner<UpstreamConnection>

/**
 * One connection to an upstream, one request at a time. Whatever is not exactly as it should be ends it: then nobody
 * can get the answer to somebody else's request.
 */
export class UpstreamConnection implements ExchangeKeeper, InterimOwner {
  /** In ticks of the pool: when it has taken too long over what it is at. */
  deadline: number
  /** In ticks of the pool: when it has served its last request, so that traffic follows the name of the upstream. */
  readonly retiresAt: number
  /** The tick at which the request that it serves was sent. */
  since = 0
  readonly #owner: Owner
  readonly #socket: UpstreamSocket
  #state: State = 'connecting'
  #exchange: UpstreamExchange | null
  #upload: RequestUpload | null = null
  /** Whether it has served a request before this one. */
  #used = false
  readonly #heads: HeadReader
  #head: ResponseHead | null = null
  /** Of a body by length. */
  #left = 0
  #chunks: ChunkReader | null = null
  #paused = false
  #error: Error | null = null

  /** Connects, and serves a request then. */
  constructor(target: ConnectionTarget, owner: Owner, exchange: UpstreamExchange) {
    this.#owner = owner
    this.#heads = new HeadReader(target.limits)
    this.#exchange = exchange
    exchange.keeper = this
    this.deadline = owner.deadlineIn(target.connectMs)
    this.retiresAt = owner.deadlineIn(owner.maxAgeMs)
    const socket = openUpstreamSocket(target, {
      buffer: READ_BUFFER,
      asStream: owner.isForUpgrades,
      onRead: (count) => this.#onRead(count),
      onConnect: () => this.#onConnect(),
      onWriteError: (error) => this.#onWriteError(error),
    })
    this.#socket = socket
    socket.once('end', () => this.#onFin())
    socket.once('error', (error) => (this.#error ??= error))
    socket.once('close', () => this.#onClose())
  }

  get exchange(): UpstreamExchange | null {
    return this.#exchange
  }

  get asksToSwitch(): boolean {
    return this.#exchange?.asksToSwitch === true
  }

  /** Whether its client keeps it waiting: with the rest of a body, or to read the response. */
  get waitsForClient(): boolean {
    return this.#upload !== null || this.#paused
  }

  /** Whether it may have ended already, and only whoever listens does not know yet. */
  get ended(): boolean {
    return this.#socket.destroyed || !this.#socket.writable || !this.#socket.readable
  }

  /** Sends a request; the connection must be idle. */
  send(exchange: UpstreamExchange): void {
    const { request, head } = exchange
    const loss = lossOfBody(request)
    if (loss !== null) return this.#sendNothing(exchange, loss)
    this.#exchange = exchange
    exchange.keeper = this
    exchange.connected = true
    this.#state = 'head'
    this.since = this.#owner.tick
    this.#heads.reset()
    // What the upstream did not get the head of, it does not answer.
    this.#socket.bearsWriteErrors = false
    this.#socket.write(head.text, 'latin1')
    if (request.body === null) {
      this.deadline = this.#owner.deadlineIn(request.headersTimeout)
      return
    }
    this.deadline = Infinity
    this.#socket.bearsWriteErrors = true
    this.#upload = new RequestUpload({
      body: request.body,
      socket: this.#socket,
      length: head.bodyLength,
      owner: this,
    })
  }

  /** Is free again for a request that can be sent. */
  #sendNothing(exchange: UpstreamExchange, error: Error): void {
    this.#exchange = null
    this.#state = 'idle'
    this.deadline = this.#owner.deadlineIn(this.#owner.idleMs)
    exchange.fail(error)
    this.#owner.onIdle(this)
  }

  onUploadEnd(): void {
    this.#upload = null
    if (this.#state === 'feeding') return this.#socket.destroySoon()
    const request = this.#exchange?.request
    if (this.#state === 'head' && request !== undefined && this.#error === null) {
      this.deadline = this.#owner.deadlineIn(request.headersTimeout)
    }
  }

  onUploadError(error: Error): void {
    this.#upload = null
    this.destroy(error)
  }

  pause(): void {
    if (this.#state !== 'body') return
    this.#paused = true
    this.deadline = Infinity
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#awaitBody()
    this.#socket.resume()
  }

  release(): void {
    this.#exchange = null
    this.destroy(new UpstreamError('ERR_UPSTREAM_CLOSED', 'the request was given up'))
  }

  /** Called when the deadline is over. */
  expire(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'idle' || this.#state === 'feeding') return this.destroy(null)
    this.destroy(tookTooLong(this.#state))
  }

  /** Ends the connection; the request that it serves fails. */
  destroy(error: Error | null): void {
    if (error !== null) this.#error ??= error
    this.deadline = Infinity
    this.#socket.destroy()
  }

  #onConnect(): void {
    const exchange = this.#exchange
    if (exchange === null || this.#socket.destroyed) return this.destroy(null)
    this.send(exchange)
  }

  /** Takes no more of the upload, and reads on: the upstream may have answered already. */
  #onWriteError(error: Error): void {
    this.#error ??= error
    this.#upload?.abandon()
    if (this.#state === 'feeding') this.destroy(null)
    if (this.#state === 'head') this.deadline = this.#owner.deadlineIn(LAST_WORDS_MS)
  }

  #onRead(count: number): boolean {
    if (this.#state === 'head') {
      this.#readHead(count)
    } else if (this.#state === 'body') {
      this.#readBody(READ_BUFFER.subarray(0, count), 0)
    } else {
      // Nothing was asked, so this is nobody's answer.
      this.destroy(refusedFor('it sent something unasked'))
    }
    return !this.#paused
  }

  /** Reads what came as text, but no more of it than most heads take: what follows is a body. */
  #readHead(count: number): void {
    const exchange = this.#exchange
    exchange?.hear()
    for (let at = 0; at < count; at += HEAD_PIECE_BYTES) {
      if (exchange === null || this.#exchange !== exchange) return
      const end = Math.min(count, at + HEAD_PIECE_BYTES)
      const text = READ_BUFFER.toString('latin1', at, end)
      const head = this.#heads.read(text, exchange.request.method === 'HEAD', this)
      if (typeof head === 'string') return this.destroy(refusedFor(head))
      if (head === null) continue
      const { bodyStart } = this.#heads
      if (head.status === 101) return this.#switch(exchange, head, at + bodyStart, count)
      const rest = end === count ? text.slice(bodyStart) : null
      return this.#begin(exchange, head, count, at + bodyStart, rest)
    }
  }

  onInterim(head: ResponseHead): boolean {
    const exchange = this.#exchange
    // To be told to continue by an upstream that was not asked does no harm (RFC 9110 §15.2).
    const isUnasked = head.status === 100 && exchange?.request.expectContinue !== true
    if (!isUnasked) exchange?.respond(head)
    return exchange !== null && this.#exchange === exchange
  }

  /** Gives the socket away, and what was read behind the head with it. */
  #switch(exchange: UpstreamExchange, head: ResponseHead, start: number, count: number): void {
    this.#state = 'closed'
    this.#exchange = null
    this.deadline = Infinity
    const rest = Buffer.from(READ_BUFFER.subarray(start, count))
    // A stream that flows would not look at what is put back.
    this.#socket.removeAllListeners('data').pause().unshift(rest)
    this.#socket.resume()
    this.#owner.onSwitched(this)
    exchange.switch(head, this.#socket)
  }

  /**
   * @param start Where in what was read the body begins.
   * @param rest The same from there on as text; null: it is long.
   */
  #begin(
    exchange: UpstreamExchange,
    head: ResponseHead,
    count: number,
    start: number,
    rest: string | null,
  ): void {
    const { body } = head
    this.#head = head
    this.#state = 'body'
    if (rest !== null && exchange.takesWhole) {
      const whole = wholeBody(head.body, rest)
      if (whole !== null) return this.#complete(true, whole)
    }
    this.#left = typeof body === 'number' ? body : Infinity
    this.#chunks = body === 'chunked' ? new ChunkReader() : null
    this.#awaitBody()
    exchange.respond(head)
    if (this.#exchange !== exchange) return
    if (start < count || body === 0) this.#readBody(READ_BUFFER.subarray(0, count), start)
  }

  #readBody(bytes: Buffer, start: number): void {
    if (!this.#paused) this.#awaitBody()
    if (this.#chunks !== null) {
      const end = this.#chunks.read(bytes, start, this)
      if (end === -1) this.destroy(refusedFor('its chunks are malformed'))
      else if (end !== null) this.#complete(end === bytes.length)
      return
    }
    const end = Math.min(bytes.length, start + this.#left)
    this.#left -= end - start
    if (end > start && !this.onBodyPart(bytes.subarray(start, end))) return
    if (this.#left === 0) this.#complete(end === bytes.length)
  }

  onBodyPart(part: Buffer): boolean {
    this.#exchange?.pass(part)
    return this.#exchange !== null
  }

  /**
   * @param alone Whether nothing came after the response.
   * @param whole The body, where nothing was told of the response yet. @default null
   */
  #complete(alone: boolean, whole: string | null = null): void {
    const exchange = this.#exchange
    const head = this.#head
    const reusableMs = Math.min(head?.reusableMs ?? 0, this.#owner.idleMs)
    this.#exchange = null
    this.#head = null
    this.#chunks = null
    this.#used = true
    if (this.#paused) this.resume()
    const socket = this.#socket
    // What has not left yet belongs to this request, and so may another answer.
    const sent = this.#upload === null && socket.writableLength === 0
    const intact = this.#error === null && socket.writable && exchange?.request.reset !== true
    if (alone && sent && intact && reusableMs > 0) {
      this.#state = 'idle'
      this.deadline = Math.min(this.#owner.deadlineIn(reusableMs), this.retiresAt)
      tellEnd(exchange, head, whole)
      this.#owner.onIdle(this)
    } else if (alone && this.#upload !== null && intact && head?.body !== 'until-close') {
      // It may go on reading, and act on what it reads: what else it says is nobody's answer.
      this.#state = 'feeding'
      this.deadline = Infinity
      tellEnd(exchange, head, whole)
    } else {
      this.#upload?.abandon()
      this.#upload = null
      this.destroy(null)
      tellEnd(exchange, head, whole)
    }
  }

  #awaitBody(): void {
    this.deadline = this.#owner.deadlineIn(this.#exchange?.request.bodyTimeout ?? 0)
  }

  #onFin(): void {
    if (this.#state === 'closed') return
    // After a write has failed the system no longer tells a reset from an end.
    const isEnd = this.#head?.body === 'until-close' && this.#error === null
    if (this.#state === 'body' && isEnd) this.#complete(true)
    else this.destroy(null)
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    const exchange = this.#exchange
    // Sent again, it got no further: what became of it is what became of the first connection.
    const interruption = this.#state === 'connecting' ? exchange?.interruption : null
    if (this.#state === 'feeding') this.#upload?.abandon()
    else this.#upload?.stop()
    this.#state = 'closed'
    this.#exchange = null
    const error =
      interruption ??
      this.#error ??
      new UpstreamError('ERR_UPSTREAM_CLOSED', 'the upstream closed the connection')
    // What we ended ourselves, for lack of an answer or for a bad one, was not closed while the request was on its way.
    const stale = this.#used && !(this.#error instanceof UpstreamError)
    this.#owner.onClosed(this, exchange, error, stale)
  }
}
