import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

import { NO_FIELD_VALUE } from '../field-line.ts'
import { dateField } from './date-field.ts'
import type { Outgoing, SectionText } from './http-message.ts'
import type { PlainRequest } from './plain-request.ts'
import type { ShortStay } from './short-stays.ts'

/** What carries responses, and is told of their end. */
export interface ResponseOwner {
  /** What ends the head where its connection goes on. */
  readonly keepAlive: string
  /** Whether what is written leaves in a later turn at the earliest: it is encrypted first. */
  readonly writesLate: boolean
  /** All of it has been written; `keepsAlive`: its connection may go on. */
  onResponseEnd(keepsAlive: boolean): void
}

/** The response to a plain request, framed as `node:http` frames its own. */
export class PlainResponse implements Outgoing, ShortStay {
  readonly req: PlainRequest
  readonly socket: null = null
  placeInList: number = -1
  shouldKeepAlive: boolean
  statusCode: number = 200
  statusMessage: string = ''
  headersSent: boolean = false
  writableFinished: boolean = false
  destroyed: boolean = false
  closed: boolean = false
  readonly #socket: Socket
  readonly #owner: ResponseOwner
  /** The head, until it leaves with the first of the body. */
  #head: string = ''
  #hasBody: boolean = true
  #chunked: boolean = false
  #mayChunk: boolean = true
  #ended: boolean = false
  #awaitsDrain: boolean = false
  /** How many writes are yet to be done, where those are late. */
  #unwritten: number = 0
  readonly #onWritten: ((error?: Error | null) => void) | undefined
  readonly #onClose: (() => void)[] = []
  #onDrain: (() => void)[] | null = null

  constructor(request: PlainRequest, socket: Socket, keepsAlive: boolean, owner: ResponseOwner) {
    this.req = request
    this.shouldKeepAlive = keepsAlive
    this.#socket = socket
    this.#owner = owner
    this.#onWritten = owner.writesLate ? (error) => this.#wrote(error) : undefined
  }

  get writableLength(): number {
    return this.#socket.writableLength
  }

  get writableNeedDrain(): boolean {
    return this.#socket.writableNeedDrain
  }

