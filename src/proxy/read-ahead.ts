import type { Readable } from 'node:stream'

/** Told what became of a body; one of them is called, and once. */
export interface ReadAheadOwner {
  /** Told of all of the body. */
  onWhole(whole: Buffer): void
  /** Told that the body takes long. It is to be read on, with what has come in its place. */
  onLate(): void
  onLost(error: Error): void
}

/** A body of so many bytes at most is read before a connection to an upstream is taken … */
export const MOST_READ_AHEAD_BYTES: number = 64 * 1024

/** … but for no longer than this, in milliseconds: the upstream may answer before its end. */
const LONGEST_MS = 1_000

/** Reads a short body, so that a client that is slow over it takes no connection meanwhile. */
export function readAhead(body: Readable, owner: ReadAheadOwner): void {
  const parts: Buffer[] = []
  const take = (): void => {
    for (let part = read(body); part !== null; part = read(body)) parts.push(part)
  }
  const end = (): void => {
    clearTimeout(timer)
    owner.onWhole(Buffer.concat(parts))
  }
  const lose = (error: Error): void => {
    clearTimeout(timer)
    owner.onLost(error)
  }
  const timer = setTimeout(() => {
    if (body.destroyed || body.readableEnded) return
    body.off('readable', take).off('end', end).off('error', lose)
    if (parts.length > 0) body.unshift(Buffer.concat(parts))
    owner.onLate()
  }, LONGEST_MS)
  // Not by 'data': whoever reads on could not tell that it was paused.
  body.on('readable', take).on('end', end).on('error', lose)
}

function read(body: Readable): Buffer | null {
  return body.read() as Buffer | null
}
