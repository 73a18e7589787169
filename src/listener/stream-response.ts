import { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'

import type { Outgoing } from './http-message.ts'
import { lingering } from './lingering.ts'
import { afterTaker } from './rest-taker.ts'
import type { StreamRequest } from './stream-request.ts'

/** How long a client may take to read the rest of a response that is complete, in milliseconds. */
const REST_MS = 60_000

/** Statuses whose responses have no body; Node ends them with their heads. */
const BODILESS = new Set([204, 205, 304])

/** The highest status that HTTP/2 can say in Node. */
const MAX_STATUS = 599

/** Fields that may be repeated: of all others, repeats make one list (RFC 9110 §5.3). */
const REPEATABLE = new Set(['set-cookie', 'www-authenticate', 'proxy-authenticate'])

/** The response on a stream of HTTP/2. What is written after the client has gone away goes nowhere. */
export class StreamResponse extends EventEmitter implements Outgoing {
  readonly req: StreamRequest
  readonly socket: null = null
  shouldKeepAlive: boolean = true
  statusCode: number = 200
  statusMessage: string = ''
  headersSent: boolean = false
  closed: boolean = false
  readonly #stream: ServerHttp2Stream
  #bodiless: boolean
  #ended = false

  constructor(stream: ServerHttp2Stream, req: StreamRequest) {
    super()
    this.#stream = stream
    this.req = req
    this.#bodiless = req.method === 'HEAD'
    stream.on('drain', () => this.emit('drain'))
    stream.on('close', () => {
      this.closed = true
      this.emit('close')
    })
  }

  get writableLength(): number {
    return this.#stream.writableLength
  }

  get writableNeedDrain(): boolean {
    return this.#stream.writableNeedDrain
  }

  get writableFinished(): boolean {
    const { aborted, rstCode, writableFinished } = this.#stream
    if (!this.#ended || aborted || rstCode !== constants.NGHTTP2_NO_ERROR) return false
    // Node may close a stream before it says that what was written is sent. A client that takes a request back with no
    // error, when its response has ended here, looks the same; it has had a whole request for its trouble.
    return writableFinished || this.closed
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  writeHead(status: number, fields: readonly string[]): void {
    if (this.headersSent || this.destroyed) return
    this.statusCode = status
    this.#bodiless ||= BODILESS.has(status)
    if (status > MAX_STATUS) {
      this.headersSent = true
      return this.req.socket.destroy()
    }
    const headers = headersOf(fields)
    if (status === 205) delete headers['content-length']
    this.#stream.respond({ ...headers, [constants.HTTP2_HEADER_STATUS]: status })
    // Only now: what could not be written leaves room for an answer that says so.
    this.headersSent = true
  }

  /** There is none but those of `writeHead`. */
  removeHeader(): void {}

  /** Node sends the head at once. */
  flushHeaders(): void {}

  write(chunk: Buffer | string, encoding?: BufferEncoding): boolean {
    if (this.#bodiless || this.#ended || this.destroyed) return true
    return encoding === undefined ? this.#stream.write(chunk) : this.#stream.write(chunk, encoding)
  }

  end(text?: string): void {
    if (this.#ended || this.destroyed) return
    if (text !== undefined) this.write(text)
    this.#ended = true
    this.#stream.end()
    const cut = setTimeout(() => this.req.socket.destroy(), REST_MS).unref()
    this.#stream.on('close', () => clearTimeout(cut))
    if (this.#stream.writableFinished) this.#linger()
    else this.#stream.on('finish', () => this.#linger())
  }

  writeContinue(): void {
    this.#inform({ [constants.HTTP2_HEADER_STATUS]: 100 })
  }

  writeProcessing(): void {
    this.#inform({ [constants.HTTP2_HEADER_STATUS]: 102 })
  }

  writeEarlyHints({ link }: { readonly link: string[] }): void {
    this.#inform({ [constants.HTTP2_HEADER_STATUS]: 103, link })
  }

  #inform(headers: OutgoingHttpHeaders): void {
    if (!this.headersSent && !this.destroyed) this.#stream.additionalHeaders(headers)
  }

  /**
   * Reads and drops what the client still sends, for a while, and then tells it that it need not (RFC 9113 §8.1). Not
   * at once: many clients lose their response over a reset while they wait to be let send.
   */
  #linger(): void {
    const { req } = this
    afterTaker(req.restTaker, () => {
      if (req.complete || this.destroyed) return
      const stream = this.#stream
      const lingerer = {
        get bytesRead() {
          return req.bytesRead
        },
        cut: () => stream.close(constants.NGHTTP2_NO_ERROR),
      }
      lingering.add(lingerer)
      stream.on('close', () => lingering.delete(lingerer))
      // A stream that is paused with something left in it would stay for ever.
      stream.resume()
    })
  }
}

function headersOf(fields: readonly string[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string>
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = (fields[i] ?? '').toLowerCase()
    const value = fields[i + 1] ?? ''
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (REPEATABLE.has(name)) headers[name] = [before, value].flat()
    else headers[name] = `${before as string}, ${value}`
  }
  return headers
}
