import type { Schedule } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { FollowedTime } from './followed-time.ts'

/** How a worker waits for its primary. */
export interface PrimaryWaiting {
  /** How long what the primary itself asks may take, in milliseconds. */
  readonly totalTimeoutMs: number
  readonly onezoneTime: FollowedTime
  readonly schedule: Schedule
}

/** What the primary said. */
export interface PrimaryAnswer<Outcome> {
  /** What time it is at Onezone, as the primary knows it. */
  readonly onezoneNowMs: number
  readonly outcome: Outcome | Error
}

/** How much longer than the primary a worker waits: for its own turn and the primary's, and both ways. */
const GRACE_MS = 2_000

/**
 * Asks the primary and waits for its answer.
 *
 * @param ask Sends the question. `hear` is told of the answer, once at most; what is returned stops waiting for it.
 * @param decode Reads the answer; null: it cannot be read.
 * @throws {VerifierFaultError} where there is no answer in time, or none that can be read; and what the primary says
 *   went wrong.
 */
export function answerOfPrimary<Outcome>(
  ask: (hear: (message: unknown) => void) => () => void,
  decode: (message: unknown) => PrimaryAnswer<Outcome> | null,
  { totalTimeoutMs, onezoneTime, schedule }: PrimaryWaiting,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const forget = ask((message) => {
      cancel()
      const answer = decode(message)
      if (answer === null) {
        reject(unavailable('The primary process gave an answer that cannot be read'))
        return
      }
      onezoneTime.follow(answer.onezoneNowMs)
      if (answer.outcome instanceof Error) reject(answer.outcome)
      else resolve(answer.outcome)
    })
    const cancel = schedule(totalTimeoutMs + GRACE_MS, () => {
      forget()
      reject(unavailable('The primary process did not answer in time'))
    })
  })
}

/** The fault of a primary that did not say. */
export function unavailable(message: string): VerifierFaultError {
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message)
}
