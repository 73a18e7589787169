import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'

import { systemClock, systemSchedule } from '../clock.ts'
import type { ListenOn } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import type { Hand } from './connection-dealer.ts'
import { createConnectionDealer } from './connection-dealer.ts'
import type { Heartbeat } from './heartbeat.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { Channel, Message } from './message.ts'
import { createChannel } from './message.ts'
import type { Orders } from './orders.ts'
import { createOrders } from './orders.ts'
import { lookAtProcess } from './process-sight.ts'
import { openSharedSockets } from './shared-sockets.ts'

/** Options of {@link openWorkerFleet}. */
export interface WorkerFleetOptions {
  /** Where to accept connections. */
  readonly listen: readonly ListenOn[]
  /** File name of the program that a worker runs. */
  readonly program: string
  /** How many workers there shall be. */
  readonly workers: number
  /** What a new worker is told first. */
  readonly greeting: (name: string) => Message
  /** Prepares for what a new worker may want. */
  readonly attend: (channel: Channel) => void
  /** A worker has ended; told before another takes its place, and not while all are being ended. */
  readonly onEnd: (name: string) => void
  /** A worker hangs: it gets no connections, and is ended if that goes on. */
  readonly onHang: (name: string) => void
  readonly logger: Logger
}

/** What one worker says when an order is done; null: it did not in time, or has ended. */
export type Reply = readonly [name: string, done: Message | null]

/** Processes that carry the traffic. */
export interface WorkerFleet {
  /** Where connections are accepted for them, with the ports that these are in the end. */
  readonly addresses: readonly ListenOn[]
  /** How many of them carry traffic, and do not hang. */
  readonly ready: number
  /** Why not all is well: none carries traffic, or what one had taken is not answered; null: all is. */
  unreadiness(): string | null
  /** Gives an order to all that do. */
  order(order: Message, timeoutMs: number): Promise<readonly Reply[]>
  /** Sends a message to all, also to those that are about to carry traffic. */
  tell(message: Message): void
  /** Ends a worker at once, because it does not react; another takes its place. */
  replace(name: string): void
  /** Accepts no more connections and lets them finish; whoever takes longer than `drainMs` is ended. */
  drain(drainMs: number): Promise<void>
}

/** A dead worker is replaced after so long, twice as long each time, until one lives for a while. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const LONG_LIFE_MS = 60_000

/** How long a worker may take until it carries traffic. */
const START_MS = 60_000

/** How much longer than its drain time a worker may take to end. */
const END_GRACE_MS = 5_000

/** One of the places that workers take one after the other. */
interface Place {
  readonly name: string
  worker: ChildProcess | null
  channel: Channel | null
  orders: Orders | null
  isReady: boolean
  /** While it carries traffic. */
  heart: Heartbeat | null
  hand: Hand | null
  /** Says that it accepts no more. */
  unshare: (() => void) | null
  pauseMs: number
}

/** A place that has no worker. */
const EMPTY = {
  worker: null,
  channel: null,
  orders: null,
  isReady: false,
  heart: null,
  hand: null,
  unshare: null,
} satisfies Omit<Place, 'name' | 'pauseMs'>

/** How a worker lived and ended. */
interface Life {
  readonly livedMs: number
  /** For how long it had hung; 0: it had not. */
  readonly hungForMs: number
  readonly cause: unknown
}

/**
 * Listens and starts workers that accept and serve connections. A worker that ends is replaced. They end with this
 * process, however it ends.
 *
 * @throws {Error} the system's own where it cannot listen, or the first for which a worker could not start.
 */
