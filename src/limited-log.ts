import type { Clock } from './clock.ts'

/** How often one kind of event is written: an outage at 10 000 requests a second is one event, not 10 000. */
const INTERVAL_MS = 1_000

/** How many kinds are kept apart. */
const MOST_KINDS = 1_000

/**
 * Writes an event unless one of its kind was written a moment ago.
 *
 * @param write Gets the number of those of its kind that were left out since.
 */
export type LimitedLog = (kind: string, write: (omitted: number) => void) => void

/** Makes the limit for what strangers can cause: each kind at most once in a while, and how many were left out. */
export function createLimitedLog(clock: Clock): LimitedLog {
  const kinds = new Map<string, { lastMs: number; omitted: number }>()
  return function limited(kind, write) {
    const known = kinds.get(kind) ?? { lastMs: -Infinity, omitted: 0 }
    if (clock.monotonic() - known.lastMs < INTERVAL_MS) {
      known.omitted++
      return
    }
    if (kinds.size >= MOST_KINDS) kinds.clear()
    kinds.set(kind, known)
    const { omitted } = known
    known.lastMs = clock.monotonic()
    known.omitted = 0
    write(omitted)
  }
}
