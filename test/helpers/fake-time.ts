import { setImmediate } from 'node:timers/promises'

import type { Schedule } from '../../src/clock.ts'
import type { FakeClock } from './fake-clock.ts'
import { createFakeClock } from './fake-clock.ts'

export interface FakeTime {
  readonly clock: FakeClock
  readonly schedule: Schedule
  /** How many timers are set. */
  readonly timers: number
  /** Lets time pass from timer to timer; what each sets off comes to its end first. */
  readonly pass: (ms: number) => Promise<void>
}

/**
 * A clock and the timers that go by it.
 *
 * @param settle Waits until nothing is under way any more.
 * @param onStep Called before each timer runs.
 */
export function createFakeTime(
  settle: () => Promise<unknown> = () => setImmediate(),
  onStep: () => void = () => {},
): FakeTime {
  const clock = createFakeClock()
  const timers = new Set<{ atMs: number; run: () => void }>()
  return {
    clock,
    schedule(afterMs, run) {
      const timer = { atMs: clock.monotonic() + afterMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    get timers() {
      return timers.size
    },
    async pass(ms) {
      const endMs = clock.monotonic() + ms
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.atMs - b.atMs)
        if (next === undefined || next.atMs > endMs) break
        clock.advance(Math.max(0, next.atMs - clock.monotonic()))
        timers.delete(next)
        onStep()
        next.run()
        await settle()
      }
      clock.advance(endMs - clock.monotonic())
      await settle()
    },
  }
}
