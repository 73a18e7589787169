import type { AnswerCode } from '../authenticator/index.ts'
import type { Incoming } from '../listener/index.ts'

/** Options of {@link holdBody}. */
export interface HoldOptions {
  /** Longest body, in bytes. */
  readonly maxBytes: number
  /** Longest pause between two parts of it, in milliseconds; 0: any. */
  readonly idleMs: number
  /** Told once: all of the body; or the code of a refusal. Not where the client has gone away. */
  readonly onHeld: (body: Buffer | AnswerCode) => void
}

/** Reads the body of a request to its end before anything is done with it. */
export function holdBody(incoming: Incoming, { maxBytes, idleMs, onHeld }: HoldOptions): void {
  // One piece of memory, which grows: a body in pieces of one byte would take a hundred times its length as a list.
  let held: Buffer = Buffer.alloc(0)
  let bytes = 0
  const settle = (outcome: Buffer | AnswerCode | null): void => {
    if (timer !== null) clearTimeout(timer)
    incoming.off('data', onData).off('end', onEnd).off('close', onClose)
    if (outcome !== null) onHeld(outcome)
  }
  const onData = (chunk: Buffer): void => {
    timer?.refresh()
    if (bytes + chunk.length > maxBytes) return settle('body_too_large')
    held = withRoom(held, bytes, chunk.length, maxBytes)
    bytes += chunk.copy(held, bytes)
  }
  const onEnd = (): void => settle(held.subarray(0, bytes))
  const onClose = (): void => settle(null)
  const timer = idleMs === 0 ? null : setTimeout(() => settle('request_timeout'), idleMs).unref()
  incoming.on('data', onData).on('end', onEnd).on('close', onClose)
  incoming.resume()
}

function withRoom(held: Buffer, used: number, more: number, most: number): Buffer {
  if (used + more <= held.length) return held
  const larger = Buffer.alloc(Math.min(most, Math.max(used + more, 2 * held.length)))
  held.copy(larger, 0, 0, used)
  return larger
}
