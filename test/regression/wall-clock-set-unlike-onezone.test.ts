import { expect, test } from 'vitest'

import { createOnezoneTime } from '../../src/revocation/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

// Onezone's clock had been set back; then this machine's was set ahead, which looks like a sleep: tokens that nobody
// had asked about were refused as expired, by a time at Onezone that was an hour ahead of the real one.

test('that this machine seems to have slept does not put forward the least that it may be at Onezone', () => {
  const clock = createFakeClock()
  const time = createOnezoneTime(clock)
  const askedAtMs = clock.monotonic()
  clock.advance(5)
  const dateMs = Math.floor((clock.now() - 3_600_000) / 1000) * 1000
  time.observeDate({ dateMs, askedAtMs, answeredAtMs: clock.monotonic() })
  const before = time.leastNow()
  expect(before).toBeLessThan(clock.now() - 3_590_000)
  time.slept(3_600_000)
  expect(time.leastNow()).toBe(before)
  expect(time.now()).toBeGreaterThan(before + 3_590_000)
})

test('nor does it take back what one holder’s token told of a Onezone that is behind', () => {
  const clock = createFakeClock()
  const time = createOnezoneTime(clock)
  const askedAtMs = clock.monotonic()
  clock.advance(5)
  const validUntil = Math.floor(clock.now() / 1000) + 600
  const times = { askedAtMs, answeredAtMs: clock.monotonic() }
  time.observe({ validUntil, ttlSeconds: 4_200, holder: 'usr-alice', ...times })
  const before = time.leastNow()
  expect(before).toBeLessThan(clock.now() - 3_590_000)
  time.slept(3_000)
  expect(time.leastNow()).toBe(before)
})
