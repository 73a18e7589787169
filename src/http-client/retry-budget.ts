import type { Clock } from '../clock.ts'
import { createTokenBucket } from '../token-bucket.ts'

/** Options of {@link createRetryBudget}. */
export interface RetryBudgetOptions {
  readonly clock: Clock
  /** What each call adds. @default 0.2 (one retry per five calls) */
  readonly perCall?: number | undefined
  /** What each second adds, so that few calls may be repeated too; there from the start. @default 3 */
  readonly perSecond?: number | undefined
  /** How many retries can be saved up. @default 10 */
  readonly most?: number | undefined
}

/** Keeps retries a small part of all calls, so that an outage does not double the load on what is left. */
export interface RetryBudget {
  /** Says that a call begins. */
  earn(): void
  /** Takes one retry out of the budget; false where none is left. */
  spend(): boolean
}

/** Makes a budget. */
export function createRetryBudget(options: RetryBudgetOptions): RetryBudget {
  const { clock, perCall = 0.2, perSecond = 3, most = 10 } = options
  const bucket = createTokenBucket({ capacity: most, perSecond, initial: perSecond, clock })
  return {
    earn: () => bucket.add(perCall),
    spend: () => bucket.take() === 0,
  }
}
