import { Socket } from 'node:net'

import type { Channel } from './message.ts'
import { drop, idOf } from './message.ts'

/** Deals connections out to workers, one after the other. */
export interface ConnectionDealer {
  /** Deals out one, of which nothing has been read. `local`: it came over a Unix socket. */
  deal(socket: Socket, local: boolean): void
  /** Deals to this worker, too. */
  dealTo(channel: Channel): Hand
  /** Nothing comes any more: what has yet to be sent has been dealt out before anything that is sent later. */
  close(): void
}

/** What is dealt to one worker. */
export interface Hand {
  /** How many others are dealt to. */
  readonly others: number
  /**
   * Deals nothing more to it, and what has yet to be sent to others. A connection that is on its way to it stays so: it
   * may be read there, and two must never read one connection.
   */
  rest(): void
  /** Deals to it again. */
  resume(): void
  /**
   * The worker has ended. A connection that was on its way to it breaks: it may have read of it, and what is left must
   * not be taken for the beginning of a request. Those that had yet to be sent go to others.
   */
  end(): void
}

/** A connection. `local`: it came over a Unix socket. */
interface Accepted {
  readonly socket: Socket
  readonly local: boolean
}

/** So many connections may wait while there is no worker. */
const MOST_WAITING = 512

/**
 * Makes a dealer. Node's own cluster module can do this, but when a worker dies it forgets the connections that are on
 * their way to it, and their clients wait for ever.
 */
export function createConnectionDealer(): ConnectionDealer {
  const hands: ((connection: Accepted) => void)[] = []
  const sendAll = new Set<() => void>()
  const waiting: Accepted[] = []
  let isClosed = false
  let turn = 0
  let last = 0

  function deal(accepted: Accepted): void {
    turn = (turn + 1) % Math.max(1, hands.length)
    const hand = hands[turn]
    if (hand !== undefined) hand(accepted)
    else if (waiting.length < MOST_WAITING) waiting.push(accepted)
    else accepted.socket.destroy()
  }

  function dealTo(channel: Channel): Hand {
    const yetToSend: Accepted[] = []
    const sending = new Map<number, Accepted & { sent: boolean }>()

    /** One at a time, which is how Node sends them: what Node holds back cannot be taken from it again. */
    function sendNext(): void {
      while (sending.size === 0 || isClosed) {
        const next = yetToSend.shift()
        if (next === undefined) return
        const { socket, local } = next
        last += 1
        const one = { socket, local, sent: false }
        sending.set(last, one)
        channel.send({ kind: 'connection', id: last, local }, socket, () => (one.sent = true))
      }
    }
    const take = (accepted: Accepted): void => {
      yetToSend.push(accepted)
      sendNext()
    }
    channel.on('taken', (message) => {
      const id = idOf(message) ?? 0
      // Only this process's share of it: the connection stays open.
      sending.get(id)?.socket.destroy()
      sending.delete(id)
      sendNext()
    })
    const rest = (): void => {
      if (!hands.includes(take)) return
      hands.splice(hands.indexOf(take), 1)
      for (const accepted of yetToSend.splice(0)) deal(accepted)
    }
    const resume = (): void => {
      if (hands.includes(take)) return
      hands.push(take)
      for (const accepted of waiting.splice(0)) deal(accepted)
    }
    sendAll.add(sendNext)
    resume()
    return {
      get others() {
        return hands.filter((hand) => hand !== take).length
      },
      rest,
      resume,
      end() {
        sendAll.delete(sendNext)
        rest()
        for (const { sent, ...accepted } of sending.values()) {
          if (sent) accepted.socket.destroy()
          else deal(accepted)
        }
      },
    }
  }

  return {
    deal(socket, local) {
      socket.on('error', () => {})
      deal({ socket, local })
    },
    dealTo,
    close() {
      isClosed = true
      for (const send of sendAll) send()
      for (const { socket } of waiting) socket.destroy()
    },
  }
}

/** The worker's side: takes each connection that is dealt to it. */
export function takeConnections(
  channel: Channel,
  take: (socket: Socket, local: boolean) => void,
): void {
  channel.on('connection', (message, handle) => {
    channel.send({ kind: 'taken', id: idOf(message) ?? 0 })
    if (handle instanceof Socket) take(handle, message['local'] === true)
    else if (handle !== null) drop(handle)
  })
}
