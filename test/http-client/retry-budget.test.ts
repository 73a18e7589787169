import { expect, test } from 'vitest'
import { createRetryBudget } from '../../src/http-client/retry-budget.ts'

function budgetAt(start: number) {
  const clock = { nowMs: start, now: () => 0, monotonic: () => clock.nowMs }
  const budget = createRetryBudget(clock)
  const spendAll = (): number => {
    let spent = 0
    while (budget.spend()) spent += 1
    return spent
  }
  return { clock, budget, spendAll }
}

test('three retries are there at the start, and three more after a second', () => {
  const { clock, spendAll } = budgetAt(5000)
  expect(spendAll()).toBe(3)
  expect(spendAll()).toBe(0)
  clock.nowMs += 1000
  expect(spendAll()).toBe(3)
})

test('five calls earn one retry', () => {
  const { budget, spendAll } = budgetAt(0)
  spendAll()
  for (let call = 0; call < 26; call += 1) budget.earn()
  expect(spendAll()).toBe(5)
})

test('neither calls nor time save up more than ten', () => {
  const { clock, budget, spendAll } = budgetAt(0)
  for (let call = 0; call < 1000; call += 1) budget.earn()
  clock.nowMs += 3_600_000
  expect(spendAll()).toBe(10)
})
