import { EventEmitter } from 'node:events'
import type { ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'

import type { Incoming, IncomingSocket } from './http-message.ts'
import type { RestTaker } from './rest-taker.ts'
import type { StreamHead } from './stream-head.ts'

/** What stands for the connection: what is done to it is done to the one stream. */
export class StreamSocket implements IncomingSocket {
  readonly encrypted: boolean = true
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** Whether it was we who broke the stream off. */
  brokenOff: boolean = false
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, { remoteAddress, remotePort }: TLSSocket) {
    this.#stream = stream
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
  }

  get destroyed(): boolean {
    return this.#stream.destroyed
  }

  get writableEnded(): boolean {
    return this.#stream.destroyed
  }

  /** With an error, and not by `close`, which may say before the reset that the response is complete. */
  destroy(): void {
    if (this.#stream.destroyed) return
    this.brokenOff = true
    this.#stream.destroy(new Error('the response was broken off'))
  }

  resetAndDestroy(): void {
    this.destroy()
  }
}

/** A request on a stream of HTTP/2. Nothing of its body is read before somebody resumes it. */
export class StreamRequest extends EventEmitter implements Incoming {
  readonly httpVersion: string = '2.0'
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly socket: StreamSocket
  complete: boolean
  /** How much of its body has come, in bytes. */
  bytesRead: number = 0
  /** What takes the rest of it when it has been answered. */
  restTaker: RestTaker | null = null
  readonly #stream: ServerHttp2Stream
  /** Whether the end has come, of which nobody has been told. */
  #endOwed = false

  /** @param ended Whether its head was all of it. */
  constructor(stream: ServerHttp2Stream, head: StreamHead, ended: boolean, connection: TLSSocket) {
    super()
    this.#stream = stream
    this.method = head.method
    this.url = head.target
    this.rawHeaders = head.fields
    this.socket = new StreamSocket(stream, connection)
    this.complete = ended
    if (!ended) {
      stream.pause()
      stream.on('data', (chunk: Buffer) => {
        this.bytesRead += chunk.length
        this.emit('data', chunk)
      })
    }
    stream.on('end', () => this.#onEnd())
    stream.on('aborted', () => stream.destroy())
    stream.on('close', () => this.emit('close'))
  }

  get destroyed(): boolean {
    return this.#stream.destroyed
  }

  isPaused(): boolean {
    return this.#stream.isPaused()
  }

  pause(): this {
    this.#stream.pause()
    return this
  }

  resume(): this {
    this.#stream.resume()
    if (this.#endOwed) process.nextTick(() => this.#tellEnd())
    return this
  }

  /**
   * Node tells of an end where the client has reset the stream, too; that is no end of a body. Nor does it let go of
   * such a stream before all is read and written, which may be never.
   */
  #onEnd(): void {
    if (this.#stream.closed || this.#stream.destroyed) {
      this.#stream.destroy()
    } else if (!this.complete) {
      this.complete = true
      this.#endOwed = true
      if (!this.isPaused()) this.#tellEnd()
    }
  }

  /**
   * Not before somebody reads: Node tells of the end of an empty body at once, when nobody may have begun to listen.
   */
  #tellEnd(): void {
    if (!this.#endOwed || this.#stream.closed || this.#stream.destroyed) return
    this.#endOwed = false
    this.emit('end')
  }
}
