import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createOnezoneTime } from '../../src/revocation/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

interface Way {
  /** How long the question takes there, and the answer back. */
  readonly thereMs?: number
  readonly backMs?: number
  /** Of whose token the answer tells how long it has; null: of none. */
  readonly holder?: string | null
  readonly validUntil?: number
  /** How far the clock behind `Date` is ahead of Onezone’s; null: there is no `Date`. */
  readonly dateAheadMs?: number | null
  /** How far off what is read in a token is, by whatever trick of whoever wrote its caveats. */
  readonly trickMs?: number
}

/** An Onezone whose clock is ahead by so much, and answers about a token with an hour left or so. */
function setUp(aheadMs = 0) {
  const clock = createFakeClock()
  const time = createOnezoneTime(clock)
  let ahead = aheadMs
  const trueNow = (): number => clock.monotonic() - 5_000 + 1_750_000_000_000 + ahead
  /** Asks; what is learned by the answer is learned when it is `heard`. */
  const ask = (way: Way = {}) => {
    const { thereMs = 0, backMs = 0, holder = 'usr-alice', validUntil = 1_750_003_600 } = way
    const { dateAheadMs = 0, trickMs = 0 } = way
    const askedAtMs = clock.monotonic()
    clock.advance(thereMs)
    const ttlSeconds = validUntil - Math.floor((trueNow() + trickMs) / 1000)
    const dateMs = Math.floor((trueNow() + (dateAheadMs ?? 0)) / 1000) * 1000
    clock.advance(backMs)
    return {
      heard() {
        const times = { askedAtMs, answeredAtMs: clock.monotonic() }
        if (dateAheadMs !== null) time.observeDate({ dateMs, ...times })
        if (holder !== null) time.observe({ validUntil, ttlSeconds, holder, ...times })
      },
    }
  }
  return {
    clock,
    time,
    trueNow,
    ask,
    setAhead: (ms: number) => void (ahead = ms),
    answer: (way?: Way) => ask(way).heard(),
    errorMs: () => Math.abs(time.now() - trueNow()),
  }
}

describe('Onezone’s time', () => {
  test('is believed to be ours until an answer contradicts it', () => {
    const { time, clock, answer } = setUp()
    expect(time.now()).toBe(1_750_000_000_000)
    clock.advance(1_234)
    answer({ thereMs: 100, backMs: 100 })
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
      const { answer, errorMs } = setUp(aheadMs)
      answer({ thereMs: 150, backMs: 150 })
      expect(errorMs()).toBeLessThanOrEqual(1_299)
    },
  )

  test('is learned from the dates of answers that are about no token with an end', () => {
    const { answer, errorMs } = setUp(3_600_000)
    answer({ thereMs: 150, backMs: 150, holder: null })
    expect(errorMs()).toBeLessThanOrEqual(2_299)
  })

  test('is learned better with every answer', () => {
    const { clock, answer, errorMs } = setUp(90_500)
    for (const [step, waitMs] of [130, 370, 510, 890, 250, 610, 770].entries()) {
      clock.advance(waitMs)
      answer({ holder: `usr-${step}` })
    }
    expect(errorMs()).toBeLessThan(500)
  })

  test('follows when Onezone’s clock is set', () => {
    const { setAhead, answer, errorMs } = setUp()
    for (const aheadMs of [-600_000, 600_000]) {
      for (let i = 0; i < 8; i++) answer({ thereMs: 10, backMs: 10, holder: `usr-${i}` })
      setAhead(aheadMs)
      answer({ thereMs: 10, backMs: 10 })
      expect(errorMs()).toBeLessThanOrEqual(1_019)
    }
  })

  test('goes on while this machine is suspended', () => {
    const { time, setAhead, errorMs } = setUp()
    setAhead(3_600_000)
    time.slept(3_600_000)
    expect(errorMs()).toBe(0)
    expect(time.leastNow()).toBe(1_750_000_000_000)
  })

  test('is what the later question says, not what the later answer does', () => {
    for (const holder of [null, 'usr-alice']) {
      const { setAhead, ask, errorMs, clock } = setUp()
      const early = ask({ holder })
      setAhead(600_000)
      clock.advance(10)
      ask({ holder }).heard()
      clock.advance(10)
      early.heard()
      expect(errorMs()).toBeLessThanOrEqual(2_100)
    }
  })

  test('is what each holder’s later question says, too, where there is no date', () => {
    const { setAhead, ask, errorMs, clock } = setUp()
    const ofEach = () =>
      ['usr-a', 'usr-b', 'usr-c'].map((holder) => ask({ holder, dateAheadMs: null }))
    const early = ofEach()
    setAhead(60_000)
    clock.advance(10)
    for (const later of ofEach()) later.heard()
    clock.advance(10)
    for (const late of early) late.heard()
    expect(errorMs()).toBeLessThanOrEqual(1_020)
  })

  test('is not told by a number that cannot be counted with, or that was cut off', () => {
    const { time } = setUp()
    for (const [validUntil, ttlSeconds] of [
      [Number.MAX_VALUE, 1],
      [1, -Number.MAX_VALUE],
      [Number.MAX_SAFE_INTEGER + 1, Number.MAX_SAFE_INTEGER],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      [1_750_003_600, Infinity],
      [1_750_003_600, NaN],
    ] as const) {
      for (const holder of ['usr-a', 'usr-b', 'usr-c', 'usr-d']) {
        time.observe({ validUntil, ttlSeconds, holder, askedAtMs: 0, answeredAtMs: 1 })
      }
    }
    time.observeDate({ dateMs: NaN, askedAtMs: 0, answeredAtMs: 1 })
    expect([time.offsetMs, time.leastNow()]).toEqual([0, time.now()])
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
          const { clock, answer, errorMs, time } = setUp(aheadMs)
          for (const { waitMs, ...way } of steps) {
            clock.advance(waitMs)
            answer(way)
            expect(errorMs()).toBeLessThanOrEqual(999 + way.thereMs + way.backMs)
            expect(time.leastNow()).toBeLessThanOrEqual(time.now())
          }
        },
      ),
    )
  })
})

