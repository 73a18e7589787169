import { expect, test } from 'vitest'

import { createAllowance } from '../../src/listener/allowance.ts'

test('an allowance is so many at once, and so many per second after that', () => {
  let nowMs = 0
  const clock = { now: () => 0, monotonic: () => nowMs }
  const spend = createAllowance({ burst: 3, perSecond: 2, clock })
  const taken = (): number => {
    let count = 0
    while (spend()) count++
    return count
  }
  expect(taken()).toBe(3)
  nowMs += 499
  expect(taken()).toBe(0)
  nowMs += 1
  expect(taken()).toBe(1)
  nowMs += 1_000
  expect(taken()).toBe(2)
  nowMs += 3_600_000
  expect(taken()).toBe(3)
})
