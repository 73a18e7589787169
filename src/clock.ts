import { performance } from 'node:perf_hooks'
import { clearTimeout, setTimeout } from 'node:timers'

/**
 * The two times a gateway needs. Expiry is judged by wall time, ages by monotonic time, so that a jump of the wall
 * clock neither revives a fact nor kills one.
 */
export interface Clock {
  /** Wall time: milliseconds since 1970. May jump. */
  now(): number
  /** Milliseconds since an arbitrary moment. Never goes back. */
  monotonic(): number
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Imported: the global of that name is a getter, which would be called each time.
  monotonic: () => performance.now(),
}

/** Runs something later, once. What it returns takes that back. */
export type Schedule = (afterMs: number, run: () => void) => () => void

/** Timers of this process that do not keep it alive. */
export const systemSchedule: Schedule = (afterMs, run) => {
  const timer = setTimeout(run, afterMs)
  timer.unref()
  return () => clearTimeout(timer)
}
