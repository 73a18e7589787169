import type { Clock } from '../clock.ts'
import { createTokenBucket } from '../token-bucket.ts'

/** So many at once, and so many per second after that. */
export interface AllowanceOptions {
  readonly burst: number
  readonly perSecond: number
  readonly clock: Clock
}

/** Makes a function that counts one, and says whether that is still within what is allowed. */
export function createAllowance({ burst, perSecond, clock }: AllowanceOptions): () => boolean {
  const bucket = createTokenBucket({ capacity: burst, perSecond, clock })
  return () => bucket.take() === 0
}
