import { nextTick } from 'node:process'

import type { Clock, Schedule } from '../../../src/clock.ts'
import type { Random } from './random.ts'

/** Wall time at the beginning of every world. */
export const EPOCH_MS = 1_750_000_000_000

/**
 * A time of its own, in which everything happens that is due, in random order within one moment, each with all that
 * follows from it at once. There are the true time, which Onezone and the oracle go by, and the gateway's machine: its
 * monotonic clocks stand still while it is suspended, and its wall clock can be set.
 */
export interface SimulatedTime {
  /** True milliseconds since the beginning. */
  readonly nowMs: number
  /** The clocks of one process; each has a monotonic time of its own. */
  clockOf(startMs: number): Clock
  /** When it truly was that the monotonic clock that starts so showed this. */
  trueTimeOf(monotonicMs: number, startMs: number): number
  /** Runs something later, whatever becomes of the machine. */
  at(atMs: number, run: () => void): void
  /** The timers of the machine. */
  readonly schedule: Schedule
  /** Lets time pass. */
  pass(ms: number): Promise<void>
  /** Lets what is due now happen. */
  settle(): Promise<void>
  /** The machine sleeps: time passes, and nothing happens on it. */
  suspend(ms: number): void
  /** Somebody sets the wall clock of the machine. */
  setWallClock(byMs: number): void
  /** When the wall clock last went ahead of the monotonic one by more than that. */
  lastStepMs(ofMs: number): number
  /** How often it did. */
  stepsBeyond(ofMs: number): number
  /** Timers of the gateway and messages under way. */
  readonly happenings: number
  /** Puts the timers and the chance of this world in the place of the real ones. What is returned takes that back. */
  install(chance: Random): () => void
}

interface Happening {
  atMs: number
  /** Decides between what is due at one moment. */
  readonly lot: number
  readonly onMachine: boolean
  readonly run: () => void
}

const TIMER = Symbol('timer')

/** So that what was before a sleep can be told from what is after it by a clock that stood still. */
const AWAKE_MS = 0.5

export function createSimulatedTime(lots: Random): SimulatedTime {
  let nowMs = 0
  let wallAheadMs = 0
  let suspendedMs = 0
  const sleeps: { readonly atMs: number; readonly forMs: number }[] = []
  const steps: { readonly atMs: number; readonly byMs: number }[] = []
  const queue: Happening[] = []

  const put = (happening: Happening): void => {
    let at = queue.length
    while (at > 0 && isLater(queue[at - 1], happening)) at -= 1
    queue.splice(at, 0, happening)
  }

  const schedule: Schedule = (afterMs, run) => {
    const happening = { atMs: nowMs + Math.max(0, afterMs), lot: lots.next(), onMachine: true, run }
    put(happening)
    return () => {
      const at = queue.indexOf(happening)
      if (at >= 0) queue.splice(at, 1)
    }
  }

  const drain = async (untilMs: number): Promise<void> => {
    await settled()
    for (;;) {
      const next = queue[0]
      if (next === undefined || next.atMs > untilMs) return
      queue.shift()
      nowMs = Math.max(nowMs, next.atMs)
      next.run()
      await settled()
    }
  }

  return {
    get nowMs() {
      return nowMs
    },
    clockOf: (startMs) => ({
      now: () => EPOCH_MS + nowMs + wallAheadMs,
      monotonic: () => nowMs - suspendedMs + startMs,
    }),
    trueTimeOf(monotonicMs, startMs) {
      let trueMs = monotonicMs - startMs
      for (const { atMs, forMs } of sleeps) if (trueMs > atMs) trueMs += forMs - AWAKE_MS
      return trueMs
    },
    at: (atMs, run) => put({ atMs, lot: lots.next(), onMachine: false, run }),
    schedule,
    async pass(ms) {
      const untilMs = nowMs + ms
      await drain(untilMs)
      nowMs = Math.max(nowMs, untilMs)
    },
    settle: () => drain(nowMs),
    suspend(ms) {
      sleeps.push({ atMs: nowMs, forMs: ms })
      steps.push({ atMs: nowMs + ms, byMs: ms })
      nowMs += ms
      suspendedMs += ms - AWAKE_MS
      for (const happening of queue.filter(({ onMachine }) => onMachine)) {
        queue.splice(queue.indexOf(happening), 1)
        happening.atMs += ms
        put(happening)
      }
    },
    setWallClock(byMs) {
      wallAheadMs += byMs
      steps.push({ atMs: nowMs, byMs })
    },
    lastStepMs(ofMs) {
      return steps.findLast(({ byMs }) => byMs > ofMs)?.atMs ?? -Infinity
    },
    stepsBeyond: (ofMs) => steps.filter(({ byMs }) => byMs > ofMs).length,
    get happenings() {
      return queue.length
    },
    install(chance) {
      const real = { setTimeout, clearTimeout, setImmediate, clearImmediate, random: Math.random }
      const fake = {
        setTimeout: (run: () => void, afterMs = 0) => {
          const cancel = schedule(afterMs, run)
          const timer = { [TIMER]: cancel, unref: () => timer, ref: () => timer }
          return timer
        },
        clearTimeout: (timer?: { [TIMER]?: () => void }) => timer?.[TIMER]?.(),
        setImmediate: (run: () => void) => ({ [TIMER]: schedule(0, run) }),
        clearImmediate: (timer?: { [TIMER]?: () => void }) => timer?.[TIMER]?.(),
      }
      Object.assign(globalThis, fake)
      Math.random = () => chance.next()
      return () => {
        Object.assign(globalThis, {
          setTimeout: real.setTimeout,
          clearTimeout: real.clearTimeout,
          setImmediate: real.setImmediate,
          clearImmediate: real.clearImmediate,
        })
        Math.random = real.random
      }
    },
  }
}

function isLater(one: Happening | undefined, other: Happening): boolean {
  if (one === undefined) return false
  return one.atMs === other.atMs ? one.lot > other.lot : one.atMs > other.atMs
}

/** Everything has happened that needs no more time. */
function settled(): Promise<void> {
  // Runs when no microtask is left, without a turn of the event loop, which nothing here waits for.
  return new Promise((resolve) => nextTick(resolve))
}