export async function openWorkerFleet(options: WorkerFleetOptions): Promise<WorkerFleet> {
  const { workers, program, greeting, attend, onEnd, onHang, logger } = options
  const dealer = createConnectionDealer()
  const sockets = await openSharedSockets({
    on: options.listen,
    onConnection: (socket, local) => dealer.deal(socket, local),
    schedule: systemSchedule,
    logger,
  })
  const places = Array.from({ length: workers }, (_, index): Place => ({
    name: String(index + 1),
    ...EMPTY,
    pauseMs: FIRST_PAUSE_MS,
  }))
  const timers = new Set<NodeJS.Timeout>()
  let started = false
  let stopping = false

  /** Settles when the worker carries traffic, or cannot. */
  function start(place: Place): Promise<void> {
    const worker = fork(program)
    const channel = createChannel(worker)
    const orders = createOrders(channel)
    const startedAt = performance.now()
    const carry = (hand: Hand): Heartbeat =>
      startHeartbeat({
        ping: () => channel.send({ kind: 'ping' }),
        look: () => (worker.pid === undefined ? null : lookAtProcess(worker.pid)),
        onLate() {
          // The last one gets them all the same: where all are late, the machine is.
          if (hand.others > 0) hand.rest()
        },
        onHang() {
          hand.rest()
          logger.error({ worker: place.name }, 'a worker does not react and gets no connections')
          onHang(place.name)
        },
        onGivenUp: () => worker.kill('SIGKILL'),
        onBack(hung) {
          if (hung) logger.info({ worker: place.name }, 'a worker reacts again')
          if (!stopping) hand.resume()
        },
        clock: systemClock,
        schedule: systemSchedule,
      })
    Object.assign(place, { worker, channel, orders })
    attend(channel)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => worker.kill('SIGKILL'), START_MS).unref()
      // Not before: what is sent to a worker that does not listen to messages yet is lost.
      channel.on('hello', () => channel.send(greeting(place.name)))
      channel.on('ready', () => {
        clearTimeout(timer)
        place.isReady = true
        place.hand = dealer.dealTo(channel)
        place.unshare = sockets.share(channel)
        place.heart = carry(place.hand)
        logger.info({ worker: place.name, pid: worker.pid }, 'a worker carries traffic')
        resolve()
      })
      channel.on('pong', () => place.heart?.pong())
      channel.on('failed', ({ reason }) => {
        reject(new Error(`worker ${place.name} could not start: ${String(reason)}`))
        worker.kill('SIGKILL')
      })
      worker.on('error', reject)
      worker.once('exit', (code: number | null, signal: string | null) => {
        clearTimeout(timer)
        const hungForMs = place.heart?.hangs === true ? place.heart.silentMs : 0
        place.heart?.stop()
        const { hand, unshare } = place
        Object.assign(place, EMPTY)
        hand?.end()
        unshare?.()
        orders.abandon()
        const cause = signal ?? code
        reject(new Error(`worker ${place.name} ended before it carried traffic (${cause})`))
        const livedMs = performance.now() - startedAt
        if (started && !stopping) succeed(place, { livedMs, hungForMs, cause })
      })
    })
  }

  function succeed(place: Place, { livedMs, hungForMs, cause }: Life): void {
    onEnd(place.name)
    if (livedMs >= LONG_LIFE_MS) place.pauseMs = FIRST_PAUSE_MS
    const { name } = place
    // Since it hung the place was as good as empty.
    const pauseMs = Math.max(0, place.pauseMs - Math.round(hungForMs))
    logger.error({ worker: name, cause, pauseMs }, 'a worker has ended; another takes its place')
    place.pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * place.pauseMs)
    const timer = setTimeout(() => {
      timers.delete(timer)
      start(place).catch((error: unknown) => {
        logger.error({ worker: name, err: error }, 'a worker did not start')
      })
    }, pauseMs)
    timers.add(timer)
  }

  async function end(place: Place, timeoutMs: number): Promise<void> {
    const { worker, orders } = place
    if (worker === null) return
    place.heart?.stop() // whoever drains may be slow
    const ended = once(worker, 'exit')
    const timer = setTimeout(() => worker.kill('SIGKILL'), timeoutMs)
    void orders?.give({ kind: 'drain' }, timeoutMs)
    await ended
    clearTimeout(timer)
  }

  async function endAll(drainMs: number): Promise<void> {
    stopping = true
    for (const timer of timers) clearTimeout(timer)
    await sockets.close()
    dealer.close()
    await Promise.all(places.map((place) => end(place, drainMs + END_GRACE_MS)))
  }

  try {
    await Promise.all(places.map(start))
    started = true
  } catch (error) {
    await endAll(0)
    throw error
  }

  const ready = (): Place[] => places.filter(({ isReady }) => isReady)
  const hanging = (): Place[] => places.filter(({ heart }) => heart?.hangs === true)
  return {
    addresses: sockets.addresses,
    get ready() {
      return ready().length - hanging().length
    },
    unreadiness() {
      if (ready().every(({ heart }) => heart?.hangs === true)) return 'no worker carries traffic'
      const hang = hanging().length
      return hang > 0 ? `workers that do not react: ${hang} of ${workers}` : null
    },
    order: (order, timeoutMs) =>
      Promise.all(
        ready().map(async ({ name, orders }): Promise<Reply> => {
          return [name, (await orders?.give(order, timeoutMs)) ?? null]
        }),
      ),
    tell(message) {
      for (const { channel } of places) channel?.send(message)
    },
    replace(name) {
      places.find((place) => place.name === name)?.worker?.kill('SIGKILL')
    },
    drain: endAll,
  }
}
