import { expect, test } from 'vitest'

import { inOneGo, inSlices } from '../src/slices.ts'
import type { Sliced } from '../src/slices.ts'

function* count(to: number): Sliced<number> {
  for (let at = 0; at < to; at++) yield
  return to
}

test('work in one go is done when the call returns', () => {
  expect(inOneGo(count(1_000))).toBe(1_000)
})

test('work in slices lets what comes in between be done', async () => {
  let cameIn = false
  setImmediate(() => (cameIn = true))
  function* untilSomethingComesIn(): Sliced<string> {
    while (!cameIn) yield
    return 'done'
  }
  expect(await inSlices(untilSomethingComesIn())).toBe('done')
})

test('what the work throws is thrown', async () => {
  function* broken(): Sliced<never> {
    yield
    throw new TypeError('broken')
  }
  expect(() => inOneGo(broken())).toThrow('broken')
  await expect(inSlices(broken())).rejects.toThrow('broken')
})
