import type { Clock } from '../../src/clock.ts'

/** Time that passes when told. What waits for a moment goes on at that moment, in order. */
export interface SimulatedTime extends Clock {
  /** Resolves when so much time has passed. Waits must be of one length: they end in the order in which they began. */
  wait(ms: number): Promise<void>
  /** Lets time pass until this monotonic moment; whatever falls due meanwhile happens at its own time. */
  advanceTo(monotonicMs: number): Promise<void>
}

/** Starts at a whole second. */
export function createSimulatedTime(): SimulatedTime {
  let nowMs = 0
  const waits = new Set<{ readonly dueMs: number; readonly resolve: () => void }>()
  return {
    now: () => 1_750_000_000_000 + nowMs,
    monotonic: () => nowMs,
    wait: (ms) => new Promise((resolve) => waits.add({ dueMs: nowMs + ms, resolve })),
    async advanceTo(monotonicMs) {
      for (const wait of waits) {
        if (wait.dueMs > monotonicMs) break
        waits.delete(wait)
        nowMs = wait.dueMs
        wait.resolve()
        // Whoever waited draws his conclusions before the next moment comes.
        await new Promise((resolve) => setImmediate(resolve))
      }
      nowMs = monotonicMs
    },
  }
}
