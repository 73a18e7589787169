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
  monotonic: () => performance.now(),
}
