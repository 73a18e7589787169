import type { Settings } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { Troubles } from './troubles.ts'

/** Watches that a family in use is asked about in the background before its fact is too old, and objects if it is not. */
export interface Refreshes {
  asked(family: string): void
  /** An answer came that may tell nothing of other tokens of the family: whoever waits for one asks for itself then. */
  untold(family: string): void
  wasUntoldSince(family: string, sinceMs: number): boolean
  /** A hit on a fact so old. */
  used(hit: Hit): void
}

/** A grant by what is remembered. */
interface Hit {
  readonly family: string
  readonly ageMs: number
  /** Whether the family is being asked about. */
  readonly isAsked: boolean
  readonly wokenAtMs: number
}

export interface RefreshesOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly troubles: Troubles
  readonly object: (rule: string, about: object) => void
}

/** A hit at this part of the bound or later has the family asked about anew. */
const LATEST_REFRESH = 0.76
/** And where that told nothing, it is tried again so much later. */
const RETRY_AFTER = 0.05
const EPSILON_MS = 0.01

export function createRefreshes({ settings, time, troubles, object }: RefreshesOptions): Refreshes {
  const { maxStalenessMs } = settings
  const toldNothing = new Map<string, readonly number[]>()
  /** Families that were used when they should have been asked about, and were not since. */
  const ripe = new Map<string, number>()

  const wasUntoldSince = (family: string, sinceMs: number): boolean =>
    (toldNothing.get(family) ?? []).some((atMs) => atMs >= sinceMs)

  return {
    asked: (family) => void ripe.delete(family),
    untold(family) {
      toldNothing.set(family, [...(toldNothing.get(family) ?? []).slice(-4), time.nowMs])
    },
    wasUntoldSince,
    used({ family, ageMs, isAsked, wokenAtMs }) {
      const retriedFromMs = time.nowMs - RETRY_AFTER * maxStalenessMs - EPSILON_MS
      if (isAsked || wasUntoldSince(family, retriedFromMs)) return void ripe.delete(family)
      const ripeAtMs = ripe.get(family) ?? Infinity
      if (ageMs < LATEST_REFRESH * maxStalenessMs) ripe.delete(family)
      else if (ripeAtMs === Infinity) ripe.set(family, time.nowMs)
      else if (ripeAtMs < time.nowMs && !troubles.hasFailedSince(ripeAtMs - maxStalenessMs)) {
        if (troubles.breaker === 'closed' && wokenAtMs < ripeAtMs - maxStalenessMs) {
          object('a family in use was not asked about in time', { ageMs })
        }
      }
    },
  }
}
