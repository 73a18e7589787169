import type { Clock } from '../clock.ts'

/** Keeps calls from a server that has asked for a pause. */
export interface BackOff {
  /** How much longer it wants to be left alone, in milliseconds; 0: it may be asked. */
  readonly remainingMs: number
  /** Takes into account that it asked for this many seconds. */
  pause(seconds: number): void
}

/** Makes the back-off for one server. */
export function createBackOff(clock: Clock): BackOff {
  let untilMs = -Infinity
  return {
    get remainingMs() {
      return Math.max(0, untilMs - clock.monotonic())
    },
    pause(seconds) {
      untilMs = Math.max(untilMs, clock.monotonic() + seconds * 1000)
    },
  }
}
