import type { Clock } from '../../src/clock.ts'

/** Time that passes when told. What waits for a moment goes on at that moment, in order. */
export interface SimulatedTime extends Clock {
  /** Resolves when so much time has passed. Waits must be of one length: they end in the order in which they began. */
  wait(ms: number): Promise<void>
  /** Lets time pass until this monotonic moment; whatever falls due meanwhile happens at its own time. */
  advanceTo(monotonicMs: number): Promise<void>
}

interface Wait {
  readonly dueMs: number
  readonly resolve: () => void
}

/** Starts at a whole second. */
export function createSimulatedTime(): SimulatedTime {
  const epochMs = 1_750_000_000_000
  let nowMs = 0
  let waits: Wait[] = []
  let next = 0

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  return {
    now: () => epochMs + nowMs,
    monotonic: () => nowMs,
    wait(ms) {
      return new Promise((resolve) => waits.push({ dueMs: nowMs + ms, resolve }))
    },
    async advanceTo(monotonicMs) {
      for (
        let due = waits[next];
        due !== undefined && due.dueMs <= monotonicMs;
        due = waits[next]
      ) {
        nowMs = due.dueMs
        due.resolve()
        next += 1
        // Whoever waited draws his conclusions before the next moment comes.
        await turn()
      }
      if (next > 10_000) {
        waits = waits.slice(next)
        next = 0
      }
      nowMs = monotonicMs
    },
  }
}
