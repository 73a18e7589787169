import { describe, expect, test } from 'vitest'

import { createStoreTime, MOST_DISAGREEMENT_MS } from '../../src/store/store-time.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { createRandom } from '../verification/model/random.ts'

/** A gateway whose wall clock is so far off, and a store clock that can be set. */
function createHost(wallAheadMs = 0) {
  const clock = createFakeClock()
  clock.jump(wallAheadMs)
  return { clock, time: createStoreTime(clock) }
}

const STORE_MS = 1_800_000_000_000

test('nothing is known of a clock that was not looked at, or not of late', () => {
  const { clock, time } = createHost()
  expect(time.stampOf(clock.monotonic())).toBeNull()
  const atMs = clock.monotonic()
  time.observe({ sentAtMs: atMs, heardAtMs: atMs, storeMs: STORE_MS })
  const stamp = time.stampOf(atMs)
  expect(stamp).toEqual({ storeMs: STORE_MS, wallMs: clock.now() })
  clock.advance(4_000)
  expect(time.ageOf(stamp ?? { storeMs: 0, wallMs: 0 })?.mostMs).toBeGreaterThanOrEqual(4_000)
  clock.advance(1_001)
  expect(time.stampOf(clock.monotonic())).toBeNull()
})

test('a stamp is rather too old, and an age is between two readings', () => {
  const { clock, time } = createHost()
  const sentAtMs = clock.monotonic()
  clock.advance(40)
  time.observe({ sentAtMs, heardAtMs: clock.monotonic(), storeMs: STORE_MS })
  const stamp = time.stampOf(clock.monotonic())
  expect(stamp?.storeMs).toBe(STORE_MS)
  const age = stamp === null ? null : time.ageOf(stamp)
  expect([age?.leastMs, age?.mostMs]).toEqual([0, 40])
})

test.each<[string, (host: ReturnType<typeof createHost>) => void]>([
  ['there was a new connection', ({ time }) => time.connected()],
  ['the wall clock of this machine was set', ({ clock }) => clock.jump(-300)],
  [
    "the store's clock was set",
    ({ clock, time }) => {
      const atMs = clock.monotonic()
      time.observe({ sentAtMs: atMs, heardAtMs: atMs, storeMs: STORE_MS + 5_000 })
    },
  ],
  ['it was written before the clock was watched', () => {}],
])('no age is told after %s', (what, happen) => {
  const host = createHost()
  const { clock, time } = host
  const atMs = clock.monotonic()
  time.observe({ sentAtMs: atMs, heardAtMs: atMs, storeMs: STORE_MS })
  const isBefore = what.startsWith('it was')
  const stamp = { storeMs: STORE_MS - (isBefore ? 1 : 0), wallMs: clock.now() }
  if (!isBefore) expect(time.ageOf(stamp)).not.toBeNull()
  happen(host)
  expect(time.ageOf(stamp)).toBeNull()
})

test.each([
  ['of the future', 2 * MOST_DISAGREEMENT_MS, 2 * MOST_DISAGREEMENT_MS],
  ['by clocks that disagree', 0, MOST_DISAGREEMENT_MS + 1],
  ['by clocks that disagree the other way', 0, -MOST_DISAGREEMENT_MS - 1],
])('no age is told of a stamp %s', (_, storeAheadMs, wallAheadMs) => {
  const { clock, time } = createHost()
  const atMs = clock.monotonic()
  time.observe({ sentAtMs: atMs, heardAtMs: atMs, storeMs: STORE_MS })
  clock.advance(1_000)
  const stamp = { storeMs: STORE_MS + 1_000, wallMs: clock.now() }
  expect(time.ageOf(stamp)).not.toBeNull()
  const wrong = { storeMs: stamp.storeMs + storeAheadMs, wallMs: stamp.wallMs + wallAheadMs }
  expect(time.ageOf(wrong)).toBeNull()
})

describe.each([
  ['right', 100, 0],
  ['off by up to ten seconds on some hosts', 100, 0.3],
])('whose wall clocks are %s', (_, skewMs, wrongPart) => {
  /**
   * A writer and a reader, each with a clock that drifts and a wall clock that is a little off, a store whose clock is
   * set now and then, and answers that take their time: no age is told that is too young by more than is charged.
   */
  test.each(Array.from({ length: 6 }, (_ignored, seed) => seed + 1))('world %i', (seed) => {
    const chance = createRandom(seed)
    let trueMs = 0
    let storeAheadMs = 1e12
    const hosts = [0, 1].map(() => {
      const isWrong = chance.chance(wrongPart)
      const wallMs = (chance.next() - 0.5) * 2 * (isWrong ? 10_000 : skewMs)
      const drift = 1 + (chance.next() - 0.5) * 2e-4
      const clock = {
        now: () => 1.7e12 + trueMs + wallMs,
        monotonic: () => 5_000 + trueMs * drift,
      }
      return { clock, time: createStoreTime(clock) }
    })
    let used = 0
    let tooYoungMs = 0
    let tooOldMs = 0
    let told: {
      stamp: NonNullable<ReturnType<(typeof hosts)[0]['time']['stampOf']>>
      askedMs: number
    }[] = []
    for (let second = 0; second < 200; second++) {
      for (const { clock, time } of hosts) {
        const sentAtMs = clock.monotonic()
        trueMs += chance.next() * (chance.chance(0.02) ? 100 : 0.6)
        const storeMs = storeAheadMs + trueMs
        trueMs += chance.next() * (chance.chance(0.02) ? 100 : 0.6)
        time.observe({ sentAtMs, heardAtMs: clock.monotonic(), storeMs })
      }
      const [writer, reader] = hosts as [(typeof hosts)[0], (typeof hosts)[0]]
      for (let fact = 0; fact < 4; fact++) {
        trueMs += chance.next() * 250
        if (chance.chance(0.006)) storeAheadMs += (chance.next() - 0.5) * 10_000
        const stamp = writer.time.stampOf(writer.clock.monotonic())
        if (stamp !== null) told.push({ stamp, askedMs: trueMs })
        trueMs += chance.next() * 5
        for (const each of told) {
          const age = reader.time.ageOf(each.stamp)
          if (age === null) continue
          used += 1
          const trueAgeMs = trueMs - each.askedMs
          tooYoungMs = Math.max(tooYoungMs, trueAgeMs - age.mostMs)
          tooOldMs = Math.max(tooOldMs, age.leastMs - trueAgeMs)
        }
        told = told.slice(-10)
      }
    }
    expect(tooYoungMs).toBeLessThanOrEqual(MOST_DISAGREEMENT_MS)
    expect(tooOldMs).toBeLessThanOrEqual(MOST_DISAGREEMENT_MS)
    if (wrongPart === 0) expect(used).toBeGreaterThan(1_000)
  })
})
