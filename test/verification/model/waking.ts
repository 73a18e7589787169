import type { Settings } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** When the gateway saw that the machine seems to have slept. */
export interface Waking {
  /** -Infinity: it never did. */
  readonly atMs: number
  /** When the machine last woke, whether the gateway has seen it or not. */
  readonly steppedAtMs: number
  /**
   * Whoever asks Onezone looks at the clocks now and then, and at each answer: if the machine seems to have slept, all
   * that was known is asked anew. What workers want, their primary sees only where it has to ask.
   */
  readonly look: (mustSee: boolean, isOnlySeen?: boolean) => void
}

/** Which step of the wall clock makes every fact old, and how often it is looked at. */
const LEAST_STEP_MS = 999
const STEP_CHECK_MS = 100

export function createWaking({
  settings,
  time,
}: {
  readonly settings: Settings
  readonly time: SimulatedTime
}): Waking {
  const { workers, channelMs } = settings
  const awake = time.clockOf(0)
  let seenSteps = 0
  let lookDueMs = -Infinity
  let wokenAtMs = -Infinity

  function look(mustSee: boolean, isOnlySeen = workers > 0): void {
    const steps = time.stepsBeyond(LEAST_STEP_MS)
    const isDue = mustSee || awake.monotonic() >= lookDueMs
    if (isDue) lookDueMs = awake.monotonic() + STEP_CHECK_MS
    if (steps <= seenSteps || (!isDue && !isOnlySeen)) return
    wokenAtMs = time.nowMs
    const seenByMs = time.lastStepMs(LEAST_STEP_MS) + STEP_CHECK_MS + channelMs
    if (mustSee || !isOnlySeen || time.nowMs >= seenByMs) seenSteps = steps
  }

  return {
    get atMs() {
      return wokenAtMs
    },
    get steppedAtMs() {
      return time.lastStepMs(LEAST_STEP_MS)
    },
    look,
  }
}
