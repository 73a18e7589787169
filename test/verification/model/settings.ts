import type { Random } from './random.ts'
import type { OnezoneClock } from './world.ts'

/** How one run is set up. */
export interface Settings {
  readonly backend: 'onezone' | 'token-lookup'
  /** 0: one process. */
  readonly workers: 0 | 2
  readonly maxStalenessMs: number
  readonly staleIfErrorMs: number
  readonly negativeTtlMs: number
  readonly watchIntervalMs: number | null
  /** Whether nearly everything is evicted at once: then knowledge gets lost, but none may be made up. */
  readonly isTiny: boolean
  /** How long a message between processes may take. */
  readonly channelMs: number
  readonly maxAttempts: number
  readonly tellsDate: boolean
  readonly clock: OnezoneClock
  readonly firstGeneration: number
  /** By how much the clock behind `Date` is ahead of the one that tokens are judged by, as that of a proxy may be. */
  readonly dateAheadMs: number
  /** How many questions in vain one party may cost each second; null: as many as it likes. */
  readonly budgetPerSecond: number | null
}

/** A client gives up on an answer after this time. */
export const TIMEOUT_MS = 2_500
/** How soon workers are told what their primary has found out of Onezone’s time. */
export const HERALD_MS = 110

/** The settings of a seed. */
export function drawSettings(chance: Random): Settings {
  const isLookup = chance.chance(0.1)
  return {
    backend: isLookup ? 'token-lookup' : 'onezone',
    workers: chance.chance(0.45) ? 2 : 0,
    maxStalenessMs: chance.pick([10_000, 10_000, 10_000, 5_000, 3_000]),
    staleIfErrorMs: chance.pick([0, 0, 0, 20_000, 60_000]),
    negativeTtlMs: chance.pick([2_000, 2_000, 2_000, 0, 500, 8_000]),
    watchIntervalMs: chance.pick([null, null, 2_000, 1_000]),
    isTiny: chance.chance(0.15),
    channelMs: chance.pick([0, 1, 5, 40]),
    maxAttempts: chance.pick([1, 1, 2]),
    tellsDate: chance.chance(0.85),
    // Where records are looked up, it is the gateway’s own clock that counts.
    clock: {
      atMs: 0,
      aheadMs: isLookup ? 0 : chance.pick([0, 0, 0, 2_000, -3_000, 60_000, -60_000, 3_600_000]),
      drift: isLookup ? 0 : chance.pick([0, 0, 0.001, -0.001]),
    },
    firstGeneration: chance.pick([1, 1, 3]),
    dateAheadMs: isLookup
      ? 0
      : chance.pick([0, 0, 0, 0, 0, 0, 0, 0, 4_000, -4_000, 3_600_000, -3_600_000]),
    budgetPerSecond: chance.pick([null, null, null, null, null, null, 3]),
  }
}
