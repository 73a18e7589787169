import type { OracleWorld } from './onezone-oracle.ts'

/** How one run is set up. */
export interface RunSettings {
  readonly staleIfErrorMs: number
  readonly negativeTtlMs: number
  /** How far Onezone’s clock is ahead of the gateway’s. */
  readonly aheadMs: number
  readonly random: number
  /** Whether nearly everything is evicted at once: then knowledge gets lost, but none may be made up. */
  readonly tiny: boolean
}

export const MAX_STALENESS_MS = 10_000
/** The client gives up on an answer after this time. */
export const TIMEOUT_MS = 2_500

/** A world that was, from one moment on. */
export interface Moment {
  readonly fromMs: number
  readonly world: OracleWorld
}
