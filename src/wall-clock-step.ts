import type { Clock } from './clock.ts'

/** A step that no clock is corrected by in ordinary use. */
const LEAST_STEP_MS = 1_000

/**
 * Makes a look at by how many milliseconds the wall clock has gone ahead of the monotonic one since the last look; 0:
 * by none that is worth it. So it does while a machine is suspended, since its monotonic clock, by which all ages are
 * reckoned, stands still then. That an operator set the wall clock looks the same.
 */
export function createWallClockStep(clock: Clock): () => number {
  const wallAhead = (): number => clock.now() - clock.monotonic()
  let lastAheadMs = wallAhead()
  return function look() {
    const stepMs = wallAhead() - lastAheadMs
    lastAheadMs += stepMs
    return stepMs < LEAST_STEP_MS ? 0 : stepMs
  }
}
