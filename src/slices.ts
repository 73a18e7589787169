/**
 * Long work that lets others go first now and then: 2 000 routes are compiled while requests go on.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'

/** Work that yields wherever it may be paused. */
export type Sliced<Result> = Generator<undefined, Result, undefined>

/** For how long others wait at most, if no step takes longer by itself. */
const SLICE_MS = 4

/** Does the work in one go. */
export function inOneGo<Result>(work: Sliced<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Does the work in slices of a few milliseconds; between two of them the event loop turns. */
export async function inSlices<Result>(work: Sliced<Result>): Promise<Result> {
  let startedAt = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - startedAt < SLICE_MS) continue
    await setImmediate()
    startedAt = performance.now()
  }
}
