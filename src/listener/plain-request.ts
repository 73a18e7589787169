import type { Socket } from 'node:net'

import type { Incoming } from './http-message.ts'
import type { PlainHead } from './plain-head.ts'

/** A request that came whole: its head in plain form, and all of its body with it. */
export class PlainRequest implements Incoming {
  readonly method: string
  readonly url: string
  readonly httpVersion: string = '1.1'
  readonly rawHeaders: readonly string[]
  readonly section: string | null
  readonly socket: Socket
  readonly complete: boolean = true
  readonly wholeBody: Buffer | null
  destroyed: boolean = false
  #told = false
  #flowing = false
  /** Whether its end was told. */
  #ended = false
  #onData: ((chunk: Buffer) => void)[] | null = null
  #onEnd: (() => void)[] | null = null
  #onClose: (() => void)[] | null = null

  constructor(head: PlainHead, body: Buffer | null, socket: Socket) {
    this.method = head.method
    this.url = head.url
    this.rawHeaders = head.rawHeaders
    this.section = head.section
    this.wholeBody = body
    this.socket = socket
  }

  isPaused(): boolean {
    return !this.#flowing
  }

  pause(): this {
    this.#flowing = false
    return this
  }

  resume(): this {
    if (this.#flowing) return this
    this.#flowing = true
    process.nextTick(flow, this)
    return this
  }

  on(event: 'data', listener: (chunk: Buffer) => void): this
  on(event: 'end' | 'close', listener: () => void): this
  on(event: 'data' | 'end' | 'close', listener: (chunk: Buffer) => void): this {
    if (event === 'data') (this.#onData ??= []).push(listener)
    else if (event === 'end') (this.#onEnd ??= []).push(listener as () => void)
    else (this.#onClose ??= []).push(listener as () => void)
    return this
  }

  once(event: 'close', listener: () => void): this {
    return this.on(event, listener)
  }

  off(event: 'data', listener: (chunk: Buffer) => void): this
  off(event: 'end' | 'close', listener: () => void): this
  off(event: 'data' | 'end' | 'close', listener: (chunk: Buffer) => void): this {
    if (event === 'data') this.#onData = without(this.#onData, listener)
    else if (event === 'end') this.#onEnd = without(this.#onEnd, listener as () => void)
    else this.#onClose = without(this.#onClose, listener as () => void)
    return this
  }

  /** Hands out what is there, to listeners that want it now. */
  flow(): void {
    if (!this.#flowing || this.destroyed) return
    const body = this.#told ? null : this.wholeBody
    this.#told = true
    if (body !== null) this.#onData?.forEach((listener) => listener(body))
    // A listener may have had enough for now.
    if (!this.#flowing || this.#ended || this.destroyed) return
    this.#ended = true
    this.#onEnd?.forEach((listener) => listener())
  }

  /** Tells that its response, or its connection, is over. */
  close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#onClose?.forEach((listener) => listener())
  }
}

function flow(request: PlainRequest): void {
  request.flow()
}

function without<Listener>(listeners: Listener[] | null, one: Listener): Listener[] | null {
  return listeners === null ? null : listeners.filter((listener) => listener !== one)
}
