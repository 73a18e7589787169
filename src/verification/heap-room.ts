import { getHeapStatistics } from 'node:v8'

import type { Clock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { VerificationBudget } from './verification-budget.ts'

/** Beyond such a part of its limit the heap has no room for strangers. */
const FULL = 0.85
/** How long what was measured is believed. */
const BELIEVED_MS = 100

/** The same budget, which charges for nothing while the heap is nearly full: it throws the fault then. */
export function withHeapRoom(inner: VerificationBudget, clock: Clock): VerificationBudget {
  const demandRoom = createHeapRoom(clock)
  return {
    ...inner,
    charge(request) {
      demandRoom()
      inner.charge(request)
    },
  }
}

/**
 * Makes the function that throws the fault `ERR_VERIFIER_UNAVAILABLE` where the heap has no room for questions about
 * tokens that are not proven.
 */
export function createHeapRoom(clock: Clock, measure: () => number = usedPart): () => void {
  let measuredAtMs = -Infinity
  let hasRoom = true
  return () => {
    const nowMs = clock.monotonic()
    if (nowMs - measuredAtMs >= BELIEVED_MS) {
      measuredAtMs = nowMs
      hasRoom = measure() < FULL
    }
    if (hasRoom) return
    throw new VerifierFaultError(
      'ERR_VERIFIER_UNAVAILABLE',
      'The memory of this process is nearly full: new tokens are not asked about',
      { retryAfterSeconds: 1 },
    )
  }
}

function usedPart(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return used / limit
}
