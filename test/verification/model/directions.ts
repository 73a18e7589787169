import type { Weights } from './actions.ts'
import type { Settings } from './settings.ts'

/** A part of all worlds in which one kind of thing happens far more often, so that less time finds what is wrong. */
export interface Direction {
  readonly settings: Partial<Settings>
  readonly weights: Weights
}

const TRUE_CLOCK = { clock: { atMs: 0, aheadMs: 0, drift: 0 }, dateAheadMs: 0 }
const ONEZONE = { backend: 'onezone', isTiny: false, budgetPerSecond: null, channelMs: 5 } as const
const WELL = { ...ONEZONE, ...TRUE_CLOCK, tellsDate: true, maxAttempts: 1 } as const
/** Nothing wrong with the clocks. */
const STEADY = { setClock: 0, setWallClock: 0, suspend: 0, clockSetInUse: 0 } as const

/** Where to look for what; the last half of all seeds takes them in turn. */
export const DIRECTIONS = {
  anything: { settings: {}, weights: {} },
  oneProcess: { settings: { ...WELL, workers: 0 }, weights: STEADY },
  workers: { settings: { ...WELL, workers: 2, watchIntervalMs: null }, weights: STEADY },
  slowChannel: {
    settings: { ...WELL, workers: 2, channelMs: 40, maxStalenessMs: 3_000, watchIntervalMs: null },
    weights: { ...STEADY, steady: 6, youngDemand: 6 },
  },
  told: {
    settings: { ...WELL, workers: 2, staleIfErrorMs: 60_000, watchIntervalMs: null },
    weights: { ...STEADY, oneIsTold: 30, consumerEnds: 10 },
  },
  stale: {
    settings: { ...WELL, workers: 0, staleIfErrorMs: 20_000, watchIntervalMs: null },
    weights: { ...STEADY, oneIsTold: 20, ends: 15, network: 3 },
  },
  consumers: {
    settings: { ...WELL, workers: 0, watchIntervalMs: null },
    weights: { ...STEADY, consumerEnds: 30, takeBackAndUse: 20 },
  },
  takenBack: {
    settings: { ...WELL, watchIntervalMs: null },
    weights: { ...STEADY, takeBackAndUse: 40, invalidate: 6 },
  },
  lives: {
    settings: { ...WELL, workers: 0, watchIntervalMs: null },
    weights: { ...STEADY, anotherLife: 30, longUse: 10 },
  },
  known: {
    settings: { ...WELL, workers: 0, watchIntervalMs: null, maxStalenessMs: 10_000 },
    weights: {
      ...STEADY,
      elsewhere: 12,
      ends: 12,
      servesNoMore: 6,
      noneTells: 12,
      crossing: 12,
      unblocked: 12,
      contextEnds: 12,
    },
  },
  young: {
    settings: { ...WELL, watchIntervalMs: null },
    weights: { ...STEADY, youngDemand: 40 },
  },
  clocks: {
    settings: { ...WELL },
    weights: { clockSetInUse: 40, setClock: 6, suspend: 0, setWallClock: 0 },
  },
  workerClocks: {
    settings: { ...WELL, workers: 2 },
    weights: { clockSetInUse: 40, setClock: 6, suspend: 0, setWallClock: 0 },
  },
  dateless: {
    settings: { ...WELL, tellsDate: false },
    weights: { clockSetInUse: 40, endless: 20, setClock: 3 },
  },
  sleep: { settings: { ...WELL }, weights: { suspend: 20, setWallClock: 4, stream: 4 } },
  streams: {
    settings: { ...WELL, watchIntervalMs: null },
    weights: { ...STEADY, stream: 20, suspend: 6 },
  },
  watched: {
    settings: { ...WELL, watchIntervalMs: 1_000, maxStalenessMs: 10_000 },
    weights: { ...STEADY, steady: 10, network: 3 },
  },
  watchedWorkers: {
    settings: { ...WELL, workers: 2, watchIntervalMs: 1_000, maxStalenessMs: 10_000 },
    weights: { ...STEADY, steady: 10 },
  },
  flood: {
    settings: { ...WELL, workers: 0, budgetPerSecond: 3 },
    weights: { ...STEADY, flood: 30 },
  },
  tiny: {
    settings: { ...WELL, isTiny: true },
    weights: { ...STEADY, takeBackAndUse: 10, explain: 6 },
  },
  lookups: { settings: { backend: 'token-lookup', clock: TRUE_CLOCK.clock }, weights: STEADY },
} satisfies Readonly<Record<string, Direction>>

/** Names of directions. */
export type DirectionName = keyof typeof DIRECTIONS

const NAMES = Object.keys(DIRECTIONS) as DirectionName[]

/** Where a seed looks: the even ones anywhere, the odd ones in one direction after the other. */
export function directionOf(seed: number): DirectionName {
  return seed % 2 === 0 ? 'anything' : (NAMES[((seed - 1) / 2) % NAMES.length] ?? 'anything')
}
