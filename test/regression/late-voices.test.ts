import { expect, test } from 'vitest'

import { createOnezoneTime } from '../../src/revocation/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, START_SECONDS, yes } from '../verification/gate-rig.ts'

// Onezone's clock was set while questions were under way. Their answers, from before that, counted for the time after:
// three of them took back what a later answer had told, and a token was granted beyond its end.

test('answers from before Onezone’s clock was set do not outvote those from after it', () => {
  const clock = createFakeClock()
  const time = createOnezoneTime(clock)
  const askedAtMs = clock.monotonic()
  const nowSeconds = Math.floor(clock.now() / 1000)
  const tellDate = (askedMs: number, dateSeconds: number): void => {
    time.observeDate({
      dateMs: dateSeconds * 1000,
      askedAtMs: askedMs,
      answeredAtMs: clock.monotonic(),
    })
  }
  clock.advance(10)
  tellDate(askedAtMs, nowSeconds)
  const setAtMs = clock.monotonic()
  clock.advance(10)
  tellDate(setAtMs, nowSeconds + 700)
  expect(time.offsetMs).toBeGreaterThan(690_000)
  clock.advance(1_000)
  for (const holder of ['usr-alice', 'usr-bob', 'usr-carol']) {
    const times = { askedAtMs, answeredAtMs: clock.monotonic() }
    time.observe({ validUntil: nowSeconds + 600, ttlSeconds: 600, holder, ...times })
  }
  expect(time.offsetMs).toBeGreaterThan(690_000)
})

const END = [{ type: 'time' as const, validUntil: START_SECONDS + 600 }]

test.each([
  ['a token', { token: tokenOf({ id: 'c', caveats: END }) }],
  [
    'one in context',
    { token: tokenOf({ id: 'd', caveats: [{ type: 'asn', whitelist: [1] }, ...END] }) },
  ],
])('%s of which Onezone spoke before its clock was set is asked about', async (_, request) => {
  const rig = createGateRig()
  const tellDate = (seconds: number): void => {
    const askedAtMs = rig.clock.monotonic()
    rig.clock.advance(10)
    const answeredAtMs = rig.clock.monotonic()
    rig.onezoneTime.observeDate({ dateMs: seconds * 1000, askedAtMs, answeredAtMs })
  }
  tellDate(START_SECONDS)
  rig.hold()
  const asked = rig.ask(request)
  rig.clock.advance(10)
  tellDate(START_SECONDS + 700)
  await rig.open[0]?.answer(yes(rig.clock))
  expect((await asked)[0]).toBe('accepted')
  rig.answerWith(no('token_expired'))
  rig.clock.advance(1)
  expect(await rig.ask(request)).toEqual(['token_expired', 'onezone'])
})
