import type { Clock } from './clock.ts'

/** Options of {@link createTokenBucket}. */
export interface TokenBucketOptions {
  /** What it holds at most. */
  readonly capacity: number
  /** What flows in each second. */
  readonly perSecond: number
  /** What it holds at first. @default capacity */
  readonly initial?: number | undefined
  readonly clock: Clock
}

/** So many at once, and so many a second after that. */
export interface TokenBucket {
  /** Takes one coin; where there is none, says in how many milliseconds there will be, else 0. */
  readonly take: () => number
  /** In how many milliseconds there will be one; 0: there is. */
  readonly wait: () => number
  /** Puts some in, as far as there is room; less than none where the amount is negative. */
  readonly add: (amount: number) => void
}

/** Makes a token bucket. */
export function createTokenBucket(options: TokenBucketOptions): TokenBucket {
  const { capacity, perSecond, initial = capacity, clock } = options
  let left = initial
  let filledAtMs = clock.monotonic()

  const add = (amount: number): void => {
    left = Math.min(capacity, left + amount)
  }

  const wait = (): number => {
    const nowMs = clock.monotonic()
    add(((nowMs - filledAtMs) / 1000) * perSecond)
    filledAtMs = nowMs
    return left < 1 ? ((1 - left) / perSecond) * 1000 : 0
  }

  return {
    take() {
      const waitMs = wait()
      if (waitMs === 0) left -= 1
      return waitMs
    },
    wait,
    add,
  }
}
