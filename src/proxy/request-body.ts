import { Readable } from 'node:stream'

import type { Incoming } from '../listener/index.ts'
import type { UpstreamMember } from '../upstream/index.ts'

/** Why an upload came to an end before its time. */
export class UploadError extends Error {
  override readonly name = 'UploadError'
  /** `client`: it went away, or sent nothing for too long, or too much. `upstream`: it took nothing for too long. */
  readonly side: 'client' | 'upstream'
  /** What exactly the client did. @default it went away */
  readonly fault: 'gone' | 'stalled' | 'too-large'

  constructor(
    side: 'client' | 'upstream',
    message: string,
    fault: 'gone' | 'stalled' | 'too-large' = 'gone',
  ) {
    super(message)
    this.side = side
    this.fault = fault
  }
}

/** A body that has come already, as a stream. */
export function heldRequestBody(held: Buffer): Readable {
  const body = new Readable({
    read() {
      this.push(held)
      this.push(null)
    },
  })
  body.on('error', () => {})
  return body
}

/** Options of {@link createRequestBody}. */
export interface RequestBodyOptions {
  /**
   * Longest pause between two parts of the body, in milliseconds; 0: any. In each such time, and 10 s at least, that
   * its client alone kept it waiting, a hundred bytes a second must come.
   */
  readonly idleMs: number
  /** Longest body, in bytes; Infinity: any. */
  readonly maxBytes: number
  /** Called once, when the upstream is ready for the body. */
  readonly onFirstRead: () => void
}

/** What may come beside a body, in bytes: framing, and the beginning of what follows it. */
const MOST_FRAMING_BYTES = 256 * 1024

/** What a client must send of a body at least, in bytes a second. */
const LEAST_BYTES_PER_SECOND = 100
/** … over a time no shorter than this, in milliseconds. */
const LEAST_PACE_MS = 10_000

/**
 * The body of a request as a stream of its own, with back-pressure. An HTTP client destroys the body that it is given
 * when the upstream answers early; given the request itself, that would cut the client off before it got the answer.
 */
export function createRequestBody(
  incoming: Incoming,
  { idleMs, maxBytes, onFirstRead }: RequestBodyOptions,
): Readable {
  let wanted = false
  let bytes = 0
  let bytesBefore = 0
  let wasHeldBack = true // the first time is grace

  const paceMs = Math.max(idleMs, LEAST_PACE_MS)
  const crawls = (): void => {
    const least = (paceMs / 1000) * LEAST_BYTES_PER_SECOND
    if (!wasHeldBack && !incoming.isPaused() && bytes - bytesBefore < least) {
      const message = `the client sent less than ${least} bytes of the body in ${paceMs} ms`
      body.destroy(new UploadError('client', message))
    }
    bytesBefore = bytes
    wasHeldBack = incoming.isPaused()
  }
  let parts = 0
  const heardBefore = incoming.socket.bytesRead ?? 0
  /** Sizes of chunks are short; what may stand behind them (extensions) costs more to read than to send. */
  const isMostlyFraming = (): boolean => {
    const { bytesRead = 0 } = incoming.socket
    return bytesRead - heardBefore > 2 * bytes + 16 * parts + MOST_FRAMING_BYTES
  }
  const stalled = (): void => {
    body.destroy(
      incoming.isPaused()
        ? new UploadError('upstream', `the upstream took nothing of the body for ${idleMs} ms`)
        : new UploadError(
            'client',
            `the client sent nothing of the body for ${idleMs} ms`,
            'stalled',
          ),
    )
  }
  const timer = idleMs === 0 ? null : setTimeout(stalled, idleMs).unref()
  const pace = idleMs === 0 ? null : setInterval(crawls, paceMs).unref()

  const onData = (chunk: Buffer): void => {
    timer?.refresh()
    bytes += chunk.length
    parts += 1
    if (isMostlyFraming()) {
      body.destroy(
        new UploadError('client', 'the client sent more of chunk extensions than of a body'),
      )
      return
    }
    if (bytes > maxBytes) {
      const message = `the client sent more than ${maxBytes} bytes`
      body.destroy(new UploadError('client', message, 'too-large'))
    } else if (!body.push(chunk)) {
      wasHeldBack = true
      incoming.pause()
    }
  }
  const onEnd = (): void => {
    release()
    body.push(null)
  }
  const onClose = (): void => {
    body.destroy(new UploadError('client', 'the client went away before the body was complete'))
  }
  const release = (): void => {
    if (timer !== null) clearTimeout(timer)
    if (pace !== null) clearInterval(pace)
    incoming.off('data', onData).off('end', onEnd).off('close', onClose).pause()
  }

  const body = new Readable({
    read() {
      if (!wanted) {
        wanted = true
        onFirstRead()
      }
      incoming.resume()
    },
    destroy(error, done) {
      release()
      done(error)
    },
  })
  // undici stops listening for errors before it destroys a body.
  body.on('error', () => {})
  incoming.pause()
  incoming.on('data', onData).on('end', onEnd).on('close', onClose)
  return body
}

/** Longest body that leaves as one text with its head, in bytes: what Node writes without allocating. */
export const MAX_TEXT_BYTES: number = 12 * 1024

/** The body of a request that came whole, where that can be sent at once. */
export function textOf(whole: Buffer | null, { dispatcher }: UpstreamMember): string | undefined {
  if (whole === null || whole.length === 0 || whole.length > MAX_TEXT_BYTES) return undefined
  return dispatcher.takesText === true ? whole.toString('latin1') : undefined
}
