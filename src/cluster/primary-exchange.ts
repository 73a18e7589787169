import type { Schedule } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { ExchangeRelay } from '../identity-provider/index.ts'
import type { Asking } from './asking.ts'
import { GRACE_MS } from './asking.ts'
import { decodeExchange } from './exchange-codec.ts'
import type { FollowedTime } from './followed-time.ts'
import type { Channel } from './message.ts'

/** Exchanges on a channel to the primary. */
export interface Exchanges extends Asking {
  /** Says that what a credential was exchanged for is used up. */
  forget(text: string, digest: string): void
}

/** Options of {@link createPrimaryExchange}. */
export interface PrimaryExchangeOptions {
  readonly exchanges: Exchanges
  /** How long the primary's own exchange may take, in milliseconds. */
  readonly totalTimeoutMs: number
  readonly onezoneTime: FollowedTime
  readonly schedule: Schedule
}

/** Joins what is asked of exchanges with what is said of them. */
export function createExchanges(channel: Channel, asking: Asking): Exchanges {
  return {
    ask: (message, hear) => asking.ask(message, hear),
    forget: (text, digest) => channel.send({ kind: 'forget-exchange', text, digest }),
  }
}

/** Makes the exchange of a worker: its primary does it, which has one breaker and one budget for all. */
export function createPrimaryExchange(options: PrimaryExchangeOptions): ExchangeRelay {
  const { exchanges, totalTimeoutMs, onezoneTime, schedule } = options
  return {
    exchange: (text, clientAddress) =>
      new Promise((resolve, reject) => {
        const forget = exchanges.ask({ text, clientAddress }, (message) => {
          cancel()
          const answer = decodeExchange(message, text)
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
      }),
    forget: (text, digest) => exchanges.forget(text, digest),
  }
}

function unavailable(message: string): VerifierFaultError {
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message)
}
