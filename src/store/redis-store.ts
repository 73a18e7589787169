import type { Logger } from '../logger.ts'
import { slotOf } from './cluster-slot.ts'
import type { Redis } from 'ioredis'
import type { RedisClient, RedisClients } from './redis-client.ts'
import { makeRedisClients } from './redis-client.ts'
import type { Store } from './store.ts'
import type { StoreConnection } from './store-options.ts'

/** Options of {@link openRedisStore}. */
export interface RedisStoreOptions {
  readonly connection: StoreConnection
  /** How all names begin. */
  readonly prefix: string
  readonly logger: Logger
}

/** A connection on which an answer is overdue for so long is given up, whatever else comes on it. */
const OVERDUE_MS = 1_000
const LOOK_MS = 250
/** More than this does not come between two answers: none of ours is longer than a few values. */
const MOST_BYTES = 1_048_576
/** How often the connection that only listens is asked whether it is there. */
const PING_MS = 5_000

/** Opens Valkey or Redis. It connects by itself; until then, and whenever the connection is gone, calls reject. */
export function openRedisStore(options: RedisStoreOptions): Store {
  const { connection, prefix, logger } = options
  /** The one clock: in a Cluster, that of the node which has this name. */
  const clockSlot = slotOf(`${prefix}i`)
  const connectListeners: (() => void)[] = []
  let clients: RedisClients | null = null
  let subscription: { channel: string; hear: (message: string) => void } | null = null
  let lastError: Error | null = null
  let clockNode: string | null = null
  let closed = false
  const overdue = { commands: createOverdue(), listener: createOverdue() }
  const timers = [
    setInterval(giveUpOverdue, LOOK_MS).unref(),
    setInterval(() => void pingListener(), PING_MS).unref(),
  ]

  const opened = makeRedisClients(connection).then(
    (made) => {
      if (closed) return
      clients = made
      begin(made)
    },
    (error: unknown) => {
      lastError = error instanceof Error ? error : new Error('unknown')
      logger.error(
        { code: (error as NodeJS.ErrnoException).code },
        'the store needs the package "ioredis", version 6, which cannot be loaded; nothing is shared',
      )
    },
  )

  function begin({ commands, listener }: RedisClients): void {
    for (const client of [commands, listener] as const) {
      client.on('error', (error: Error) => void (lastError = error))
    }
    limit(commands, overdue.commands)
    limit(listener, overdue.listener)
    commands.on('ready', () => {
      lastError = null
      for (const tell of connectListeners) tell()
    })
    listener.on('ready', listen)
    listener.on('message', (_channel: string, message: unknown) => {
      overdue.listener.heard()
      if (typeof message === 'string') subscription?.hear(message)
    })
    // That the first attempt fails is nothing: there are others, for ever.
    for (const client of [commands, listener] as const) client.connect().catch(() => {})
  }

  /** Ends a connection on which an answer comes that is far too long, before it fills the memory. */
  function limit(client: RedisClient, answers: Overdue): void {
    if ('slots' in client) {
      client.on('+node', (node: Redis) => limit(node, answers))
      return
    }
    client.on('connect', () => {
      const { stream } = client
      answers.heard()
      stream.on('data', ({ length }: Buffer) => {
        if (answers.isTooMuch(length)) stream.destroy()
      })
    })
  }

  function listen(): void {
    if (clients === null || subscription === null) return
    void overdue.listener.track(clients.listener.subscribe(subscription.channel)).catch(() => {})
  }

  function giveUpOverdue(): void {
    if (clients === null) return
    if (overdue.commands.isOverdue()) clients.commands.disconnect(true)
    if (overdue.listener.isOverdue()) clients.listener.disconnect(true)
  }

  async function pingListener(): Promise<void> {
    if (clients?.listener.status !== 'ready') return
    await overdue.listener.track(clients.listener.ping()).catch(() => {})
  }

  async function command<T>(send: (client: RedisClient) => Promise<T>): Promise<T> {
    if (clients === null) throw lastError ?? new Error('the store is not connected')
    const { commands } = clients
    // What cannot be sent now is not kept for later; why the connection is gone says more than that it is.
    if (commands.status !== 'ready') throw lastError ?? new Error('the store is not connected')
    return overdue.commands.track(send(commands))
  }

  /** The client of the node whose clock counts. */
  function clockOf(client: RedisClient): Pick<RedisClient, 'time'> {
    if (!('slots' in client)) return client
    const [key = ''] = client.slots[clockSlot] ?? []
    const isAnother = clockNode !== null && key !== clockNode
    clockNode = key // before others are told, who ask for the time at once
    if (isAnother) for (const tell of connectListeners) tell()
    const node = client
      .nodes('master')
      .find(({ options: { host, port } }) => `${host}:${port}` === key)
    if (node === undefined) throw new Error('the node whose clock counts is not known')
    return node
  }

  return {
    get: (name) => command((client) => client.get(name)),
    mget: (names) => command((client) => client.mget(...names)),
    set: (name, value, ttlMs) =>
      command(async (client) => void (await client.set(name, value, 'PX', ttlMs))),
    publish: (channel, message) =>
      command(async (client) => void (await client.publish(channel, message))),
    subscribe(channel, hear) {
      subscription = { channel, hear }
      if (clients?.listener.status === 'ready') listen()
    },
    time: () =>
      command(async (client) => {
        const [seconds, microseconds] = await clockOf(client).time()
        return Number(seconds) * 1000 + Number(microseconds) / 1000
      }),
    onConnect: (listener) => void connectListeners.push(listener),
    async close() {
      closed = true
      for (const timer of timers) clearInterval(timer)
      await opened
      clients?.commands.disconnect()
      clients?.listener.disconnect()
    },
  }
}

/** Which answers are waited for, and since when. */
interface Overdue {
  track<T>(answer: Promise<T>): Promise<T>
  /** Something came to its end. */
  heard(): void
  /** Whether so many bytes more are too many since something did. */
  isTooMuch(bytes: number): boolean
  /** Whether one is overdue; all are forgotten then. */
  isOverdue(): boolean
}

function createOverdue(): Overdue {
  /** The oldest first. */
  const sentAtMs = new Map<object, number>()
  let bytesSince = 0
  const heard = (): void => void (bytesSince = 0)
  return {
    heard,
    isTooMuch: (bytes) => (bytesSince += bytes) > MOST_BYTES,
    track(answer) {
      const mark = {}
      sentAtMs.set(mark, performance.now())
      return answer.finally(() => {
        sentAtMs.delete(mark)
        heard()
      })
    },
    isOverdue() {
      const [oldestMs] = sentAtMs.values()
      if (oldestMs === undefined || performance.now() - oldestMs < OVERDUE_MS) return false
      sentAtMs.clear()
      return true
    },
  }
}
