import type { Socket } from 'node:net'
import { Readable } from 'node:stream'

import { readPlainHead } from './plain-head.ts'
import { PlainRequest } from './plain-request.ts'
import type { ResponseOwner } from './plain-response.ts'
import { PlainResponse } from './plain-response.ts'
import { endRaw } from './staged-end.ts'

/** What a connection of the fast lane needs of the lane. */
export interface PlainConnectionOwner {
  readonly serve: (request: PlainRequest, response: PlainResponse) => void
  /** Gives the connection away; `unread` is what came of its next request. */
  readonly handOver: (connection: PlainConnection, unread: Buffer) => void
  readonly forget: (connection: PlainConnection) => void
  /** What ends the head of a response after which the connection goes on. */
  readonly keepAlive: string
  /** The time, as often as the lane looks over its connections. */
  readonly tick: number
  /** How much of what came is looked at for a head, in bytes: a longer one is not plain. */
  readonly mostHeadBytes: number
}

/**
 * A connection whose requests come whole and in plain form, one at a time. While one is answered, nothing of the next
 * is looked at; what is not plain goes to the parser of Node, and the connection with it, before a byte of an answer.
 */
export class PlainConnection implements ResponseOwner {
  readonly socket: Socket
  readonly writesLate: boolean
  /** Since when no request is under way, in ticks. */
  idleSince: number
  readonly #owner: PlainConnectionOwner
  #request: PlainRequest | null = null
  #response: PlainResponse | null = null
  /** Whether something came after a request that is still being answered; it is in the socket. */
  #held = false
  /** Whether the client has sent its last byte. */
  #ended = false
  /** Whether the last answer was given. */
  #closing = false

  constructor(socket: Socket, owner: PlainConnectionOwner) {
    this.socket = socket
    this.writesLate = 'encrypted' in socket
    this.#owner = owner
    this.idleSince = owner.tick
    socket.push = this.#onPush
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', ignore)
    socket.on('close', this.#onClose)
  }

  get keepAlive(): string {
    return this.#owner.keepAlive
  }

  get idle(): boolean {
    return this.#response === null
  }

  /** Stops listening to the socket, for another to go on in the same turn: a paused one Node would never read again. */
  leave(): void {
    this.#owner.forget(this)
    const { socket } = this
    socket.push = readablePush
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
  }

  /** Goes on with what came while a request was answered, as though it came now. */
  goOn(): void {
    if (!this.#held || this.#response !== null) return
    this.#held = false
    this.socket.resume()
  }

  onResponseEnd(keepsAlive: boolean): void {
    const { socket } = this
    this.#request = null
    this.#response = null
    this.idleSince = this.#owner.tick
    if (!keepsAlive) return this.#end()
    if (this.#held) process.nextTick(goOn, this)
    else if (this.#ended) socket.end()
  }

  /** Ends the connection after its last answer, which what is unread must not take away (RFC 9112 §9.6). */
  #end(): void {
    const { socket } = this
    this.#closing = true
    if (!this.#held) return socket.destroySoon()
    endRaw(socket, '')
  }

  /**
   * Takes what has been read before it enters the queue of the stream, where nothing is in it and nothing is held back:
   * a request then costs neither the queue nor the tick in which a stream looks whether to read more.
   */
  readonly #onPush = (chunk: Buffer | null): boolean => {
    const { socket } = this
    const isNext = this.#response === null && !this.#held && !this.#closing
    if (chunk === null || !isNext || socket.readableLength > 0 || socket.readableFlowing !== true) {
      return readablePush.call(socket, chunk)
    }
    this.#read(chunk)
    return true
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#closing) return
    if (this.#response === null) return this.#read(chunk)
    this.#hold(chunk)
  }

  /** Puts back what came too early: behind it the end of the connection, too, can still be told to another. */
  #hold(bytes: Buffer): void {
    this.#held = true
    this.socket.pause().unshift(bytes)
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    if (this.#response === null) this.socket.end()
  }

  readonly #onClose = (): void => {
    this.#owner.forget(this)
    this.#request?.close()
    this.#response?.close()
  }

  #read(bytes: Buffer): void {
    const head = readPlainHead(bytes.toString('latin1', 0, this.#owner.mostHeadBytes))
    const end = head === null ? Infinity : head.bodyStart + head.bodyLength
    if (head === null || end > bytes.length) {
      this.leave()
      return this.#owner.handOver(this, bytes)
    }
    const { socket } = this
    const body = head.bodyLength === 0 ? null : bytes.subarray(head.bodyStart, end)
    const request = new PlainRequest(head, body, socket)
    const response = new PlainResponse(request, socket, head.keepsAlive, this)
    if (end < bytes.length) this.#hold(bytes.subarray(end))
    this.#request = request
    this.#response = response
    this.#owner.serve(request, response)
  }
}

/** The stream's own way of taking what has been read. */
// oxlint-disable-next-line typescript/unbound-method -- called on the socket that it belongs to
const readablePush = Readable.prototype.push

function goOn(connection: PlainConnection): void {
  connection.goOn()
}

/** What breaks a connection closes it, too. */
function ignore(): void {}
