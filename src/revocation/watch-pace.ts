import type { Clock } from '../clock.ts'
import type { WatchOutcome } from './watch-reading.ts'

/** Options of {@link createWatchPace}. */
export interface WatchPaceOptions {
  /** How often each thing is read, in milliseconds. */
  readonly intervalMs: number
  /** How many readings may be under way at once. */
  readonly concurrency: number
  readonly clock: Clock
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
}

/** How fast the watch may go. */
export interface WatchPace {
  /** What holds up all readings, or null. It lasts until a question that is asked later is answered. */
  readonly trouble: 'unauthorized' | 'fault' | null
  /** How many readings may be under way now: none during a pause, one to see whether it is over, else all. */
  readonly allowance: number
  /** Takes in what became of a reading. */
  note(outcome: WatchOutcome, askedAtMs: number, retryAfterMs: number): void
  /** When to read the same thing again, after the question; `strikes`: how often in a row the same came of it. */
  delayAfter(outcome: WatchOutcome, strikes: number): number
}

/** So that what is read every interval does not go out in step. */
const INTERVAL_JITTER = 0.1

/** The pause after faults is random between these, the upper one doubling from fault to fault up to the longest. */
const LEAST_PAUSE_MS = 1_000
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 60_000

/** How long a token that Onezone does not accept is not tried again. */
const UNAUTHORIZED_PAUSE_MS = 30_000

/** Something that cannot be read is tried again ever more seldom, but at least this often. */
const LONGEST_DELAY_MS: Readonly<Record<WatchOutcome, number>> = {
  ok: 0, // the interval
  unauthorized: 0, // the pause of all readings is longer
  forbidden: 300_000,
  missing: 300_000,
  fault: LONGEST_PAUSE_MS,
}

/** Makes the pace of one watch: a Onezone that is in trouble is asked less, and one that is back not by all at once. */
export function createWatchPace(options: WatchPaceOptions): WatchPace {
  const { intervalMs, concurrency, clock, random } = options
  let trouble: WatchPace['trouble'] = null
  let faults = 0
  let pausedAtMs = -Infinity
  let pausedUntilMs = -Infinity

  const pause = (why: 'unauthorized' | 'fault', forMs: number): void => {
    trouble = why
    pausedAtMs = clock.monotonic()
    pausedUntilMs = pausedAtMs + forMs
  }

  const faultPauseMs = (): number => {
    const mostMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (faults - 1))
    return LEAST_PAUSE_MS + (mostMs - LEAST_PAUSE_MS) * random()
  }

  return {
    get trouble() {
      return trouble
    },
    get allowance() {
      if (trouble === null) return concurrency
      return clock.monotonic() < pausedUntilMs ? 0 : 1
    },
    note(outcome, askedAtMs, retryAfterMs) {
      if (askedAtMs <= pausedAtMs) return // one of those that were under way when the pause began
      if (outcome === 'unauthorized') {
        pause(outcome, UNAUTHORIZED_PAUSE_MS)
      } else if (outcome === 'fault') {
        faults += 1
        pause(outcome, Math.max(faultPauseMs(), retryAfterMs))
      } else {
        faults = 0
        trouble = null
      }
    },
    delayAfter(outcome, strikes) {
      const delayMs = Math.min(
        intervalMs * 2 ** strikes,
        Math.max(intervalMs, LONGEST_DELAY_MS[outcome]),
      )
      return delayMs * (1 + INTERVAL_JITTER * (2 * random() - 1))
    },
  }
}
