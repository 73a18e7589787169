import { Readable } from 'node:stream'

import type { Incoming } from '../listener/index.ts'

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
  /** Longest pause between two parts of the body, in milliseconds; 0: any. */
  readonly idleMs: number
  /** Longest body, in bytes; Infinity: any. */
  readonly maxBytes: number
  /** Called once, when the upstream is ready for the body. */
  readonly onFirstRead: () => void
}

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

  const onData = (chunk: Buffer): void => {
    timer?.refresh()
    bytes += chunk.length
    if (bytes > maxBytes) {
      const message = `the client sent more than ${maxBytes} bytes`
      body.destroy(new UploadError('client', message, 'too-large'))
    } else if (!body.push(chunk)) incoming.pause()
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
