import { describe, expect, test } from 'vitest'

import type { OnezoneTime } from '../../src/revocation/index.ts'
import { createOnezoneTime } from '../../src/revocation/index.ts'
import { accept } from '../../src/verifier/index.ts'
import { createClusterRig } from '../cluster/cluster-rig.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, START_SECONDS } from '../verification/gate-rig.ts'

// Onezone's clock was set while questions were under way, or there and back. Three answers from before that outvoted a
// `Date` from after it, since all had been asked for at the same moment or the clock behind `Date` had come back; and
// what Onezone had said of a token's end before counted again as soon as its clock showed what it did then.

const AN_HOUR_MS = 3_600_000
const HOLDERS = ['usr-alice', 'usr-bob', 'usr-carol']

function setUp() {
  const clock = createFakeClock()
  const time = createOnezoneTime(clock)
  const trueMs = (): number => Math.floor(clock.now() / 1000) * 1000
  return {
    clock,
    time,
    tellDate: (askedAtMs: number, aheadMs: number): void => {
      const answeredAtMs = clock.monotonic()
      time.observeDate({ dateMs: trueMs() + aheadMs, askedAtMs, answeredAtMs })
    },
    tellSample: (askedAtMs: number, aheadMs: number, holder: string): void => {
      const validUntil = START_SECONDS + 36_000
      const ttlSeconds = validUntil - (trueMs() + aheadMs) / 1000
      time.observe({ validUntil, ttlSeconds, holder, askedAtMs, answeredAtMs: clock.monotonic() })
    },
  }
}

describe('what was judged before Onezone’s clock was set', () => {
  test('outvotes no date from after that which was asked for at the same moment', () => {
    for (const stepMs of [AN_HOUR_MS, -AN_HOUR_MS]) {
      const { clock, time, tellDate, tellSample } = setUp()
      const askedAtMs = clock.monotonic()
      clock.advance(1_100)
      for (const holder of HOLDERS) {
        tellDate(askedAtMs, 0)
        tellSample(askedAtMs, 0, holder)
      }
      clock.advance(5)
      tellDate(askedAtMs, stepMs)
      expect(Math.abs(time.offsetMs - stepMs)).toBeLessThan(4_000)
      expect(time.setAtMs).toBe(clock.monotonic())
      expect(time.leastNow()).toBeLessThan(clock.now() + Math.min(0, stepMs) + 4_000)
    }
  })

  test('outvotes no date from a later question, even if that showed the time of long ago', () => {
    const { clock, time, tellDate, tellSample } = setUp()
    tellDate(clock.monotonic(), 0)
    clock.advance(1_000)
    const askedAtMs = clock.monotonic() // and then the clock is set back, and forth again
    clock.advance(50)
    tellDate(clock.monotonic(), 0)
    clock.advance(1_000)
    for (const holder of HOLDERS) {
      tellDate(askedAtMs, -AN_HOUR_MS)
      tellSample(askedAtMs, -AN_HOUR_MS, holder)
    }
    expect(Math.abs(time.offsetMs)).toBeLessThan(4_000)
    expect(time.setAtMs).toBe(clock.monotonic())
  })

  test('does outvote it where it was judged after that for certain', () => {
    const { clock, time, tellDate, tellSample } = setUp()
    tellDate(clock.monotonic(), 0)
    clock.advance(1_000)
    tellDate(clock.monotonic(), AN_HOUR_MS) // by a proxy
    for (const holder of HOLDERS) {
      clock.advance(1_000)
      tellDate(clock.monotonic(), AN_HOUR_MS)
      tellSample(clock.monotonic(), 0, holder)
    }
    expect(Math.abs(time.offsetMs)).toBeLessThan(4_000)
  })
})

