import type { Clock } from '../clock.ts'

const RETRIES_PER_CALL = 0.2
const RETRIES_PER_SECOND = 3
const LARGEST_BALANCE = 10

/** Keeps retries a small part of all calls, so that an outage does not double the load on what is left. */
export interface RetryBudget {
  /** Says that a call begins. */
  earn(): void
  /** Takes one retry out of the budget; false where none is left. */
  spend(): boolean
}

/** Makes a budget of one retry per five calls, and of at least three a second. */
export function createRetryBudget(clock: Clock): RetryBudget {
  let balance = RETRIES_PER_SECOND
  let settledAtMs = clock.monotonic()

  const add = (amount: number): void => {
    balance = Math.min(LARGEST_BALANCE, balance + amount)
  }

  return {
    earn() {
      add(RETRIES_PER_CALL)
    },
    spend() {
      const nowMs = clock.monotonic()
      add(((nowMs - settledAtMs) / 1000) * RETRIES_PER_SECOND)
      settledAtMs = nowMs
      if (balance < 1) return false
      balance -= 1
      return true
    },
  }
}
