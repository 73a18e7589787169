import type { InvalidationSelector } from '../../../src/verification/index.ts'
import type { Refused } from '../../../src/verifier/index.ts'
import { isSelected, isTokenSelected } from './accounts.ts'
import type { Pending } from './referee.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { History } from './world.ts'

/** What an operator took back, and when all processes knew. */
interface Entry {
  readonly selector: InvalidationSelector
  readonly atMs: number
  /** Whatever has a later turn must know. */
  knownSinceTurn: number
}

/** What operators took back. Moments are -Infinity where there was nothing. */
export interface TakenBack {
  /** @returns Call it when all processes know. */
  readonly add: (selector: InvalidationSelector) => () => void
  /** The last time that something was taken back on which the request rests, and of which its door knew. */
  at(pending: Pending): number
  /** The last time that also what was proven was. */
  proofsAt(pending: Pending): number
  /** The last time that the end of a family was taken back: who takes back a text, or another's family, does not. */
  endAt(pending: Pending, refused: Refused): number
  /** How often since then. */
  since(atMs: number): number
}

export interface TakenBackOptions {
  readonly time: SimulatedTime
  readonly history: History
  readonly nextTurn: () => number
}

export function createTakenBack({ time, history, nextTurn }: TakenBackOptions): TakenBack {
  const takenBack: Entry[] = []

  function at({ request, turn }: Pending, takesProofs = false): number {
    const last = takenBack.findLast(
      ({ selector, knownSinceTurn }) =>
        knownSinceTurn < turn &&
        (!takesProofs || 'all' in selector || 'fingerprint' in selector) &&
        isSelected(selector, request, history.now),
    )
    return last?.atMs ?? -Infinity
  }

  function endAt({ request, turn }: Pending, { reason }: Refused): number {
    const dead = reason === 'consumer_token_invalid' ? request.consumerToken : request.token
    const last = takenBack.findLast(
      ({ selector, knownSinceTurn }) =>
        knownSinceTurn < turn &&
        !('fingerprint' in selector) &&
        dead !== null &&
        isTokenSelected(selector, dead, history.now),
    )
    return last?.atMs ?? -Infinity
  }

  return {
    add(selector) {
      const entry: Entry = { selector, atMs: time.nowMs, knownSinceTurn: Infinity }
      takenBack.push(entry)
      return () => {
        entry.knownSinceTurn = nextTurn()
      }
    },
    at: (pending) => at(pending),
    proofsAt: (pending) => at(pending, true),
    endAt,
    since: (atMs) => takenBack.filter((each) => each.atMs >= atMs).length,
  }
}
