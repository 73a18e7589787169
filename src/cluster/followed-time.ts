import type { Clock } from '../clock.ts'
import type { OnezoneTime } from '../verification/index.ts'

/** Onezone's time as another process knows it. */
export interface FollowedTime extends OnezoneTime {
  /**
   * Takes over what the other process says, from the moment at which it is heard.
   *
   * @param onezoneNowMs Onezone's time when it was said.
   * @param isSet Whether its clock was seen to be set, even if it shows what it did before. @default false
   */
  follow(onezoneNowMs: number, isSet?: boolean): void
}

/** Less than this is the way of a statement, or a correction of what was not known to the second. */
const LEAST_STEP_MS = 2_000

/**
 * Believes this machine's wall clock until the first statement, and from then on the last one. It is behind the other
 * process by as long as that statement was on its way, so no token ends before its time. Nor does one pass for longer
 * than the bound allows: what was heard on the same channel before the statement is older than it was on its way.
 */
export function createFollowedTime(clock: Clock): FollowedTime {
  const epochMs = clock.now() - clock.monotonic()
  let offsetMs = 0
  let setAtMs = -Infinity

  return {
    now: () => clock.monotonic() + epochMs + offsetMs,
    get offsetMs() {
      return offsetMs
    },
    get setAtMs() {
      return setAtMs
    },
    leastNow: () => -Infinity, // the other process knows more of this, and is asked
    observe() {}, // the other process has seen the same answer
    observeDate() {},
    slept() {}, // and its next answer says what time it is now
    follow(onezoneNowMs, isSet = false) {
      const nowMs = clock.monotonic()
      const nextMs = onezoneNowMs - nowMs - epochMs
      if (isSet || Math.abs(nextMs - offsetMs) > LEAST_STEP_MS) setAtMs = nowMs
      offsetMs = nextMs
    },
  }
}
