import type { Clock } from '../../src/clock.ts'

export interface FakeClock extends Clock {
  /** Lets time pass. */
  advance(ms: number): void
  /** Sets the wall clock, as an operator or NTP would; no time passes. */
  jump(ms: number): void
}

/** A clock that moves when told. Wall time starts at the vectors' usual moment. */
export function createFakeClock(startMs = 1_750_000_000_000): FakeClock {
  let wall = startMs
  let monotonic = 5_000
  return {
    now: () => wall,
    monotonic: () => monotonic,
    advance(ms) {
      wall += ms
      monotonic += ms
    },
    jump(ms) {
      wall += ms
    },
  }
}
