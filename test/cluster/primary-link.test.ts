import { expect, test } from 'vitest'

import type { Channel } from '../../src/cluster/index.ts'
import { createHerald, openPrimaryLink } from '../../src/cluster/index.ts'
import type { MessageListener } from '../../src/cluster/message.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

/** A worker's end, to which a message can be brought. */
function setUp() {
  const clock = createFakeClock()
  const listeners = new Map<string, MessageListener>()
  const channel: Channel = {
    send() {},
    on: (kind, listener) => void listeners.set(kind, listener),
  }
  const withdrawn: string[] = []
  const link = openPrimaryLink(channel, { onWithdrawal: (key) => void withdrawn.push(key), clock })
  const bring = (kind: string, message: object) => listeners.get(kind)?.({ ...message }, null)
  return { clock, link, bring, withdrawn }
}

test("Onezone's time is taken over, unasked", () => {
  const { clock, link, bring } = setUp()
  bring('time', { onezoneNowMs: clock.now() + 5_000 })
  expect(link.onezoneTime.offsetMs).toBe(5_000)
})

test.each([[undefined], [null], ['1750000000000'], [Number.NaN], [Infinity]])(
  'a time of %j is none',
  (onezoneNowMs) => {
    const { link, bring } = setUp()
    bring('time', { onezoneNowMs })
    link.follow({ onezoneNowMs })
    expect(link.onezoneTime.offsetMs).toBe(0)
  },
)

test('a withdrawal names a key; what is none is ignored', () => {
  const { bring, withdrawn } = setUp()
  for (const key of ['a key', undefined, 7, {}, 'x'.repeat(1_025)]) bring('withdraw', { key })
  expect(withdrawn).toEqual(['a key'])
})

test('the primary tells the time when it is another than by the last statement, and only then', async () => {
  const { clock, schedule, pass } = createFakeTime()
  const told: unknown[] = []
  let aheadMs = 0
  let setAtMs = -Infinity
  const herald = createHerald({
    tell: (message) => void told.push(message),
    onezoneNowMs: () => clock.now() + aheadMs,
    onezoneSetAtMs: () => setAtMs,
    clock,
    schedule,
  })
  await pass(60_000)
  expect(told).toEqual([])
  aheadMs = -30_000
  await pass(100)
  expect(told).toEqual([{ kind: 'time', onezoneNowMs: clock.now() - 30_000, isSet: false }])
  expect(herald.time).toEqual({ onezoneNowMs: clock.now() - 30_000 })
  await pass(60_000)
  expect(told).toHaveLength(1)
  // It may have been set there and back.
  setAtMs = clock.monotonic()
  await pass(60_000)
  expect(told).toHaveLength(2)
  expect(told.at(-1)).toMatchObject({ kind: 'time', isSet: true })
  herald.close()
  aheadMs = 0
  await pass(1_000)
  expect(told).toHaveLength(2)
})
