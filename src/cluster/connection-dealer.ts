import type { Socket } from 'node:net'

import type { ListenOn } from '../listener/index.ts'
import { acceptOn } from '../listener/index.ts'
import type { Channel } from './message.ts'
import { idOf } from './message.ts'

/** Accepts connections and deals them out to workers, one after the other. */
export interface ConnectionDealer {
  /** Where is listened, with the ports that these are in the end. */
  readonly addresses: readonly ListenOn[]
  /**
   * Deals to this worker, too.
   *
   * @returns Stops that: the worker has ended, or does not react. A connection that was on its way to it breaks: it may
   *   have read of it, and what is left must not be taken for the beginning of a request. Those that had yet to be sent
   *   go to others.
   */
  dealTo(channel: Channel): () => void
  /** Accepts no more connections. Those that were accepted have been dealt out before anything that is sent later. */
  close(): void
}

/** A connection. `local`: it came over a Unix socket. */
interface Accepted {
  readonly socket: Socket
  readonly local: boolean
}

/** So many connections may wait while there is no worker. */
const MOST_WAITING = 512

/**
 * Listens. Node's own cluster module can do this, but when a worker dies it forgets the connections that are on their
 * way to it, and their clients wait for ever.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function openConnectionDealer(on: readonly ListenOn[]): Promise<ConnectionDealer> {
  const hands: ((connection: Accepted) => void)[] = []
  const waiting: Accepted[] = []
  let turn = 0
  let last = 0

  function deal(accepted: Accepted): void {
    turn = (turn + 1) % Math.max(1, hands.length)
    const hand = hands[turn]
    if (hand !== undefined) hand(accepted)
    else if (waiting.length < MOST_WAITING) waiting.push(accepted)
    else accepted.socket.destroy()
  }

  const accepting = await acceptOn(on, {
    // Nothing is read here, so that the worker finds everything.
    paused: true,
    onConnection(socket, local) {
      socket.on('error', () => {})
      deal({ socket, local })
    },
  })

  return {
    addresses: accepting.addresses,
    dealTo(channel) {
      const dealt = new Map<number, Accepted & { sent: boolean }>()
      const hand = ({ socket, local }: Accepted): void => {
        last += 1
        const one = { socket, local, sent: false }
        dealt.set(last, one)
        channel.send({ kind: 'connection', id: last, local }, socket, () => (one.sent = true))
      }
      channel.on('taken', (message) => {
        const id = idOf(message) ?? 0
        // Only this process's share of it: the connection stays open.
        dealt.get(id)?.socket.destroy()
        dealt.delete(id)
      })
      hands.push(hand)
      for (const accepted of waiting.splice(0)) deal(accepted)
      return () => {
        hands.splice(hands.indexOf(hand), 1)
        for (const { sent, ...accepted } of dealt.values()) {
          if (sent) accepted.socket.destroy()
          else deal(accepted)
        }
      }
    },
    close() {
      accepting.close()
      for (const { socket } of waiting) socket.destroy()
    },
  }
}

/** The worker's side: takes each connection that is dealt to it. */
export function takeConnections(
  channel: Channel,
  take: (socket: Socket, local: boolean) => void,
): void {
  channel.on('connection', (message, socket) => {
    channel.send({ kind: 'taken', id: idOf(message) ?? 0 })
    if (socket !== null) take(socket, message['local'] === true)
  })
}
