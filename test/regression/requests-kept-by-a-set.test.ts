import { getHeapSpaceStatistics } from 'node:v8'

import { expect, test } from 'vitest'

import { ShortStays } from '../../src/listener/short-stays.ts'

/** A `Set` in its place lets 40 MB grow old here, in Node 20 to 26. */
const MOST_BYTES = 10_000_000

function oldBytes(): number {
  const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')
  return old?.space_used_size ?? 0
}

/** Long enough that what is alive is taken for old. */
function growOld(): unknown {
  let last: unknown = null
  for (let i = 0; i < 3_000_000; i++) last = [i, last === null]
  return last
}

test('what was under way once does not live until the next full collection', () => {
  const stays = new ShortStays<object>()
  stays.add({})
  growOld()
  const before = oldBytes()
  const underWay: object[] = []
  let most = 0
  for (let i = 0; i < 300_000; i++) {
    const each = { payload: Array.from({ length: 60 }, () => i) }
    stays.add(each)
    underWay.push(each)
    const first = underWay.length > 64 ? underWay.shift() : undefined
    if (first !== undefined) stays.delete(first)
    if (i % 1000 === 0) most = Math.max(most, oldBytes() - before)
  }
  expect(stays.size).toBe(65)
  expect(most).toBeLessThan(MOST_BYTES)
})
