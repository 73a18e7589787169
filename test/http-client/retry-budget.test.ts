import { expect, test } from 'vitest'
import type { RetryBudgetOptions } from '../../src/http-client/retry-budget.ts'
import { createRetryBudget } from '../../src/http-client/retry-budget.ts'

function budgetAt(start: number, options: Omit<RetryBudgetOptions, 'clock'> = {}) {
  const clock = { nowMs: start, now: () => 0, monotonic: () => clock.nowMs }
  const budget = createRetryBudget({ clock, ...options })
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

test('what calls and seconds earn, and how much can be saved up, is for the caller to say', () => {
  const { clock, budget, spendAll } = budgetAt(0, { perCall: 1, perSecond: 2, most: 4 })
  expect(spendAll()).toBe(2)
  clock.nowMs += 1000
  expect(spendAll()).toBe(2)
  for (let call = 0; call < 9; call += 1) budget.earn()
  expect(spendAll()).toBe(4)
})
