import type { ResponseHead, ResponseLimits } from './response-head.ts'
import { mayBecomeHead, readResponseHead, RESPONSE_LIMITS, TOO_LONG } from './response-head.ts'

const MAX_INTERIM_RESPONSES = 64

/** Told of the interim responses (RFC 9110 §15.2) before an answer. */
export interface InterimOwner {
  /** Whether the request asks to use the connection for something else, which a 101 grants. */
  readonly asksToSwitch: boolean
  /** @returns False: nothing more is to be read. */
  onInterim(head: ResponseHead): boolean
}

/** Reads the heads of the responses on one connection, in however many pieces they come. */
export class HeadReader {
  /** Where the body begins, in the piece that the head was complete with. */
  bodyStart = 0
  /** Of a head that is not complete yet. */
  #text = ''
  #interim = 0
  /** Of heads that were interim. */
  #interimBytes = 0
  readonly #limits: ResponseLimits

  constructor(limits: ResponseLimits = RESPONSE_LIMITS) {
    this.#limits = limits
  }

  /** Begins with the response to another request. */
  reset(): void {
    this.#interim = 0
    this.#interimBytes = 0
  }

  /**
   * Reads a piece.
   *
   * @param text As much of it as a head could take.
   * @param toHead Whether the request was HEAD.
   * @returns The head; or what is wrong with it; null: it is not complete yet.
   */
  read(text: string, toHead: boolean, owner: InterimOwner): ResponseHead | string | null {
    const { responseHeadBytes, responseFields } = this.#limits
    const before = this.#text.length
    let all = before === 0 ? text : this.#text + text
    let start = 0
    for (;;) {
      const end = all.indexOf('\r\n\r\n', start === 0 ? Math.max(0, before - 3) : start)
      if (end === -1 || end - start > responseHeadBytes - 4) break
      const head = readResponseHead(all, start, end + 2, toHead, responseFields)
      if (typeof head === 'string') return head
      start = end + 4
      if (head.status >= 200 || (head.status === 101 && owner.asksToSwitch)) {
        this.#text = ''
        this.bodyStart = start - before
        return head
      }
      if (head.status === 101) return 'it switches protocols, which nobody asked for'
      if (++this.#interim > MAX_INTERIM_RESPONSES) return 'it is one of too many'
      if (!owner.onInterim(head)) return null
    }
    this.#interimBytes += start
    // Interim heads count too: what is longer than one head altogether was not even looked at.
    if (this.#interimBytes + all.length - start >= responseHeadBytes) return TOO_LONG
    if (start > 0) all = all.slice(start)
    if (!mayBecomeHead(all, start > 0 ? 0 : before)) return 'its head is malformed'
    this.#text = all
    return null
  }
}
