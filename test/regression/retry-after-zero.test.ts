import { expect, test } from 'vitest'

import { answerFor } from '../../src/authenticator/index.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'

// `Retry-After: 0` would have every client of an outage come back at once.

test('a client is told to wait at least a second, whatever Onezone says', async () => {
  const { send, token, onezone, upstream } = await startGatewayRig()
  onezone.setFaults([
    { operation: 'verifyAccessToken', kind: 'status', status: 503, retryAfterSeconds: 0 },
  ])
  const response = await send({ 'X-Auth-Token': token })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(upstream.seen).toEqual([])
})

test.each([0, -5])('%i seconds become one', (retryAfterSeconds) => {
  expect(answerFor('verifier_unavailable', { retryAfterSeconds }).retryAfterSeconds).toBe(1)
  expect(answerFor('token_invalid', { retryAfterSeconds }).retryAfterSeconds).toBeNull()
})
