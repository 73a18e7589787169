import { expect, test } from 'vitest'

import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

// A CGI back end takes `X_Auth_Token` for `X-Auth-Token`: it would act on a credential that nobody has verified.

const forwarding = (upstream: string) =>
  `routes: [{ path: /**, upstream: '${upstream}', forwardToken: true }]`

const DISGUISES = [
  'X_Auth_Token',
  'X.Auth.Token',
  'x-auth_token',
  'X_Onedata_Consumer_Token',
  'X.Onedata-Consumer.Token',
]

test('a route that forwards the token forwards it in the spelling that was verified', async () => {
  const { send, token, upstream } = await startGatewayRig({ yaml: forwarding })
  expect((await send({ 'x-AUTH-token': token })).status).toBe(200)
  expect(upstream.seen[0]?.headers['x-auth-token']).toBe(token)
})

test.each(DISGUISES)('what is spelled %s is not forwarded beside it', async (name) => {
  const { send, token, upstream, onezone } = await startGatewayRig({ yaml: forwarding })
  const other = onezone.createTemporaryToken({ subject: ALICE })
  expect((await send({ 'X-Auth-Token': token, [name]: other })).status).toBe(200)
  expect(upstream.seen[0]?.headers['x-auth-token']).toBe(token)
  expect(upstream.seen[0]?.headers).not.toHaveProperty(name.toLowerCase())
  expect(JSON.stringify(upstream.seen)).not.toContain(other)
})

test.each(DISGUISES)('%s alone is no credential and never gets further', async (name) => {
  const { ask, token, upstream, verifyCalls } = await startGatewayRig({ yaml: forwarding })
  expect(await ask({ [name]: token })).toEqual([401, 'credentials_missing'])
  expect(upstream.seen).toEqual([])
  expect(verifyCalls()).toBe(0)
})
