import type { PresentedToken } from '../../../src/token/index.ts'
import type { Settings } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { Troubles } from './troubles.ts'

/** Watches what the watch reads of Onezone, and objects where that is too often, or not often enough. */
export interface Readings {
  asked(path: string, isSecondAttempt: boolean): void
  ended(path: string): void
  /** A token was granted by what is remembered. */
  used(token: PresentedToken, wokenAtMs: number): void
}

export interface ReadingsOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly troubles: Troubles
  readonly object: (rule: string, about: object) => void
}

const EPSILON_MS = 0.01
/** What is used is read within so many intervals, and a little for looks, reports and jitter. */
const UNREAD_INTERVALS = 2

/** What the watch reads of a token’s family. */
function readingOf({ id, generation, subject }: PresentedToken): string {
  const of = subject.type === 'user' ? 'users' : 'providers'
  const path =
    generation === null ? `tokens/named/${id}/status` : `${of}/${subject.id}/tokens/temporary`
  return `/api/v3/onezone/${path}`
}

export function createReadings({ settings, time, troubles, object }: ReadingsOptions): Readings {
  const { watchIntervalMs, isTiny } = settings
  const readings = new Map<string, { askedAtMs: number; underWay: boolean }>()
  /** Since when without a pause, and when last, something is used; by what is read of it. */
  const uses = new Map<string, { readonly sinceMs: number; readonly lastMs: number }>()
  let underWay = 0

  return {
    asked(path, isSecondAttempt) {
      const { nowMs } = time
      const known = readings.get(path)
      underWay += 1
      if (isSecondAttempt) return
      if (underWay > 4) object('more readings at once than allowed', { path })
      if (known?.underWay === true) object('the same was read twice at once', { path })
      // What was not in use for a while is read at the next look after it is.
      const leastMs = (watchIntervalMs ?? 0) / 8
      if (known !== undefined && nowMs - known.askedAtMs < leastMs - EPSILON_MS) {
        object('the watch read too soon', { path, ageMs: nowMs - known.askedAtMs })
      }
      if (troubles.breaker !== 'closed') {
        object('the watch read though the breaker is not closed', { path })
      }
      readings.set(path, { askedAtMs: nowMs, underWay: true })
    },
    ended(path) {
      underWay -= 1
      const known = readings.get(path)
      if (known !== undefined) known.underWay = false
    },
    used(token, wokenAtMs) {
      if (watchIntervalMs === null || isTiny || token.id === null) return
      const { nowMs } = time
      const path = readingOf(token)
      const use = uses.get(path)
      const isSteady = use !== undefined && nowMs - use.lastMs <= watchIntervalMs / 2
      const sinceMs = isSteady ? use.sinceMs : nowMs
      uses.set(path, { sinceMs, lastMs: nowMs })
      const fromMs = Math.max(sinceMs, readings.get(path)?.askedAtMs ?? -Infinity, wokenAtMs)
      if (nowMs - fromMs <= UNREAD_INTERVALS * watchIntervalMs + 2_000) return
      // After a fault the watch pauses for a minute at most; and it waits for what it has asked.
      const isWell = !troubles.hasTrouble(nowMs - 70_000, nowMs)
      if (isWell && troubles.patienceMs(nowMs - 20_000, nowMs) < 500) {
        object('the watch does not read what is in use', { path, forMs: nowMs - fromMs })
      }
    },
  }
}
