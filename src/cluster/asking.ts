import type { Channel, Message } from './message.ts'
import { idOf } from './message.ts'

/** What is asked on a channel, and the answers. */
export interface Asking {
  /** Sends what is asked. `hear` is told of the answer, once at most; what is returned stops waiting for it. */
  ask(message: Message, hear: (answer: unknown) => void): () => void
}

/**
 * Numbers what is asked, and finds out which answer belongs to which.
 *
 * @param asks The kind of its messages.
 * @param answers The kind of those that come back.
 */
export function createAsking(channel: Channel, asks: string, answers: string): Asking {
  const waiting = new Map<number, (answer: unknown) => void>()
  let last = 0
  channel.on(answers, (message) => {
    const id = idOf(message)
    const hear = id === null ? undefined : waiting.get(id)
    if (id === null || hear === undefined) return
    waiting.delete(id)
    hear(message['answer'])
  })
  return {
    ask(message, hear) {
      last += 1
      const id = last
      waiting.set(id, hear)
      channel.send({ ...message, kind: asks, id })
      return () => void waiting.delete(id)
    },
  }
}
