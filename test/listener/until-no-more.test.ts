import { expect, test } from 'vitest'

import { untilNoMore } from '../../src/listener/until-no-more.ts'

/** Somebody comes in every so many turns of the event loop, until that is stopped. */
function comers(every: number): { come: () => number; quietTurns: () => number; stop: () => void } {
  let [turn, come, quiet, stopped] = [0, 0, 0, false]
  const next = (): void => {
    if (stopped) return
    turn += 1
    quiet += 1
    if (turn % every === 0) {
      come += 1
      quiet = 0
    }
    setImmediate(next)
  }
  setImmediate(next)
  return { come: () => come, quietTurns: () => quiet, stop: () => (stopped = true) }
}

test('where they come steadily, it ends behind two turns in which nobody has', async () => {
  const ends = Array.from({ length: 12 }, async () => {
    const { come, quietTurns, stop } = comers(3)
    await untilNoMore(come, 10)
    stop()
    expect(come()).toBeGreaterThan(10)
    return quietTurns()
  })
  expect(new Set(await Promise.all(ends))).toEqual(new Set([2]))
})

test('where somebody comes in every turn, it ends all the same', async () => {
  const { come, stop } = comers(1)
  await untilNoMore(come, 10)
  expect(come()).toBeGreaterThan(10)
  stop()
})

test('it does not end while somebody comes within the time that must be quiet', async () => {
  let come = 0
  const timers = [2, 4, 6, 8, 10, 12].map((ms) => setTimeout(() => (come += 1), ms))
  await untilNoMore(() => come, 100)
  expect(come).toBe(timers.length)
})
