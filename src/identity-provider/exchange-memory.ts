import { createBoundedMap } from '../bounded-map.ts'
import type { Clock } from '../clock.ts'
import type { MintedToken } from './minted-token.ts'

/** What became of an exchange. */
export type Exchanged =
  | ({ readonly outcome: 'exchanged' } & MintedToken)
  | {
      readonly outcome: 'refused'
      readonly code: 'idp_token_invalid' | 'idp_client_not_allowed' | 'user_blocked'
      /** What exactly is wrong. @default what is to be said of the code */
      readonly detail?: string
    }

/** Options of {@link createExchangeMemory}. */
export interface ExchangeMemoryOptions {
  readonly clock: Clock
  /** What time it is at Onezone, in milliseconds since 1970. */
  readonly onezoneNowMs: () => number
  /** For how long a refusal is believed. */
  readonly refusedMs: number
}

/** What is known of credentials, by their keys. */
export interface ExchangeMemory {
  /** What is known of one now; null: it has to be exchanged. */
  known(key: string): Exchanged | null
  keep(key: string, exchanged: Exchanged): void
  forget(key: string): void
  /** Forgets all exchanges of a user; null: of everybody. */
  forgetOf(userId: string | null): void
}

interface Kept {
  readonly exchanged: Exchanged
  /** By Onezone's clock for what was exchanged, by the monotonic one for a refusal. */
  readonly endsAtMs: number
}

const MOST_REMEMBERED = 10_000
/** What is left of a long exchange when it is made anew, so that none is used at its very end. */
const MARGIN_MS = 1_000
const LONG_MS = 5_000

/** Makes an empty memory. What is strange there pushes out nothing of what was exchanged. */
export function createExchangeMemory(options: ExchangeMemoryOptions): ExchangeMemory {
  const { clock, onezoneNowMs, refusedMs } = options
  const kept = createBoundedMap<Kept>({ max: MOST_REMEMBERED })
  const refused = createBoundedMap<Kept>({ max: MOST_REMEMBERED })
  return {
    known(key) {
      const good = kept.get(key)
      if (good !== undefined && onezoneNowMs() < good.endsAtMs) return good.exchanged
      const bad = refused.peek(key)
      return bad !== undefined && clock.monotonic() < bad.endsAtMs ? bad.exchanged : null
    },
    keep(key, exchanged) {
      if (exchanged.outcome === 'refused') {
        refused.set(key, { exchanged, endsAtMs: clock.monotonic() + refusedMs })
        return
      }
      // What was minted always says its end.
      const endsAtMs = (exchanged.token.validUntil ?? 0) * 1000
      const margin = endsAtMs - onezoneNowMs() > LONG_MS ? MARGIN_MS : 0
      kept.set(key, { exchanged, endsAtMs: endsAtMs - margin })
    },
    forget: (key) => void kept.delete(key),
    forgetOf(userId) {
      const selected = [...kept.entries()].filter(
        ([, { exchanged }]) =>
          userId === null ||
          (exchanged.outcome === 'exchanged' && exchanged.token.subject.id === userId),
      )
      for (const [key] of selected) kept.delete(key)
      refused.clear()
    },
  }
}
