import type { Exchanged, ExchangeRelay } from '../identity-provider/index.ts'
import type { Asking } from './asking.ts'
import { decodeExchange } from './exchange-codec.ts'
import type { Channel } from './message.ts'
import type { PrimaryWaiting } from './primary-answer.ts'
import { answerOfPrimary } from './primary-answer.ts'

/** Exchanges on a channel to the primary. */
export interface Exchanges extends Asking {
  /** Says that what a credential was exchanged for is used up. */
  forget(text: string, digest: string): void
}

/** Options of {@link createPrimaryExchange}. */
export interface PrimaryExchangeOptions extends PrimaryWaiting {
  readonly exchanges: Exchanges
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
  const { exchanges } = options
  return {
    exchange: (text, clientAddress) =>
      answerOfPrimary<Exchanged>(
        (hear) => exchanges.ask({ text, clientAddress }, hear),
        (message) => decodeExchange(message, text),
        options,
      ),
    forget: (text, digest) => exchanges.forget(text, digest),
  }
}
