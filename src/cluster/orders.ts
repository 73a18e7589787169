import type { Channel, Message } from './message.ts'
import { idOf } from './message.ts'

/** Gives orders on a channel and waits until they are done. */
export interface Orders {
  /**
   * @returns What the other side says when it is done; null: it did not within the time, or has ended.
   */
  give(order: Message, timeoutMs: number): Promise<Message | null>
  /** Waits for nothing any more: the other side has ended. */
  abandon(): void
}

/** Makes the side that gives orders. */
export function createOrders(channel: Channel): Orders {
  const waiting = new Map<number, (done: Message | null) => void>()
  let last = 0
  channel.on('done', (message) => {
    const id = idOf(message)
    if (id !== null) waiting.get(id)?.(message)
  })
  return {
    give: (order, timeoutMs) =>
      new Promise((resolve) => {
        last += 1
        const id = last
        const timer = setTimeout(() => settle(null), timeoutMs)
        const settle = (done: Message | null): void => {
          clearTimeout(timer)
          waiting.delete(id)
          resolve(done)
        }
        waiting.set(id, settle)
        channel.send({ ...order, id })
      }),
    abandon() {
      for (const settle of waiting.values()) settle(null)
    },
  }
}

/** Makes the side that carries one kind of order out. What `carryOut` throws is left to it to handle. */
export function obey(
  channel: Channel,
  kind: string,
  carryOut: (order: Message) => Message | Promise<Message>,
): void {
  channel.on(kind, (order) => {
    const id = idOf(order)
    if (id === null) return
    void Promise.resolve(carryOut(order)).then((done) => {
      channel.send({ ...done, kind: 'done', id })
    })
  })
}
