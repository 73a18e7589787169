import type { Clock } from '../clock.ts'

/** When a fact was asked for, by two clocks, in milliseconds since 1970. Rather too old than too young. */
export interface Stamp {
  /** By the clock of the store. */
  readonly storeMs: number
  /** By the wall clock of whoever asked. */
  readonly wallMs: number
}

/** How old something is, in milliseconds: by the younger and by the older of two readings. */
export interface Age {
  readonly leastMs: number
  readonly mostMs: number
}

/** Carries ages from machine to machine by clocks of which neither is believed alone. */
export interface StoreTime {
  /** Takes in what time it was at the store, between two monotonic moments here. */
  observe(sample: {
    readonly sentAtMs: number
    readonly heardAtMs: number
    readonly storeMs: number
  }): void
  /** There is a new connection: the clock behind it has not been watched yet. */
  connected(): void
  /** The stamp of a moment, in monotonic milliseconds; null: the store's clock is not known. */
  stampOf(atMs: number): Stamp | null
  /**
   * How old the moment of a stamp is. Null: that cannot be told, since the clocks disagree, or the store's was not
   * watched from then until now.
   */
  ageOf(stamp: Stamp): Age | null
  /** How far the two readings of the last stamp were apart, in milliseconds; 0: none was read yet. */
  readonly disagreementMs: number
}

/** Two readings of one age that are further apart say nothing; so much is charged to each that is used. */
export const MOST_DISAGREEMENT_MS = 500
/** So many samples of the store's clock count. */
const SAMPLES = 8
/** What two clocks may drift apart: 200 ppm. */
const DRIFT = 0.0002
/** A clock that was not looked at for so long is not watched any more. */
const LONGEST_UNWATCHED_MS = 5_000
/** A step of this machine's wall clock against its monotonic one, from one look to the next. */
const LEAST_STEP_MS = 200

interface Sample {
  readonly leastMs: number
  readonly mostMs: number
  readonly heardAtMs: number
}

/** Whether one moment is certainly after another, by both clocks. */
export function isAfter(one: Stamp, other: Stamp): boolean {
  return (
    one.storeMs > other.storeMs + MOST_DISAGREEMENT_MS &&
    one.wallMs > other.wallMs + MOST_DISAGREEMENT_MS
  )
}

/** Starts without knowing the store's clock. */
export function createStoreTime(clock: Clock): StoreTime {
  let samples: Sample[] = []
  /** By the store's clock: stamps from this moment on are of the clock as it has been watched. */
  let trustedSinceMs = Infinity
  let disagreementMs = 0
  const wallAhead = (): number => clock.now() - clock.monotonic()
  let wallAheadMs = wallAhead()

  function forget(): void {
    samples = []
    trustedSinceMs = Infinity
  }

  /** This machine was suspended, or its clock was set: whatever was reckoned by it is void. */
  function look(): void {
    const aheadMs = wallAhead()
    if (Math.abs(aheadMs - wallAheadMs) > LEAST_STEP_MS) forget()
    wallAheadMs = aheadMs
  }

  /** By how much the store's clock is ahead of the monotonic one here, at least and at most; null: it is not known. */
  function offset(nowMs: number): { readonly leastMs: number; readonly mostMs: number } | null {
    const latest = samples.at(-1)
    if (latest === undefined || nowMs - latest.heardAtMs > LONGEST_UNWATCHED_MS) return null
    const slackMs = (sample: Sample): number => DRIFT * (nowMs - sample.heardAtMs)
    return {
      leastMs: Math.max(...samples.map((each) => each.leastMs - slackMs(each))),
      mostMs: Math.min(...samples.map((each) => each.mostMs + slackMs(each))),
    }
  }

  return {
    observe({ sentAtMs, heardAtMs, storeMs }) {
      look()
      if (!Number.isFinite(storeMs)) return
      const sample = { leastMs: storeMs - heardAtMs, mostMs: storeMs - sentAtMs, heardAtMs }
      const known = offset(heardAtMs)
      const fits =
        known !== null && sample.leastMs <= known.mostMs && known.leastMs <= sample.mostMs
      if (!fits) {
        samples = []
        trustedSinceMs = storeMs
      }
      samples = [...samples, sample].slice(-SAMPLES)
    },
    connected: forget,
    stampOf(atMs) {
      look()
      const nowMs = clock.monotonic()
      const known = offset(nowMs)
      if (known === null) return null
      const storeMs = Math.floor(atMs + known.leastMs)
      return { storeMs, wallMs: Math.floor(clock.now() - (nowMs - atMs)) }
    },
    ageOf({ storeMs, wallMs }) {
      look()
      const nowMs = clock.monotonic()
      const known = offset(nowMs)
      if (known === null || storeMs < trustedSinceMs) return null
      const byStoreMs = nowMs + known.mostMs - storeMs
      const byWallMs = clock.now() - wallMs
      disagreementMs = Math.abs(byStoreMs - byWallMs)
      if (Math.min(byStoreMs, byWallMs) < -MOST_DISAGREEMENT_MS) return null
      if (disagreementMs > MOST_DISAGREEMENT_MS) return null
      return {
        leastMs: Math.max(0, Math.min(nowMs + known.leastMs - storeMs, byWallMs)),
        mostMs: Math.max(0, byStoreMs, byWallMs),
      }
    },
    get disagreementMs() {
      return disagreementMs
    },
  }
}