describe('Onezone’s time and those who write caveats', () => {
  test.each([86_400_000, -3_600_000])(
    'one of them does not move it against the dates, by however many tokens: %i ms',
    (trickMs) => {
      const { answer, errorMs, time, clock } = setUp()
      for (let i = 0; i < 20; i++) {
        answer({ trickMs, holder: 'usr-mallory' })
        clock.advance(100)
      }
      expect(errorMs()).toBe(0)
      expect(time.leastNow()).toBeLessThanOrEqual(clock.now())
    },
  )

  test('one of them does not move it where there are no dates', () => {
    const { answer, errorMs, time, trueNow } = setUp()
    for (let i = 0; i < 20; i++) answer({ trickMs: 3_600_000, dateAheadMs: null })
    expect(errorMs()).toBe(0)
    expect(time.leastNow()).toBeLessThanOrEqual(trueNow())
  })

  test('three who agree do, by a day at most', () => {
    for (const [aheadMs, moves] of [
      [60_000, true],
      [-60_000, true],
      [2 * 86_400_000, false],
    ] as const) {
      const { answer, time, errorMs } = setUp(aheadMs)
      const told = (holder: string) => answer({ dateAheadMs: null, holder })
      told('usr-a')
      told('usr-b')
      expect(time.offsetMs).toBe(0)
      told('usr-c')
      expect(errorMs() <= 1_000).toBe(moves)
    }
  })

  test('three of them do not outvote four others', () => {
    const { answer, errorMs } = setUp()
    for (const holder of ['a', 'b', 'c', 'd']) answer({ dateAheadMs: null, holder })
    for (const holder of ['x', 'y', 'z']) answer({ dateAheadMs: null, holder, trickMs: 3_600_000 })
    expect(errorMs()).toBeLessThanOrEqual(1_000)
  })

  test('a proxy whose clock is wrong is outvoted by three of them', () => {
    for (const dateAheadMs of [3_600_000, -3_600_000]) {
      const { answer, errorMs, time, trueNow } = setUp()
      answer({ dateAheadMs, holder: null })
      expect(time.leastNow()).toBeLessThanOrEqual(trueNow())
      for (const holder of ['usr-a', 'usr-b', 'usr-c']) answer({ dateAheadMs, holder })
      expect(errorMs()).toBeLessThanOrEqual(1_000)
      answer({ dateAheadMs, holder: null })
      expect(errorMs()).toBeLessThanOrEqual(1_000)
    }
  })

  test('what nobody but a date says is no reason to refuse what was not asked about', () => {
    const { answer, time, trueNow } = setUp()
    answer({ dateAheadMs: 3_600_000, holder: null })
    expect(time.now()).toBeGreaterThan(trueNow() + 3_500_000)
    expect(time.leastNow()).toBeLessThanOrEqual(trueNow())
  })
})