  writeHead(status: number, fields: readonly string[]): void {
    let text = ''
    let dated = false
    let hasLength = false
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const name = fields[i] ?? ''
      const value = fields[i + 1] ?? ''
      if (name.length === 4) dated ||= name.toLowerCase() === 'date'
      else if (name.length === 14) hasLength ||= name.toLowerCase() === 'content-length'
      // Doors have looked, and this is where it would count.
      if (NO_FIELD_VALUE.test(value))
        throw new TypeError(`the response's field ${name} would end its line`)
      text += `${name}: ${value}\r\n`
    }
    this.#begin(status, text, dated, hasLength)
  }

  writeSection(status: number, { text, dated, hasLength }: SectionText): void {
    this.#begin(status, text, dated, hasLength)
  }

  #begin(status: number, section: string, dated: boolean, hasLength: boolean): void {
    if (this.headersSent) throw new Error('the head of the response was written already')
    this.#hasBody = status !== 204 && status !== 304 && this.req.method !== 'HEAD'
    const reason = this.statusMessage
    const isUsual = reason === '' || reason === STATUS_CODES[status]
    const line = isUsual ? statusLine(status) : this.#ownStatusLine(status)
    let text = line + section
    if (!dated) text += dateField()
    if (!hasLength && this.#hasBody) {
      if (this.#mayChunk) text += 'Transfer-Encoding: chunked\r\n'
      else this.shouldKeepAlive = false
      this.#chunked = this.#mayChunk
    }
    // Only now: what could not be written leaves room for an answer that says so.
    this.headersSent = true
    this.statusCode = status
    this.#head = text + (this.shouldKeepAlive ? this.#owner.keepAlive : CLOSE)
  }

  #ownStatusLine(status: number): string {
    const reason = this.statusMessage
    if (NO_FIELD_VALUE.test(reason))
      throw new TypeError("the response's reason phrase would end its line")
    return `HTTP/1.1 ${status} ${reason}\r\n`
  }

  /** `Transfer-Encoding` is the only one that is ever there. */
  removeHeader(): void {
    this.#mayChunk = false
  }

  flushHeaders(): void {
    if (this.#head !== '') this.#send(this.#takeHead())
  }

  write(chunk: Buffer | string, encoding: BufferEncoding = 'utf8'): boolean {
    if (this.destroyed || this.#ended) return true
    const head = this.#takeHead()
    if (!this.#hasBody || chunk.length === 0) return head === '' || this.#send(head)
    if (typeof chunk === 'string') {
      const text = encoding === 'latin1' ? chunk : Buffer.from(chunk).toString('latin1')
      return this.#send(this.#chunked ? `${head}${sizeLine(text)}${text}\r\n` : head + text)
    }
    const socket = this.#socket
    socket.cork()
    const before = this.#chunked ? head + sizeLine(chunk) : head
    if (before !== '') this.#put(before)
    let hasRoom = this.#put(chunk)
    if (this.#chunked) hasRoom = this.#put('\r\n')
    socket.uncork()
    return hasRoom || this.#awaitDrain()
  }

  end(text: string = ''): void {
    if (this.#ended || this.destroyed) return
    if (text !== '') this.write(text)
    const rest = this.#takeHead() + (this.#chunked && this.#hasBody ? '0\r\n\r\n' : '')
    if (rest !== '') this.#put(rest)
    this.#ended = true
    const socket = this.#socket
    if (socket.destroyed || this.#unwritten > 0) return
    // What the system has taken already needs no second turn.
    if (socket.writableLength === 0) this.#finish()
    else socket.write('', (error) => error ?? this.#finish())
  }

  #wrote(error: Error | null | undefined): void {
    // What broke the connection closes it.
    if (error !== undefined && error !== null) return
    this.#unwritten -= 1
    if (this.#unwritten === 0 && this.#ended) this.#finish()
  }

  /** Tells that the response is over, be it complete or not. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.destroyed = true
    for (const listener of this.#onClose) listener.call(this)
  }

  #finish(): void {
    if (this.closed) return
    this.writableFinished = true
    this.close()
    this.req.close()
    this.#owner.onResponseEnd(this.shouldKeepAlive)
  }

  #takeHead(): string {
    const head = this.#head
    this.#head = ''
    return head
  }

  #send(text: string): boolean {
    return this.#put(text) || this.#awaitDrain()
  }

  #put(piece: Buffer | string): boolean {
    const onWritten = this.#onWritten
    if (onWritten !== undefined) this.#unwritten += 1
    return typeof piece === 'string'
      ? this.#socket.write(piece, 'latin1', onWritten)
      : this.#socket.write(piece, onWritten)
  }

  #awaitDrain(): false {
    if (this.#awaitsDrain) return false
    this.#awaitsDrain = true
    this.#socket.once('drain', () => {
      this.#awaitsDrain = false
      this.emit()
    })
    return false
  }

  // Only clients that expect a 100 are to be told, and their requests are not plain.
  writeContinue(): void {}

  writeProcessing(): void {
    this.#send('HTTP/1.1 102 Processing\r\n\r\n')
  }

  writeEarlyHints({ link }: Record<'link', string[]>): void {
    this.#send(`HTTP/1.1 103 Early Hints\r\nLink: ${link.join(', ')}\r\n\r\n`)
  }

  /** `drain` is the only event that is ever emitted from outside. */
  emit(): boolean {
    const listeners = this.#onDrain ?? []
    this.#onDrain = null
    for (const listener of listeners) listener()
    return listeners.length > 0
  }

  on(event: 'close', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'close' | 'error', listener: (error: Error) => void): this {
    // It has no errors of its own: what breaks it closes it.
    if (event === 'close') this.#onClose.push(listener as () => void)
    return this
  }

  once(event: 'close' | 'drain', listener: () => void): this {
    if (event === 'close') this.#onClose.push(listener)
    else (this.#onDrain ??= []).push(listener)
    return this
  }
}

const CLOSE = 'Connection: close\r\n\r\n'

const statusLines: string[] = []

function statusLine(status: number): string {
  return (statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`)
}

function sizeLine({ length }: { readonly length: number }): string {
  return `${length.toString(16)}\r\n`
}
