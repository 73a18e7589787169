/**
 * What of Valkey or Redis is used. Names and values are printable text. Any call may reject: then nothing was learned,
 * and nothing else follows.
 */
export interface Store {
  /** The value of a name; null: there is none. */
  get(name: string): Promise<string | null>
  /** The values of names that have the same hash tag; null: there is none. */
  mget(names: readonly string[]): Promise<readonly (string | null)[]>
  /** Sets a value that ends by itself. */
  set(name: string, value: string, ttlMs: number): Promise<void>
  /** Sends a message to all who listen on the channel; whoever does not hear it never will. */
  publish(channel: string, message: string): Promise<void>
  /** Listens on the one channel there is, over every reconnection. */
  subscribe(channel: string, listener: (message: string) => void): void
  /** What time it is at the store, in milliseconds since 1970. */
  time(): Promise<number>
  /** Calls back with each new connection: the clock behind it may be another one. */
  onConnect(listener: () => void): void
  /** Ends all connections, for good. */
  close(): Promise<void>
}

/** Opens a store, which connects by itself, now and whenever it has lost a connection. */
export type OpenStore = () => Store
