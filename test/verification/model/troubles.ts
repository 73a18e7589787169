import type { BreakerState } from '../../../src/verifier/index.ts'
import type { Network } from './onezone-server.ts'
import type { Settings } from './settings.ts'
import { TIMEOUT_MS } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** What went wrong on the way to Onezone, and how long the way is: what excuses a fault, or a slow answer. */
export interface Troubles {
  /** Whether something went wrong within a time, so that nobody could say. */
  readonly hasTrouble: (fromMs: number, toMs: number) => boolean
  /** Whether anything did since then, or at that moment. */
  readonly hasFailedSince: (atMs: number) => boolean
  /** How long a request within that time may take: so many questions one after another. */
  readonly patienceMs: (fromMs: number, toMs: number) => number
  readonly breaker: BreakerState
  readonly failed: () => void
  /** A question about a token was answered, or failed. */
  readonly ended: (isFault: boolean) => void
  readonly networkIs: (network: Network) => void
  readonly breakerIs: (state: BreakerState) => void
}

export interface TroublesOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly object: (rule: string, about: object) => void
}

const EPSILON_MS = 0.01

export function createTroubles({ settings, time, object }: TroublesOptions): Troubles {
  const { workers, maxAttempts } = settings
  let troubles: number[] = []
  /** Since when it took so long, by the time that the machine is awake. */
  let slowest: { awakeMs: number; wayMs: number }[] = [{ awakeMs: -Infinity, wayMs: 0 }]
  const awake = time.clockOf(0)
  let breaker: BreakerState = 'closed'
  let breakerSinceMs = -Infinity
  const breakerTimes: { fromMs: number; toMs: number }[] = []
  let faultsInARow = 0
  const recent: { atMs: number; fault: boolean }[] = []

  function checkOpening(nowMs: number): void {
    // The window begins with a whole second, so that it is not quite the same for whoever only looks on.
    const window = recent.filter(({ atMs }) => nowMs - atMs <= 11_000)
    const faultsSince = (from: number): number =>
      window.slice(from).filter(({ fault }) => fault).length
    const faults = faultsSince(0)
    const many = window.some(
      ({ atMs }, from) =>
        (from === 0 || nowMs - atMs >= 8_900) &&
        window.length - from >= 20 &&
        // A fault that is one text's own counts for nothing, not even as a call.
        faultsSince(from) * 2 >= (window.length - from) * 0.9,
    )
    if (faultsInARow < 5 && !many) {
      object('the breaker opened without need', { faultsInARow, faults, calls: window.length })
    }
  }

  function hasTrouble(fromMs: number, toMs: number): boolean {
    if (breaker !== 'closed') return true
    if (breakerTimes.some((each) => each.fromMs <= toMs && each.toMs >= fromMs)) return true
    return troubles.some((atMs) => atMs >= fromMs - EPSILON_MS && atMs <= toMs)
  }

  return {
    hasTrouble,
    hasFailedSince: (sinceMs) => troubles.some((atMs) => atMs > sinceMs),
    patienceMs(fromMs, toMs) {
      let wayMs = 0
      for (let at = slowest.length - 1; at >= 0; at--) {
        const { awakeMs, wayMs: each } = slowest[at] ?? { awakeMs: 0, wayMs: 0 }
        wayMs = Math.max(wayMs, Math.min(each, TIMEOUT_MS))
        if (awakeMs < awake.monotonic() - (toMs - fromMs) - TIMEOUT_MS * maxAttempts) break
      }
      const failed = hasTrouble(fromMs - TIMEOUT_MS, toMs)
      // Two about others of the family, then its own; a worker waits for two of its own kind before.
      const most = workers === 0 ? 3 : 5
      return most * (failed ? maxAttempts * TIMEOUT_MS + 150 : wayMs)
    },
    get breaker() {
      return breaker
    },
    failed: () => void troubles.push(time.nowMs),
    ended(isFault) {
      if (maxAttempts > 1 || breaker !== 'closed') return
      faultsInARow = isFault ? faultsInARow + 1 : 0
      recent.push({ atMs: time.nowMs, fault: isFault })
    },
    networkIs({ thereMs, backMs, jitterMs }) {
      slowest.push({ awakeMs: awake.monotonic(), wayMs: thereMs + backMs + 2 * jitterMs })
      slowest = slowest.slice(-50)
      troubles = troubles.slice(-200)
    },
    breakerIs(state) {
      const { nowMs } = time
      if (state === 'open' && breaker === 'closed' && maxAttempts === 1) checkOpening(nowMs)
      if (breaker === 'closed') breakerSinceMs = nowMs
      if (state === 'closed') {
        breakerTimes.push({ fromMs: breakerSinceMs, toMs: nowMs })
        faultsInARow = 0
        recent.length = 0
      }
      breaker = state
    },
  }
}
