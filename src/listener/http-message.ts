/**
 * A request and its response, as far as those who carry them need to know: `node:http` has such, and so does a stream
 * of HTTP/2. What is not here is not used, so that neither protocol can have what the other lacks.
 *
 * @module
 */

/** Where a request came from, and how to break its response off. */
export interface IncomingSocket {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  /** How much has come on a connection of HTTP/1.1, in bytes. */
  readonly bytesRead?: number | undefined
  readonly destroyed: boolean
  readonly writableEnded: boolean
  /** Breaks off what is not complete: in HTTP/1.1 with the whole connection, in HTTP/2 the one stream. */
  destroy(): unknown
  /** The same, with a reset where an end would mean something. */
  resetAndDestroy(): unknown
  /** Stops reading a connection of HTTP/1.1, and goes on. */
  pause?(): unknown
  resume?(): unknown
  /** Told when the client has ended its side of a connection of HTTP/1.1; a stream of HTTP/2 is reset instead. */
  on?(event: 'end', listener: () => void): unknown
  off?(event: 'end', listener: () => void): unknown
}

/** A request. */
export interface Incoming {
  readonly method?: string | undefined
  /** The request target as it came. */
  readonly url?: string | undefined
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string
  /** Name, value, name, value … with repeats kept apart. */
  readonly rawHeaders: readonly string[]
  /**
   * The same as text, where it came checked and as it would be written: lines of `name: value` and CR LF, in latin-1.
   *
   * @default null: it is to be made of the fields
   */
  readonly section?: string | null
  /** The connection; it has `encrypted` where the request came by TLS. */
  readonly socket: IncomingSocket
  /** Whether all of it has come. */
  readonly complete: boolean
  /** All of its body, where that came with the head; its events tell it, too. @default null: only they do */
  readonly wholeBody?: Buffer | null
  readonly destroyed: boolean
  isPaused(): boolean
  pause(): this
  resume(): this
  on(event: 'data', listener: (chunk: Buffer) => void): this
  on(event: 'end' | 'close', listener: () => void): this
  once(event: 'close', listener: () => void): this
  off(event: 'data', listener: (chunk: Buffer) => void): this
  off(event: 'end' | 'close', listener: () => void): this
}

/** A header section as text, and what is to be known of it. */
export interface SectionText {
  readonly text: string
  /** Whether `Date` is among its fields. */
  readonly dated: boolean
  /** Whether `Content-Length` is. */
  readonly hasLength: boolean
}

/** The response to it. */
export interface Outgoing {
  readonly req: Incoming
  /** Null, or nothing to uncork, where nothing is corked. */
  readonly socket: { uncork(): void } | null
  /** Whether the connection goes on afterwards; HTTP/2 has no use for it. */
  shouldKeepAlive: boolean
  readonly statusCode: number
  /** Reason phrase; HTTP/2 has none. */
  statusMessage: string
  readonly headersSent: boolean
  /** Bytes that the client has yet to take. */
  readonly writableLength: number
  readonly writableNeedDrain: boolean
  /** Whether it was sent to its end. */
  readonly writableFinished: boolean
  readonly destroyed: boolean
  readonly closed: boolean
  /** @param fields Name, value, name, value … */
  writeHead(status: number, fields: string[]): unknown
  /**
   * Writes the head with a header section that is text already. Absent: it takes fields only.
   *
   * @param section Lines of `name: value` and CR LF, checked.
   */
  writeSection?(status: number, section: SectionText): void
  removeHeader(name: string): void
  flushHeaders(): void
  write(chunk: Buffer | string, encoding?: BufferEncoding): boolean
  end(text?: string): unknown
  writeContinue(): void
  writeProcessing(): void
  writeEarlyHints(hints: Record<'link', string[]>): void
  emit(event: 'drain'): boolean
  on(event: 'close', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  once(event: 'close' | 'drain', listener: () => void): this
}
