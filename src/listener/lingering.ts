import { systemClock } from '../clock.ts'

/** A connection or a stream whose client has its answer and is still sending. */
export interface Lingerer {
  /** How much has come by now, in bytes. */
  readonly bytesRead: number
  /** Ends the connection at once. */
  cut(): void
}

/** Connections that are listened to although nothing that they send is wanted. */
export interface Lingering {
  readonly size: number
  /** Begins to look after a connection; its owner reads what it sends, and drops it. */
  add(lingerer: Lingerer): void
  /** Forgets a connection that is over, and does nothing for what is not there. */
  delete(lingerer: Lingerer): void
}

/** For how long a client may go on sending after its answer, in milliseconds. */
const LONGEST_MS = 30_000

/** For how long it may send nothing meanwhile, in milliseconds. */
const SILENCE_MS = 5_000

/** How much it may send, in bytes; looked at with each sweep. */
const MOST_BYTES = 64 * 1024 * 1024

/** How many may do so at once; of more, the one that has done so for longest is cut. */
const MOST_AT_ONCE = 256

/** How often they are looked over, in milliseconds. */
const SWEEP_MS = 250

interface Stay {
  readonly sinceMs: number
  readonly before: number
  heard: number
  heardAtMs: number
}

/**
 * Bounds what is spent on clients that have not finished sending when they are answered. A connection that is closed
 * with unread bytes on it is reset, and the reset takes the answer with it (RFC 9112 §9.6).
 */
function createLingering(): Lingering {
  const stays = new Map<Lingerer, Stay>()
  let sweep: NodeJS.Timeout | null = null

  function cut(lingerer: Lingerer): void {
    forget(lingerer)
    lingerer.cut()
  }

  function forget(lingerer: Lingerer): void {
    stays.delete(lingerer)
    if (stays.size > 0 || sweep === null) return
    clearInterval(sweep)
    sweep = null
  }

  function look(): void {
    const nowMs = systemClock.monotonic()
    for (const [lingerer, stay] of stays) {
      const { bytesRead } = lingerer
      if (bytesRead !== stay.heard) {
        stay.heard = bytesRead
        stay.heardAtMs = nowMs
      }
      const isOver = nowMs - stay.sinceMs >= LONGEST_MS || nowMs - stay.heardAtMs >= SILENCE_MS
      if (isOver || bytesRead - stay.before > MOST_BYTES) cut(lingerer)
    }
  }

  return {
    get size() {
      return stays.size
    },
    add(lingerer) {
      if (stays.has(lingerer)) return
      const [oldest] = stays.size >= MOST_AT_ONCE ? stays.keys() : []
      if (oldest !== undefined) cut(oldest)
      const { bytesRead } = lingerer
      const nowMs = systemClock.monotonic()
      stays.set(lingerer, { sinceMs: nowMs, before: bytesRead, heard: bytesRead, heardAtMs: nowMs })
      sweep ??= setInterval(look, SWEEP_MS).unref()
    },
    delete: forget,
  }
}

/** The one of this process: its bounds are for all listeners together. */
export const lingering: Lingering = createLingering()
