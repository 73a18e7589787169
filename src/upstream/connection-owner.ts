import type { UpstreamExchange } from './upstream-exchange.ts'

/** What a connection needs of its pool. */
export interface ConnectionOwner<Connection> {
  /** The tick after which so many milliseconds are over; never for 0. */
  deadlineIn(ms: number): number
  /** For how long a connection may be idle, in milliseconds. */
  readonly idleMs: number
  /** How old a connection may be that serves another request; 0: as old as it gets. */
  readonly maxAgeMs: number
  /** Which tick it is. */
  readonly tick: number
  /** Whether its connections are for requests to use them for something else, and therefore read as streams. */
  readonly isForUpgrades: boolean
  onIdle(connection: Connection): void
  /** The connection is used for something else from here on. */
  onSwitched(connection: Connection): void
  /**
   * @param exchange What it was serving, if that is still to be settled; `stale`: the upstream closed it, and it was
   * used before.
   */
  onClosed(
    connection: Connection,
    exchange: UpstreamExchange | null,
    error: Error,
    stale: boolean,
  ): void
}
