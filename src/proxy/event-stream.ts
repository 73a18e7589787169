import type { Outgoing } from '../listener/index.ts'
import type { StreamEnd } from './events.ts'
import type { Stream } from './open-streams.ts'

const EVENT_STREAM = /^text\/event-stream\s*(?:;|$)/i

/** Whether a response is a stream of server-sent events (HTML, §9.2), which goes on for as long as it likes. */
export function isEventStream(fields: readonly string[]): boolean {
  return EVENT_STREAM.test(valueOf(fields, 'content-type') ?? '')
}

/** Whether a response says how long its body is, so that it cannot end well before that. */
export function hasLength(fields: readonly string[]): boolean {
  return valueOf(fields, 'content-length') !== null
}

/** What an {@link EventStream} does to the exchange that it is part of. */
export interface EventStreamOptions {
  readonly outgoing: Outgoing
  readonly pause: () => void
  /** Goes on as soon as the client has read what was sent, which it has only so long for. */
  readonly resume: () => void
  /** Gives the upstream up and, unless it has a length, ends the response as complete. */
  readonly finish: () => void
  /** Breaks the response off. */
  readonly breakOff: () => void
  readonly hasLength: boolean
}

/** How long a client may take to read what was sent until the end, in milliseconds. */
const FAREWELL_MS = 1_000

/** A response that is verified again while it is being sent. */
export class EventStream implements Stream {
  /** While it is, the response must wait, whoever is ready for it. */
  held = false
  /** Tells whoever cares that it has ended by itself. */
  ended: (why: StreamEnd) => void = () => {}
  readonly #options: EventStreamOptions
  /** What came although the upstream had been told to wait: a part that was on its way. */
  readonly #kept: Buffer[] = []
  #onRelease: (() => void) | null = null

  constructor(options: EventStreamOptions) {
    this.#options = options
  }

  hold(): void {
    this.held = true
    this.#options.pause()
  }

  keep(chunk: Buffer): void {
    this.#kept.push(chunk)
    this.#options.pause()
  }

  /** The same for the end. */
  keepEnd(then: () => void): void {
    this.#onRelease = then
  }

  release(): void {
    const { outgoing, resume } = this.#options
    this.held = false
    for (const chunk of this.#kept.splice(0)) outgoing.write(chunk)
    if (this.#onRelease !== null) return this.#onRelease()
    resume()
  }

  /** An event that is not complete is none to its receiver (HTML, §9.2.6), so the stream may end anywhere. */
  end(): void {
    const { outgoing, finish, breakOff } = this.#options
    finish()
    if (this.#options.hasLength) return breakOff()
    const cut = setTimeout(breakOff, FAREWELL_MS).unref()
    outgoing.once('close', () => clearTimeout(cut))
  }
}

function valueOf(fields: readonly string[], wanted: string): string | null {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (name.length === wanted.length && name.toLowerCase() === wanted) return fields[i + 1] ?? ''
  }
  return null
}
