import type { Operation } from './operations.ts'
import { OPERATIONS } from './operations.ts'

/** How often each operation of the REST API was asked for, faulted and refused requests included. */
export type CallCounts = Record<Operation, number>

/** Counts calls per operation. Requests that reach no operation (unknown path, wrong method) are not counted. */
export interface CallCounter {
  count(operation: Operation): void
  /** A copy; operations that were not called are there with 0. */
  counts(): CallCounts
  reset(): void
}

export function createCallCounter(): CallCounter {
  const counts = zeroes()
  return {
    count(operation) {
      counts[operation] += 1
    },
    counts: () => ({ ...counts }),
    reset() {
      Object.assign(counts, zeroes())
    },
  }
}

function zeroes(): CallCounts {
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, 0])) as CallCounts
}
