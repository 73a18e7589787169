import type { ServerResponse } from 'node:http'
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Door } from './door.ts'
import type { Incoming, Outgoing } from './http-message.ts'
import { ShortStays } from './short-stays.ts'

/** A door, and what it has begun to answer. */
export interface DoorInUse {
  readonly door: Door
  /** Takes a request into account that has arrived. */
  readonly onRequest: (incoming: Incoming, outgoing: Outgoing) => void
  /** Takes a connection into account that has left HTTP. */
  readonly onUpgrade: (socket: Duplex) => void
  /** Responses that are under way, or wait for their turn. */
  responses(): readonly Outgoing[]
  /** Settles when nothing is under way any more. */
  idle(): Promise<void>
}

/** How often it is looked whether anything is under way, in milliseconds. */
const SWEEP_MS = 250

/** Puts a door to use. */
export function createDoorInUse(door: Door): DoorInUse {
  const open = new ShortStays<Outgoing | Duplex>()
  function forget(this: Outgoing | Duplex): void {
    open.delete(this)
  }
  const watch = (each: Outgoing | Duplex): void => {
    open.add(each)
    // Not `once`: it comes once, and the wrapper would cost.
    each.on('close', forget)
  }
  const queues = new WeakMap<Socket, Set<Outgoing>>()
  /** Node does not tell a response that waits for its turn when its connection breaks. */
  const watchQueue = (socket: Socket, outgoing: Outgoing): void => {
    let queue = queues.get(socket)
    if (queue === undefined) {
      const made = new Set<Outgoing>()
      queue = made
      queues.set(socket, made)
      socket.once('close', () => made.forEach((each) => open.delete(each)))
    }
    const queued = queue.add(outgoing)
    outgoing.on('close', () => queued.delete(outgoing))
  }
  return {
    door,
    onRequest(incoming, outgoing) {
      // In HTTP/2 none has a socket, and none waits for its turn.
      const waits = outgoing.socket === null && incoming instanceof IncomingMessage
      // Node goes on handing over what it had read, and of this one nothing would ever be heard.
      if (waits && incoming.socket.destroyed) return
      watch(outgoing)
      if (waits) watchQueue(incoming.socket, outgoing)
    },
    onUpgrade: watch,
    responses: () =>
      open.list().filter((each): each is ServerResponse => 'shouldKeepAlive' in each),
    idle: () =>
      new Promise((resolve) => {
        const sweep = setInterval(() => {
          if (open.size > 0) return
          clearInterval(sweep)
          resolve()
        }, SWEEP_MS).unref()
      }),
  }
}
