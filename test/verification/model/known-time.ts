import type { History } from './world.ts'
import { aheadMs } from './world.ts'

/** How well the gateway can know Onezone’s time. */
export interface KnownTime {
  /** An answer that tells the time was delivered; Onezone had looked at its clock at that moment. */
  told(judgedAtMs: number, deliveredAtMs: number): void
  /** By how much Onezone’s time may be off what a process knows of it, which heard of it no later than that. */
  errorMs(atMs: number, heardByMs: number): number
  /** The machine slept: its own reckoning is behind by so much. */
  slept(atMs: number, forMs: number): void
}

/** A clock shows whole seconds, and an answer takes its time. */
const READING_ERROR_MS = 1_000 + 2_500

export function createKnownTime(history: History): KnownTime {
  const sleeps: { readonly atMs: number; readonly forMs: number }[] = []
  const samples: { readonly judgedAtMs: number; readonly deliveredAtMs: number }[] = []

  /** How far ahead Onezone’s clock is of one that goes with the machine’s monotonic time. */
  const aheadAt = (atMs: number): number => {
    const { clock } = clockAt(history, atMs)
    const slept = sleeps.reduce((sum, sleep) => sum + (sleep.atMs < atMs ? sleep.forMs : 0), 0)
    return aheadMs(clock, atMs) + slept
  }

  return {
    told: (judgedAtMs, deliveredAtMs) => void samples.push({ judgedAtMs, deliveredAtMs }),
    errorMs(atMs, heardByMs) {
      if (sleeps.length === 0 && history.clocks.every(isTrue)) return 0
      const last = samples.findLast(({ deliveredAtMs }) => deliveredAtMs <= heardByMs)
      const sinceMs = last?.judgedAtMs ?? -Infinity
      const now = aheadAt(atMs)
      const known = [
        // Without an answer, the gateway takes Onezone’s clock for its own.
        last === undefined ? 0 : aheadAt(sinceMs),
        ...history.clocks
          .filter(({ fromMs }) => fromMs >= sinceMs && fromMs > -Infinity && fromMs <= atMs)
          .flatMap(({ fromMs }) => [aheadAt(fromMs - 0.001), aheadAt(fromMs)]),
        ...sleeps.filter((sleep) => sleep.atMs + sleep.forMs > sinceMs).map(() => now),
      ]
      const offMs = Math.max(...known.map((ahead) => Math.abs(now - ahead)))
      return offMs + READING_ERROR_MS
    },
    slept: (atMs, forMs) => void sleeps.push({ atMs, forMs }),
  }
}

function isTrue({ clock }: History['clocks'][number]): boolean {
  return clock.aheadMs === 0 && clock.drift === 0
}

function clockAt({ clocks, now }: History, atMs: number) {
  return clocks.findLast(({ fromMs }) => fromMs <= atMs) ?? now
}
