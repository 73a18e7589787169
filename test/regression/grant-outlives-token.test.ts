import { expect, test } from 'vitest'

import { createFakeClock } from '../helpers/fake-clock.ts'
import { PASSED, startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

// Onezone counts whole seconds: its "1 second left" may be a tenth of one.

const START_MS = 1_750_000_000_900

async function setUp() {
  const clock = createFakeClock(START_MS)
  const rig = await startGatewayRig({ clock })
  const token = rig.onezone.createTemporaryToken({ subject: ALICE, validForSeconds: 1 })
  return { ...rig, clock, get: () => rig.ask({ 'X-Auth-Token': token }) }
}

test('a grant is used until the last moment of its token and not in the one after', async () => {
  const { get, clock, verifyCalls, upstream } = await setUp()
  expect(await get()).toEqual(PASSED)
  clock.advance(99)
  expect(await get()).toEqual(PASSED)
  expect(verifyCalls()).toBe(1)
  clock.advance(1)
  expect(await get()).toEqual([401, 'token_expired'])
  expect(upstream.seen).toHaveLength(2)
})
