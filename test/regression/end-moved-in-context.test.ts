import { expect, test } from 'vitest'

import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, START_SECONDS } from '../verification/gate-rig.ts'

// Onezone's clock was set ahead, and its answers said so: a grant in context went on until the end that had been
// reckoned before, though its token, or its consumer token, had ended by what was known.

const END = [{ type: 'time' as const, validUntil: START_SECONDS + 600 }]
const inContext = tokenOf({ id: 'c', caveats: [{ type: 'asn', whitelist: [1] }, ...END] })
const consumed = tokenOf({ id: 'd', caveats: [{ type: 'consumer', whitelist: ['usr-alice'] }] })
const consumerToken = tokenOf({ id: 'e', type: { identityToken: {} }, caveats: END })

test.each([
  ['token', { token: inContext }],
  ['consumer token', { token: consumed, consumerToken }],
])('Onezone is asked when the %s seems to have ended by its clock alone', async (_, request) => {
  const rig = createGateRig()
  expect(await rig.ask(request)).toEqual(['accepted', 'onezone'])
  expect(await rig.ask(request)).toEqual(['accepted', 'cache'])
  const answeredAtMs = rig.clock.monotonic()
  const dateMs = (START_SECONDS + 3_600) * 1000
  rig.onezoneTime.observeDate({ dateMs, askedAtMs: answeredAtMs, answeredAtMs })
  rig.clock.advance(1)
  rig.answerWith(no('token_expired'))
  expect(await rig.ask(request)).toEqual(['token_expired', 'onezone'])
})

test('a grant in context without an end is not affected', async () => {
  const rig = createGateRig()
  const token = tokenOf({ id: 'f', caveats: [{ type: 'asn', whitelist: [1] }] })
  await rig.ask({ token })
  const answeredAtMs = rig.clock.monotonic()
  const dateMs = (START_SECONDS + 3_600) * 1000
  rig.onezoneTime.observeDate({ dateMs, askedAtMs: answeredAtMs, answeredAtMs })
  expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
})
