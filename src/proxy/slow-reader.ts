import type { Incoming, Outgoing } from '../listener/index.ts'

import { breakOff } from './send-answer.ts'

/** A response that its client has to read, and how long it may take over it. */
export interface Reading {
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  /** For how long nothing may be read, in milliseconds; 0: any time. */
  readonly idleBodyMs: number
  /** Whether the end of the connection is the end of the body. */
  readonly openEnded: boolean
}

/** A client that has to read before more is sent, or before its response is over; one that does not is cut off. */
export class SlowReader {
  readonly #reading: Reading
  #awaiting = false
  #stall: NodeJS.Timeout | null = null

  constructor(reading: Reading) {
    this.#reading = reading
  }

  /** Calls back when what was sent has been read. Asked again meanwhile, it changes nothing. */
  await(onRead: () => void): void {
    if (this.#awaiting) return
    this.#awaiting = true
    this.limit()
    this.#reading.outgoing.once('drain', () => {
      this.forget()
      onRead()
    })
  }

  /** From now on the client has so long to read what was sent. */
  limit(): void {
    const { idleBodyMs } = this.#reading
    if (this.#stall !== null) clearTimeout(this.#stall)
    if (idleBodyMs === 0) return
    this.#stall = setTimeout(cutOff, idleBodyMs, this.#reading).unref()
  }

  forget(): void {
    this.#awaiting = false
    if (this.#stall !== null) clearTimeout(this.#stall)
    this.#stall = null
  }
}

function cutOff({ incoming, outgoing, openEnded }: Reading): void {
  // A stream of HTTP/2 that was read to its end may stay open for the rest of its request.
  if (!outgoing.writableFinished) breakOff(incoming, openEnded)
}
