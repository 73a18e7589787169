import type { Clock, Schedule } from '../clock.ts'
import type { ProcessSight } from './process-sight.ts'

/** Options of {@link startHeartbeat}. */
export interface HeartbeatOptions {
  /** Asks the worker whether it reacts. */
  readonly ping: () => void
  /** Looks at the worker's process; null: the system does not say. */
  readonly look: () => ProcessSight | null
  /** It owes an answer for longer than a healthy one does on an idle machine: others should get what is new. */
  readonly onLate: () => void
  /** It has answered after it was late. `hung`: and after it was found to hang. */
  readonly onBack: (hung: boolean) => void
  /** It hangs. */
  readonly onHang: () => void
  /** It still hangs, and is to be ended. Told once. */
  readonly onGivenUp: () => void
  readonly clock: Clock
  readonly schedule: Schedule
}

/** Finds out whether a worker reacts. */
export interface Heartbeat {
  /** Whether it hangs. */
  readonly hangs: boolean
  /** For how long it has said nothing, in milliseconds. */
  readonly silentMs: number
  /** The worker has answered. */
  pong(): void
  stop(): void
}

/** How often a worker is asked. */
export const BEAT_MS = 250
/** Who has not answered when it is asked for the next time but one is late: 0.5 to 0.75 s after it has stopped. */
const BEATS_UNTIL_LATE = 2
/** Of silence that nothing excuses, until a worker hangs … */
const HANGS_AFTER_MS = 1_000
/** … and until one that does nothing at all is ended: within 2 s … */
const STILL_FOR_MS = 1_500
/** … and one that does something, as collecting a large heap: that may take seconds, and ends. */
const BUSY_FOR_MS = 3_500

/**
 * Asks a worker again and again, and tells one that hangs from one that a busy machine keeps from answering. Silence is
 * counted by what the worker could have done in it: not while this process was late itself, and for one that wants a
 * processor only as much as it got of one.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { ping, look, onLate, onBack, onHang, onGivenUp, clock, schedule } = options
  let askedAtMs = clock.monotonic()
  let answeredAtMs = askedAtMs
  /** Questions since it answered. */
  let owed = 0
  let cpuMs: number | null = null
  let countedMs = 0
  let stillMs = 0
  let isLate = false
  let hangs = false
  let givenUp = false
  let cancel = schedule(BEAT_MS, beat)

  function beat(): void {
    const wasLate = clock.monotonic() - askedAtMs >= 2 * BEAT_MS
    if (owed > 0) judge(wasLate)
    owed += 1
    askedAtMs = clock.monotonic()
    cancel = schedule(BEAT_MS, beat)
    ping()
  }

  /** @param wasLate This process was: the machine is busy, and the answer may lie unread. */
  function judge(wasLate: boolean): void {
    const sight = look()
    const gainedMs = sight === null || cpuMs === null ? 0 : sight.cpuMs - cpuMs
    cpuMs = sight?.cpuMs ?? null
    const doing = sight?.doing ?? 'held'
    if (wasLate && doing !== 'stopped') return
    const isStill = doing === 'stopped' || (doing === 'asleep' && gainedMs === 0)
    stillMs = isStill ? stillMs + BEAT_MS : 0
    countedMs += doing === 'runnable' ? Math.min(BEAT_MS, gainedMs) : BEAT_MS
    if (!isLate && owed >= BEATS_UNTIL_LATE) {
      isLate = true
      onLate()
    }
    if (!hangs && countedMs >= HANGS_AFTER_MS) {
      hangs = true
      onHang()
    }
    if (!givenUp && (stillMs >= STILL_FOR_MS || countedMs >= BUSY_FOR_MS)) {
      givenUp = true
      onGivenUp()
    }
  }

  return {
    get hangs() {
      return hangs
    },
    get silentMs() {
      return clock.monotonic() - answeredAtMs
    },
    pong() {
      answeredAtMs = clock.monotonic()
      const [wasLate, hung] = [isLate, hangs]
      ;[owed, cpuMs, countedMs, stillMs, isLate, hangs] = [0, null, 0, 0, false, false]
      if (wasLate) onBack(hung)
    },
    stop: () => cancel(),
  }
}
