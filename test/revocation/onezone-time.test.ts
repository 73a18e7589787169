import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createOnezoneTime } from '../../src/revocation/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

/** An Onezone whose clock is ahead by so much, and answers about a token with an hour left or so. */
function setUp(aheadMs = 0) {
  const clock = createFakeClock()
  const time = createOnezoneTime(clock)
  let ahead = aheadMs
  const trueNow = (): number => clock.monotonic() - 5_000 + 1_750_000_000_000 + ahead
  return {
    clock,
    time,
    trueNow,
    setAhead: (ms: number) => void (ahead = ms),
    /** A question that takes so long there, and so long back. */
    answer: (thereMs = 0, backMs = 0, validUntil = 1_750_003_600) => {
      const askedAtMs = clock.monotonic()
      clock.advance(thereMs)
      const ttlSeconds = validUntil - Math.floor(trueNow() / 1000)
      clock.advance(backMs)
      time.observe({ validUntil, ttlSeconds, askedAtMs, answeredAtMs: clock.monotonic() })
    },
  }
}

describe('Onezone’s time', () => {
  test('is believed to be ours until an answer contradicts it', () => {
    const { time, clock, answer } = setUp()
    expect(time.now()).toBe(1_750_000_000_000)
    clock.advance(1_234)
    answer(100, 100)
    expect(time.now()).toBe(clock.now())
    expect(time.offsetMs).toBe(0)
  })

  test('goes with monotonic time: a jump of the wall clock changes nothing', () => {
    const { time, clock } = setUp()
    clock.jump(3_600_000)
    clock.advance(10)
    expect(time.now()).toBe(1_750_000_000_010)
    clock.jump(-7_200_000)
    expect(time.now()).toBe(1_750_000_000_010)
  })

  test.each([90_000, -90_000, 1_500, -1_500, 400])(
    'is learned to within a second and the way of the answer: ahead by %i ms',
    (aheadMs) => {
      const { time, trueNow, answer } = setUp(aheadMs)
      answer(150, 150)
      expect(Math.abs(time.now() - trueNow())).toBeLessThanOrEqual(1_299)
    },
  )

  test('is learned better with every answer', () => {
    const { time, clock, trueNow, answer } = setUp(90_500)
    for (const step of [130, 370, 510, 890, 250, 610, 770]) {
      clock.advance(step)
      answer()
    }
    expect(Math.abs(time.now() - trueNow())).toBeLessThan(500)
  })

  test('follows when Onezone’s clock is set', () => {
    const { time, trueNow, setAhead, answer } = setUp()
    for (let i = 0; i < 8; i++) answer(10, 10)
    setAhead(-600_000)
    answer(10, 10)
    expect(Math.abs(time.now() - trueNow())).toBeLessThanOrEqual(1_019)
  })

  test('is not told by a number that cannot be counted with', () => {
    const { time } = setUp()
    const sample = { validUntil: Number.MAX_VALUE, ttlSeconds: 1, askedAtMs: 0, answeredAtMs: 1 }
    time.observe(sample)
    time.observe({ ...sample, validUntil: 1, ttlSeconds: -Number.MAX_VALUE })
    expect(time.offsetMs).toBe(0)
  })

  test('lies in the bounds that any series of answers sets', () => {
    const step = fc.record({
      waitMs: fc.nat(5_000),
      thereMs: fc.nat(1_200),
      backMs: fc.nat(1_200),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        (aheadMs, steps) => {
          const { time, clock, trueNow, answer } = setUp(aheadMs)
          for (const { waitMs, thereMs, backMs } of steps) {
            clock.advance(waitMs)
            answer(thereMs, backMs)
            const errorMs = Math.abs(time.now() - trueNow())
            expect(errorMs).toBeLessThanOrEqual(999 + thereMs + backMs)
          }
        },
      ),
    )
  })
})
