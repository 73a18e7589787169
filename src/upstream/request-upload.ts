import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

import { UpstreamError } from './upstream-error.ts'

/** Told how an upload ends. */
export interface UploadOwner {
  onUploadEnd(): void
  onUploadError(error: Error): void
}

/** Options of {@link RequestUpload}. */
export interface RequestUploadOptions {
  readonly body: Readable
  readonly socket: Socket
  /** In bytes; null: in chunks. */
  readonly length: number | null
  readonly owner: UploadOwner
}

/** Writes the body of one request, framed, no faster than the socket takes it. */
export class RequestUpload {
  readonly #options: RequestUploadOptions
  #left: number

  constructor(options: RequestUploadOptions) {
    this.#options = options
    this.#left = options.length ?? Infinity
    const { body, socket } = options
    body.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError)
    body.on('close', this.#onClose)
    socket.on('drain', this.#onDrain)
  }

  /** Lets go of body and socket; neither is ended. */
  stop(): void {
    const { body, socket } = this.#options
    body.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    // Its errors are still listened to: whoever destroys it now must not bring the process down.
    socket.off('drain', this.#onDrain)
  }

  /** Takes no more of the body: nobody can be given it. */
  abandon(): void {
    this.stop()
    this.#options.body.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    const { body, socket, length } = this.#options
    this.#left -= chunk.length
    if (this.#left < 0) return this.#fail('the body of the request is longer than its length says')
    if (chunk.length === 0) return
    let more: boolean
    if (length === null) {
      socket.cork()
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      more = socket.write('\r\n', 'latin1')
      socket.uncork()
    } else {
      more = socket.write(chunk)
    }
    if (!more) body.pause()
  }

  readonly #onDrain = (): void => {
    this.#options.body.resume()
  }

  readonly #onEnd = (): void => {
    const { socket, length, owner } = this.#options
    if (length !== null && this.#left > 0) {
      return this.#fail('the body of the request is shorter than its length says')
    }
    this.stop()
    if (length === null) socket.write('0\r\n\r\n', 'latin1')
    owner.onUploadEnd()
  }

  readonly #onError = (error: Error): void => {
    this.stop()
    this.#options.owner.onUploadError(error)
  }

  readonly #onClose = (): void => {
    this.#fail('the body of the request was destroyed')
  }

  #fail(message: string): void {
    this.stop()
    this.#options.owner.onUploadError(new UpstreamError('ERR_REQUEST_INVALID', message))
  }
}
