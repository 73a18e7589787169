import type { Clock } from '../clock.ts'

/** So many at once, and so many per second after that. */
export interface AllowanceOptions {
  readonly burst: number
  readonly perSecond: number
  readonly clock: Clock
}

/** Makes a function that counts one, and says whether that is still within what is allowed. */
export function createAllowance({ burst, perSecond, clock }: AllowanceOptions): () => boolean {
  let left = burst
  let countedAtMs = clock.monotonic()
  return () => {
    const nowMs = clock.monotonic()
    left = Math.min(burst, left + ((nowMs - countedAtMs) / 1000) * perSecond)
    countedAtMs = nowMs
    if (left < 1) return false
    left--
    return true
  }
}