test('the least that the clock may show is what any date told since tokens last agreed', () => {
  const { clock, time, tellDate, tellSample } = setUp()
  tellDate(clock.monotonic(), 0)
  tellSample(clock.monotonic(), 0, 'usr-alice')
  clock.advance(1_000)
  tellDate(clock.monotonic(), -AN_HOUR_MS)
  clock.advance(1_000)
  tellDate(clock.monotonic(), 0)
  expect(time.leastNow()).toBeLessThan(clock.now() - AN_HOUR_MS + 4_000)
  clock.advance(1_000)
  tellDate(clock.monotonic(), 0)
  tellSample(clock.monotonic(), 0, 'usr-alice')
  expect(Math.abs(time.leastNow() - clock.now())).toBeLessThan(4_000)
})

test.each([AN_HOUR_MS, -AN_HOUR_MS])(
  'a token is asked about, once, that was spoken of before the clock was set by %i ms and back',
  async (stepMs) => {
    const rig = createGateRig()
    const { clock, onezoneTime } = rig
    const token = tokenOf({ caveats: [{ type: 'time', validUntil: START_SECONDS + 600 }] })
    const tellDate = (aheadMs: number): void => {
      const nowMs = clock.monotonic()
      const dateMs = Math.floor((clock.now() + aheadMs) / 1000) * 1000
      onezoneTime.observeDate({ dateMs, askedAtMs: nowMs, answeredAtMs: nowMs })
    }
    tellDate(0)
    rig.answerWith(({ token: { subject } }, askedAtMs) =>
      accept({ subject, ttlSeconds: 600, askedAtMs }),
    )
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
    clock.advance(1_000)
    tellDate(stepMs)
    clock.advance(1_000)
    tellDate(0)
    clock.advance(1_000)
    rig.answerWith(({ token: { subject } }, askedAtMs) =>
      accept({ subject, ttlSeconds: 597, askedAtMs }),
    )
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    clock.advance(600_000)
    expect(await rig.ask({ token })).toEqual(['token_expired', 'local'])

    // What has ended by what was said before is not refused by that, either.
    tellDate(-AN_HOUR_MS)
    clock.advance(1_000)
    tellDate(0)
    clock.advance(1)
    rig.answerWith(no('service_forbidden'))
    expect(await rig.ask({ token })).toEqual(['service_forbidden', 'onezone'])
  },
)

test('clocks that differ by less than tokens tell apart cost no question', async () => {
  const rig = createGateRig()
  const { clock, onezoneTime } = rig
  const token = tokenOf({ caveats: [{ type: 'time', validUntil: START_SECONDS + 600 }] })
  rig.answerWith(({ token: { subject } }, askedAtMs) =>
    accept({ subject, ttlSeconds: 600, askedAtMs }),
  )
  expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  for (const aheadMs of [0, 3_000, 0, 3_000, 0]) {
    clock.advance(1_000)
    const nowMs = clock.monotonic()
    const dateMs = Math.floor((clock.now() + aheadMs) / 1000) * 1000
    onezoneTime.observeDate({ dateMs, askedAtMs: nowMs, answeredAtMs: nowMs })
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
  }
})

test('a worker, too, asks about a token that was spoken of before the clock was set there and back', async () => {
  const times: OnezoneTime[] = []
  const rig = createClusterRig({
    onezoneTime(clock) {
      const time = createOnezoneTime(clock)
      times.push(time)
      return time
    },
  })
  const { clock } = rig
  const token = tokenOf({ caveats: [{ type: 'time', validUntil: START_SECONDS + 600 }] })
  const [worker] = rig.workers
  const tellDate = (aheadMs: number): void => {
    const nowMs = clock.monotonic()
    const dateMs = Math.floor((clock.now() + aheadMs) / 1000) * 1000
    for (const time of times) time.observeDate({ dateMs, askedAtMs: nowMs, answeredAtMs: nowMs })
  }
  tellDate(0)
  expect(await worker.ask({ token })).toEqual(['accepted', 'onezone'])
  expect(await worker.ask({ token })).toEqual(['accepted', 'cache'])
  tellDate(-AN_HOUR_MS)
  tellDate(0)
  await rig.pass(200)
  rig.answerWith(no('token_expired'))
  expect(await worker.ask({ token })).toEqual(['token_expired', 'onezone'])
})
