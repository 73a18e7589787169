import type { Clock, Schedule } from '../clock.ts'
import type { Message } from './message.ts'

/** Options of {@link createHerald}. */
export interface HeraldOptions {
  /** Sends a message to all workers. */
  readonly tell: (message: Message) => void
  /** What time it is at the verifier, as far as the primary knows. */
  readonly onezoneNowMs: () => number
  /** When it was last seen that its clock was set, in monotonic milliseconds. */
  readonly onezoneSetAtMs: () => number
  readonly clock: Clock
  readonly schedule: Schedule
}

/** Tells all workers what one of them alone would not ask about. */
export interface Herald {
  /** What time it is at the verifier, as a part of a message. */
  readonly time: Message
  /** What was granted under this key (`cache/verdict-keys.ts`) was refused since. */
  withdraw(key: string): void
  close(): void
}

/** How often is looked whether the time at the verifier is not what it would be by the last statement, or was set. */
const LOOK_MS = 100

/** Less than this is the rounding of sums. */
const LEAST_STEP_MS = 1

/** Starts to tell: of withdrawals at once, and of the verifier's time when what is known of it changes. */
export function createHerald(options: HeraldOptions): Herald {
  const { tell, onezoneNowMs, onezoneSetAtMs, clock, schedule } = options
  const aheadMs = (): number => onezoneNowMs() - clock.monotonic()
  const statement = (): Message => ({ onezoneNowMs: onezoneNowMs() })
  let toldMs = aheadMs()
  let toldSetAtMs = onezoneSetAtMs()

  function look(): void {
    cancel = schedule(LOOK_MS, look)
    const setAtMs = onezoneSetAtMs()
    const isSet = setAtMs > toldSetAtMs
    if (!isSet && Math.abs(aheadMs() - toldMs) < LEAST_STEP_MS) return
    toldMs = aheadMs()
    toldSetAtMs = setAtMs
    tell({ kind: 'time', ...statement(), isSet })
  }

  let cancel = schedule(LOOK_MS, look)
  return {
    get time() {
      return statement()
    },
    withdraw: (key) => tell({ kind: 'withdraw', key }),
    close: () => cancel(),
  }
}
