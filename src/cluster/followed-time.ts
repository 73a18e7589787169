import type { Clock } from '../clock.ts'
import type { OnezoneTime } from '../verification/index.ts'

/** Onezone's time as another process knows it. */
export interface FollowedTime extends OnezoneTime {
  /**
   * Takes over what the other process says.
   *
   * @param onezoneNowMs Onezone's time at that moment or a little later.
   * @param atMs This process's monotonic time.
   */
  follow(onezoneNowMs: number, atMs: number): void
}

/** How many recent answers the estimate rests on. */
const SAMPLES = 8

/**
 * Believes this machine's wall clock until the first answer. Each answer puts Onezone's time ahead by as long as the
 * question was on its way, so the least of the recent ones is the best, and no token ends too late.
 */
export function createFollowedTime(clock: Clock): FollowedTime {
  const epochMs = clock.now() - clock.monotonic()
  const offsets: number[] = []
  let offsetMs = 0

  return {
    now: () => clock.monotonic() + epochMs + offsetMs,
    get offsetMs() {
      return offsetMs
    },
    leastNow: () => -Infinity, // the other process knows more of this, and is asked
    observe() {}, // the other process has seen the same answer
    observeDate() {},
    slept() {}, // and its next answer says what time it is now
    follow(onezoneNowMs, atMs) {
      offsets.push(onezoneNowMs - atMs - epochMs)
      if (offsets.length > SAMPLES) offsets.shift()
      offsetMs = Math.min(...offsets)
    },
  }
}
