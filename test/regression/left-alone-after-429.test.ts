import { expect, test } from 'vitest'

import { createFakeClock } from '../helpers/fake-clock.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

// R-V6: a Onezone that asks for a pause was asked again with the next new token.
test('R-V6 S-210 a Onezone that answers 429 is not asked again before the time that it says', async () => {
  const clock = createFakeClock()
  const { send, onezone, upstream, verifyCalls } = await startGatewayRig({ clock })
  onezone.setFaults([
    { operation: 'verifyAccessToken', kind: 'status', status: 429, retryAfterSeconds: 20 },
  ])
  const ask = async () => {
    const response = await send({
      'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }),
    })
    return [response.status, response.headers.get('retry-after')]
  }
  expect(await ask()).toEqual([503, '20'])
  expect(verifyCalls()).toBe(1)
  onezone.setFaults([])
  clock.advance(5_000)
  expect(await ask()).toEqual([503, '15'])
  expect(verifyCalls()).toBe(1)
  expect(upstream.seen).toEqual([])
  clock.advance(15_000)
  expect(await ask()).toEqual([200, null])
})
