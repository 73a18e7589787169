import type { Clock } from '../clock.ts'
import { createAsking } from './asking.ts'
import type { FollowedTime } from './followed-time.ts'
import { createFollowedTime } from './followed-time.ts'
import type { Channel, Message } from './message.ts'
import type { Questions } from './primary-backend.ts'
import { createQuestions } from './primary-backend.ts'
import type { Exchanges } from './primary-exchange.ts'
import { createExchanges } from './primary-exchange.ts'

/** Options of {@link openPrimaryLink}. */
export interface PrimaryLinkOptions {
  /** Takes back what was granted under this key. */
  readonly onWithdrawal: (key: string) => void
  readonly clock: Clock
}

/** What a worker has of its primary: one for all its verifications, one after the other. */
export interface PrimaryLink {
  readonly questions: Questions
  readonly exchanges: Exchanges
  readonly onezoneTime: FollowedTime
  /** Takes over the time in a message; a message without one says nothing of it. */
  follow(message: Message): void
}

/** A key is a digest, a use and a few fields of a request. */
const LONGEST_KEY = 1_024

/** Starts to listen to what the primary says, asked or not. */
export function openPrimaryLink(channel: Channel, options: PrimaryLinkOptions): PrimaryLink {
  const onezoneTime = createFollowedTime(options.clock)
  const follow = ({ onezoneNowMs, isSet }: Message): void => {
    if (typeof onezoneNowMs === 'number' && Number.isFinite(onezoneNowMs)) {
      onezoneTime.follow(onezoneNowMs, isSet === true)
    }
  }
  channel.on('time', follow)
  channel.on('withdraw', ({ key }) => {
    if (typeof key === 'string' && key.length <= LONGEST_KEY) options.onWithdrawal(key)
  })
  const exchanges = createExchanges(channel, createAsking(channel, 'exchange', 'exchanged'))
  return { questions: createQuestions(channel), exchanges, onezoneTime, follow }
}
