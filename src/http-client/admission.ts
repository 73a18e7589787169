import type { Peer } from './peer.ts'

/** Bounds on what may be going on at once. */
export interface AdmissionOptions {
  /** Calls in flight. */
  readonly maxInFlight: number
  /** Calls waiting for their turn; as many again that are urgent. */
  readonly maxQueued: number
  readonly peer: Peer
}

/** A bulkhead: a slow server costs a bounded number of sockets and waiting calls, never an unbounded queue. */
export interface Admission {
  /**
   * Waits for its turn, first come first served, those that are urgent before all others; the caller must
   * {@link leave} afterwards. Throws the fault `OVERLOADED` at once where the queue is full, and the signal's reason
   * where that aborts first.
   */
  enter(signal: AbortSignal, urgent?: boolean): Promise<void>
  /** Gives the place to the next in the queue. */
  leave(): void
}

/** Makes an {@link Admission}. */
export function createAdmission(options: AdmissionOptions): Admission {
  const urgentOnes = new Set<() => void>()
  const others = new Set<() => void>()
  let inFlight = 0

  return {
    async enter(signal, urgent = false) {
      if (inFlight < options.maxInFlight) {
        inFlight += 1
        return
      }
      const waiting = urgent ? urgentOnes : others
      if (waiting.size >= options.maxQueued) {
        const { name } = options.peer
        throw options.peer.fault(
          'OVERLOADED',
          `${inFlight} calls to ${name} are under way and ${waiting.size} wait for their turn; ` +
            `${name} is slow, or "maxConnections" and "maxQueued" are too small.`,
        )
      }
      await waitForTurn(waiting, signal)
    },
    leave() {
      const [next] = urgentOnes.size > 0 ? urgentOnes : others
      if (next === undefined) inFlight -= 1
      else next()
    },
  }
}

function waitForTurn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const admit = (): void => {
      waiting.delete(admit)
      signal.removeEventListener('abort', giveUp)
      resolve()
    }
    const giveUp = (): void => {
      waiting.delete(admit)
      reject(signal.reason)
    }
    waiting.add(admit)
    signal.addEventListener('abort', giveUp, { once: true })
  })
}
