import { expect, test } from 'vitest'

import { confineToken } from '../../src/token/index.ts'
import { createGateRig, ALICE, BOB, START_SECONDS, fault } from '../verification/gate-rig.ts'
import { PASSED, startGatewayRig } from '../helpers/gateway-rig.ts'
import { tokenOf } from '../helpers/tokens.ts'

// One request with a token whose end lies beyond all numbers set Onezone's clock ahead for everybody.

test('a token that ends beyond all numbers ends no token of anybody else', async () => {
  const { ask, token, onezone, verifyCalls } = await startGatewayRig()
  const endless = onezone.createNamedToken({
    subject: { type: 'user', id: 'bob' },
    name: 'endless',
  }).token
  expect(await ask({ 'X-Auth-Token': token })).toEqual(PASSED)
  const validUntil = Number.MAX_SAFE_INTEGER + Math.floor(Date.now() / 1000) + 30 * 86_400
  const confined = confineToken(endless, [{ type: 'time', validUntil }])
  expect(await ask({ 'X-Auth-Token': confined })).toEqual(PASSED)
  const calls = verifyCalls()
  expect(await ask({ 'X-Auth-Token': token })).toEqual(PASSED)
  expect(verifyCalls()).toBe(calls)
  const another = onezone.createTemporaryToken({ subject: ALICE })
  expect(await ask({ 'X-Auth-Token': another })).toEqual(PASSED)
})

const until = (validUntil: number, subject: typeof ALICE | typeof BOB = ALICE) =>
  tokenOf({ id: `until-${validUntil}`, subject, caveats: [{ type: 'time', validUntil }] })
const AN_HOUR_MS = 3_600_000

test.each([AN_HOUR_MS, -AN_HOUR_MS])(
  'a clock that was set by %i ms ends no proven token that Onezone was not asked about since',
  async (stepMs) => {
    const rig = createGateRig()
    const token = until(START_SECONDS + 600)
    await rig.ask({ token })
    const dateMs = rig.clock.now() + stepMs
    const times = { askedAtMs: rig.clock.monotonic(), answeredAtMs: rig.clock.monotonic() }
    rig.onezoneTime.observeDate({ dateMs, ...times })
    expect((await rig.ask({ token }))[0]).toBe('accepted')
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    expect(rig.asked.length).toBe(stepMs > 0 ? 2 : 1)
    // Nor does it keep one alive that has ended by what Onezone said of it.
    rig.clock.advance(600_000)
    rig.answerWith((_, askedAtMs) => ({
      outcome: 'refused',
      reason: 'token_expired',
      caveat: null,
      askedAtMs,
    }))
    expect((await rig.ask({ token }))[0]).toBe('token_expired')
  },
)

test('what only Onezone can say of its end is no stale grant', async () => {
  const rig = createGateRig({ staleIfErrorMs: 60_000 })
  const token = until(START_SECONDS + 600)
  await rig.ask({ token })
  const times = { askedAtMs: rig.clock.monotonic(), answeredAtMs: rig.clock.monotonic() }
  rig.onezoneTime.observeDate({ dateMs: rig.clock.now() + AN_HOUR_MS, ...times })
  rig.answerWith(fault())
  await expect(rig.ask({ token })).rejects.toThrow('no answer')
})

test('a token that nobody asked Onezone about is not refused for a date alone', async () => {
  const rig = createGateRig()
  const times = { askedAtMs: rig.clock.monotonic(), answeredAtMs: rig.clock.monotonic() }
  rig.onezoneTime.observeDate({ dateMs: rig.clock.now() + AN_HOUR_MS, ...times })
  expect(await rig.ask({ token: until(START_SECONDS + 600) })).toEqual(['accepted', 'onezone'])
  expect(await rig.ask({ token: until(START_SECONDS - 600) })).toEqual(['token_expired', 'local'])
})
