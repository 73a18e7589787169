import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

import type { Channel } from './message.ts'
import { idOf } from './message.ts'

/** Accepts connections and deals them out to workers, one after the other. */
export interface ConnectionDealer {
  /** The port that is listened on. */
  readonly port: number
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

/** So many connections may wait while there is no worker. */
const MOST_WAITING = 512

/**
 * Listens. Node's own cluster module can do this, but when a worker dies it forgets the connections that are on their
 * way to it, and their clients wait for ever.
 *
 * @throws {Error} the system's own (`EADDRINUSE`, `EACCES` …), with `code`.
 */
export async function openConnectionDealer(address: {
  readonly host: string
  readonly port: number
}): Promise<ConnectionDealer> {
  const hands: ((socket: Socket) => void)[] = []
  const waiting: Socket[] = []
  let turn = 0
  let last = 0

  function deal(socket: Socket): void {
    turn = (turn + 1) % Math.max(1, hands.length)
    const hand = hands[turn]
    if (hand !== undefined) hand(socket)
    else if (waiting.length < MOST_WAITING) waiting.push(socket)
    else socket.destroy()
  }

  // Nothing is read here, so that the worker finds everything.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {})
    deal(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.port, address.host, () => {
      server.off('error', reject)
      resolve()
    })
  })

  return {
    port: (server.address() as AddressInfo).port,
    dealTo(channel) {
      const dealt = new Map<number, { readonly socket: Socket; sent: boolean }>()
      const hand = (socket: Socket): void => {
        last += 1
        const one = { socket, sent: false }
        dealt.set(last, one)
        channel.send({ kind: 'connection', id: last }, socket, () => (one.sent = true))
      }
      channel.on('taken', (message) => {
        const id = idOf(message) ?? 0
        // Only this process's share of it: the connection stays open.
        dealt.get(id)?.socket.destroy()
        dealt.delete(id)
      })
      hands.push(hand)
      for (const socket of waiting.splice(0)) deal(socket)
      return () => {
        hands.splice(hands.indexOf(hand), 1)
        for (const { socket, sent } of dealt.values()) {
          if (sent) socket.destroy()
          else deal(socket)
        }
      }
    },
    close() {
      server.close()
      for (const socket of waiting) socket.destroy()
    },
  }
}

/** The worker's side: takes each connection that is dealt to it. */
export function takeConnections(channel: Channel, take: (socket: Socket) => void): void {
  channel.on('connection', (message, socket) => {
    channel.send({ kind: 'taken', id: idOf(message) ?? 0 })
    if (socket !== null) take(socket)
  })
}
