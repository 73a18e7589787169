import type { CallEnd } from './call-end.ts'
import type { Peer } from './peer.ts'

/** Bounds on what may be going on at once. */
export interface AdmissionOptions {
  /** Calls in flight. */
  readonly maxInFlight: number
  /** Calls waiting for their turn; as many again that are urgent. */
  readonly maxQueued: number
  /** Whether a part of `maxInFlight` is kept for urgent calls. @default true */
  readonly reserves?: boolean | undefined
  readonly peer: Peer
}

/** Who calls, and how much it matters. */
export interface Caller {
  /** Goes before all that are not, and may use what is reserved for the urgent. @default false */
  readonly urgent?: boolean | undefined
  /** For whom: callers take turns, however many calls each has waiting. @default '', the same for all */
  readonly party?: string | undefined
}

/** A bulkhead: a slow server costs a bounded number of sockets and waiting calls, never an unbounded queue. */
export interface Admission {
  /**
   * Waits for its turn: urgent calls first; then those of each party in turn, first come first served. The caller must
   * {@link leave} afterwards. Throws the fault `OVERLOADED` where the queue is full, at once, or later where another
   * party that waits with fewer calls needs the room; and the reason of its end where that comes first.
   *
   * @returns Whether it had to wait.
   */
  enter(end: CallEnd, caller?: Caller): Promise<boolean>
  /** Gives the place to the next in the queue. */
  leave(urgent?: boolean): void
}

/** Calls that are not urgent leave so much of what may be in flight to those that are. */
const RESERVED = 0.25

interface Waiting {
  readonly party: string
  readonly admit: () => void
  readonly refuse: (reason: unknown) => void
}

/** Makes an {@link Admission}. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { maxInFlight, maxQueued, reserves = true, peer } = options
  const mostOrdinary = maxInFlight - (reserves ? Math.floor(maxInFlight * RESERVED) : 0)
  const urgentOnes = new Set<Waiting>()
  /** Each party's calls; the party whose turn is next comes first. */
  const parties = new Map<string, Set<Waiting>>()
  let queued = 0
  let inFlight = 0
  let ordinary = 0

  const overload = (): Error =>
    peer.fault(
      'OVERLOADED',
      `${inFlight} calls to ${peer.name} are under way and ${queued + urgentOnes.size} wait for their turn; ` +
        `${peer.name} is slow, or "maxConnections" and "maxQueued" are too small.`,
    )

  function enqueue(one: Waiting): void {
    const own = parties.get(one.party)
    if (own === undefined) parties.set(one.party, new Set([one]))
    else own.add(one)
    queued += 1
  }

  function dequeue(one: Waiting): void {
    const own = parties.get(one.party)
    if (own?.delete(one) !== true) return
    queued -= 1
    if (own.size === 0) parties.delete(one.party)
  }

  /** Takes a call of the party with most of them out of the full queue, for one of a party with fewer. */
  function makeRoom(party: string): boolean {
    let longest: Set<Waiting> | undefined
    for (const each of parties.values()) {
      if (longest === undefined || each.size > longest.size) longest = each
    }
    const own = parties.get(party)?.size ?? 0
    if (longest === undefined || longest.size <= own + 1) return false
    const last = [...longest].at(-1)
    if (last === undefined) return false
    dequeue(last)
    last.refuse(overload())
    return true
  }

  function admitNext(): void {
    const [urgent] = urgentOnes
    if (urgent !== undefined) {
      urgentOnes.delete(urgent)
      inFlight += 1
      urgent.admit()
      return
    }
    if (ordinary >= mostOrdinary) return
    const [next] = parties
    if (next === undefined) return
    const [party, own] = next
    const [first] = own
    if (first === undefined) return
    dequeue(first)
    // Behind all others until its next turn.
    if (own.size > 0) {
      parties.delete(party)
      parties.set(party, own)
    }
    inFlight += 1
    ordinary += 1
    first.admit()
  }

  return {
    async enter(end, { urgent = false, party = '' } = {}) {
      if (inFlight < maxInFlight && (urgent || ordinary < mostOrdinary)) {
        inFlight += 1
        if (!urgent) ordinary += 1
        return false
      }
      const isFull = urgent ? urgentOnes.size >= maxQueued : queued >= maxQueued
      if (isFull && (urgent || !makeRoom(party))) throw overload()
      await new Promise<void>((resolve, reject) => {
        const settle = (): void => end.off(giveUp)
        const one: Waiting = {
          party,
          admit() {
            settle()
            resolve()
          },
          refuse(reason) {
            settle()
            reject(reason)
          },
        }
        const giveUp = (): void => {
          if (urgent) urgentOnes.delete(one)
          else dequeue(one)
          one.refuse(end.reason)
        }
        if (urgent) urgentOnes.add(one)
        else enqueue(one)
        end.on(giveUp)
      })
      return true
    },
    leave(urgent = false) {
      inFlight -= 1
      if (!urgent) ordinary -= 1
      admitNext()
    },
  }
}
