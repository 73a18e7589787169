import type { Clock } from '../clock.ts'

/** Options of {@link createSuspensionCheck}. */
export interface SuspensionCheckOptions {
  readonly clock: Clock
  /** This machine seems to have been suspended for so many milliseconds. */
  readonly onSuspended: (ms: number) => void
}

/** The wall clock is looked at no more often than this. */
const INTERVAL_MS = 100
/** A step that no clock is corrected by in ordinary use. */
const LEAST_STEP_MS = 1_000

/**
 * Makes the check for a machine that was suspended: its monotonic clock stood still, by which all ages are reckoned, and
 * its wall clock has gone ahead of it. That an operator set the wall clock looks the same, which is no harm: what is old
 * is asked about anew, and nothing is granted or refused for it.
 *
 * @returns To be called with the monotonic time before anything that is remembered is used.
 */
export function createSuspensionCheck(options: SuspensionCheckOptions): (nowMs: number) => void {
  const { clock, onSuspended } = options
  const wallAhead = (): number => clock.now() - clock.monotonic()
  let lastAheadMs = wallAhead()
  let dueAtMs = clock.monotonic()

  return function check(nowMs) {
    if (nowMs < dueAtMs) return
    dueAtMs = nowMs + INTERVAL_MS
    const aheadMs = wallAhead()
    const stepMs = aheadMs - lastAheadMs
    lastAheadMs = aheadMs
    if (stepMs >= LEAST_STEP_MS) onSuspended(stepMs)
  }
}
