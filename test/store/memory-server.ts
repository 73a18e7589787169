import type { Clock, Schedule } from '../../src/clock.ts'
import type { Store } from '../../src/store/index.ts'

/** What goes wrong between one client and the server, or there. */
export interface MemoryFaults {
  /** How long each way takes, at most; messages and answers overtake each other. */
  readonly delayMs: number
  /** How many commands, answers and messages get lost, from 0 to 1. */
  readonly loss: number
  /** What the server says to every command; null: what it should. */
  readonly error: string | null
}

/** A server in memory, and what can happen to it. */
export interface MemoryServer {
  /** Opens a connection of a client. */
  readonly open: (name?: string) => Store
  /** All values there are. */
  readonly values: ReadonlyMap<string, { readonly value: string; readonly endsAtMs: number }>
  /** Everything that was written or sent, in order, oldest first. */
  readonly written: string[]
  faults: MemoryFaults
  /** Clients by these names reach it no more. */
  readonly partitioned: Set<string>
  /** Sets its clock. */
  step(ms: number): void
  /** Sends a message to all that can hear. */
  say(channel: string, message: string): void
  put(name: string, value: string): void
  /** Loses some of what it has, as one does that is full. */
  evict(names: (name: string) => boolean): void
  /** Ends all connections, and begins with nothing. */
  restart(): void
}

export const NO_FAULTS: MemoryFaults = { delayMs: 0, loss: 0, error: null }

export interface MemoryServerOptions {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly random?: () => number
}

/** Starts one. Without faults a command is answered within the same moment. */
export function createMemoryServer(options: MemoryServerOptions): MemoryServer {
  const { clock, schedule, random = () => 0.5 } = options
  const values = new Map<string, { value: string; endsAtMs: number }>()
  const written: string[] = []
  const listeners = new Map<string, { channel: string; hear: (message: string) => void }>()
  const connected = new Map<string, () => void>()
  let aheadMs = 1_234
  let clients = 0

  const nowMs = (): number => clock.monotonic()
  const valueOf = (name: string): string | null => {
    const known = values.get(name)
    return known === undefined || known.endsAtMs <= nowMs() ? null : known.value
  }
  const isLost = (client: string): boolean =>
    server.partitioned.has(client) || random() < server.faults.loss
  const way = (): Promise<void> => {
    const { delayMs } = server.faults
    if (delayMs === 0) return Promise.resolve()
    return new Promise((resolve) => void schedule(delayMs * random(), resolve))
  }
  const never = <T>(): Promise<T> => new Promise(() => {})

  function open(name = `client ${(clients += 1)}`): Store {
    let closed = false
    async function command<T>(run: () => T): Promise<T> {
      if (closed) throw new Error('closed')
      if (isLost(name)) return never()
      await way()
      if (server.faults.error !== null) throw new Error(server.faults.error)
      const answer = run()
      if (isLost(name)) return never()
      await way()
      return answer
    }
    return {
      get: (key) => command(() => valueOf(key)),
      mget: (keys) => command(() => keys.map(valueOf)),
      set: (key, value, ttlMs) =>
        command(() => {
          written.push(`${key} ${value}`)
          values.set(key, { value, endsAtMs: nowMs() + ttlMs })
        }),
      publish: (channel, message) =>
        command(() => {
          written.push(`${channel} ${message}`)
          server.say(channel, message)
        }),
      subscribe: (channel, hear) => void listeners.set(name, { channel, hear }),
      time: () => command(() => clock.now() + aheadMs),
      onConnect: (listener) => void connected.set(name, listener),
      async close() {
        closed = true
        listeners.delete(name)
      },
    }
  }

  const server: MemoryServer = {
    open,
    values,
    written,
    faults: NO_FAULTS,
    partitioned: new Set(),
    step: (ms) => void (aheadMs += ms),
    say(channel, message) {
      for (const [client, listener] of listeners) {
        if (listener.channel !== channel || isLost(client)) continue
        void way().then(() => {
          if (!isLost(client)) listener.hear(message)
        })
      }
    },
    put: (name, value) => void values.set(name, { value, endsAtMs: Infinity }),
    evict(names) {
      for (const name of values.keys()) if (names(name)) values.delete(name)
    },
    restart() {
      values.clear()
      for (const tell of connected.values()) tell()
    },
  }
  return server
}
