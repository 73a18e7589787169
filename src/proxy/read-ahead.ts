import type { Readable } from 'node:stream'

/** Told what became of a body; one of those with `on` is called, and once. */
export interface ReadAheadOwner {
  /** Whether connections are so few that a client that is slow would keep one from others. */
  isCrowded(): boolean
  /** Told of all of the body. */
  onWhole(whole: Buffer): void
  /** Told that the body takes long. It is to be read on, with what has come in its place. */
  onLate(): void
  onLost(error: Error): void
}

/** A body of so many bytes at most is read before a connection to an upstream is taken … */
export const MOST_READ_AHEAD_BYTES: number = 64 * 1024

/** … which most are when they come just behind their head, in milliseconds: the upstream may answer before the end … */
const USUAL_MS = 25

/** … but for as long as this where connections are few. */
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
  const giveUp = (isLast: boolean): void => {
    if (body.destroyed || body.readableEnded) return
    if (!isLast && owner.isCrowded()) {
      timer = setTimeout(giveUp, LONGEST_MS - USUAL_MS, true)
      return
    }
    body.off('readable', take).off('end', end).off('error', lose)
    if (parts.length > 0) body.unshift(Buffer.concat(parts))
    owner.onLate()
  }
  let timer = setTimeout(giveUp, USUAL_MS, false)
  // Not by 'data': whoever reads on could not tell that it was paused.
  body.on('readable', take).on('end', end).on('error', lose)
}

function read(body: Readable): Buffer | null {
  return body.read() as Buffer | null
}
