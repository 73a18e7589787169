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
  const rest = createRest()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    const pause = rest()
    if (pause !== null) await pause
  }
}

/**
 * Makes the function by which work that awaits things of its own lets others go first: between two of its steps it asks
 * for a turn of the event loop to wait for; null: it has not been at it for long.
 */
export function createRest(): () => Promise<void> | null {
  let startedAt = performance.now()
  return () => {
    if (performance.now() - startedAt < SLICE_MS) return null
    return setImmediate().then(() => {
      startedAt = performance.now()
    })
  }
}
