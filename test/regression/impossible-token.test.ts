import { describe, expect, test } from 'vitest'

import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'

// Anybody can write these, and Onezone answers some of them with 500, which would look like an outage (API §5.3, end).

const OFFSPRING = { persistence: 'temporary', generation: 1 } as const
const IDENTITY = { type: { identityToken: {} } } as const
const INVITE = { type: { inviteToken: { inviteType: 'userJoinGroup', groupId: 'g1' } } } as const
const PAST = { type: 'time', validUntil: 1_000_000_000 } as const
/** Octet 0xFF, which no UTF-8 has. */
const NOT_TEXT = { type: 'unknown', text: 'a \udcff' } as const

describe('as a consumer token', () => {
  test.each([
    [
      'a temporary token of a group',
      { ...OFFSPRING, ...IDENTITY, subject: { type: 'group', id: 'g' } },
    ],
    [
      'a temporary token of nobody',
      { ...OFFSPRING, ...IDENTITY, subject: { type: 'nobody', id: null } },
    ],
    ['an invite token', INVITE],
    ['a token with an unknown caveat that is no text', { ...IDENTITY, caveats: [NOT_TEXT] }],
  ] as const)('%s is refused without a call', async (_title, options) => {
    const { ask, token, upstream, verifyCalls } = await startGatewayRig()
    const consumer = mint(options)
    expect(await ask({ 'X-Auth-Token': token, 'X-Onedata-Consumer-Token': consumer })).toEqual([
      401,
      'consumer_token_invalid',
    ])
    expect(verifyCalls()).toBe(0)
    expect(upstream.seen).toEqual([])
  })

  test('an expired token is refused without a call where a caveat reads it', async () => {
    const { ask, onezone, upstream, verifyCalls } = await startGatewayRig()
    const token = onezone.createTemporaryToken({
      subject: ALICE,
      caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }],
    })
    const consumer = mint({ ...IDENTITY, caveats: [PAST] })
    expect(await ask({ 'X-Auth-Token': token, 'X-Onedata-Consumer-Token': consumer })).toEqual([
      401,
      'consumer_token_invalid',
    ])
    expect(verifyCalls()).toBe(0)
    expect(upstream.seen).toEqual([])
  })
})

describe('as the token', () => {
  test.each([
    [
      'a temporary token of a group',
      'token_invalid',
      { ...OFFSPRING, subject: { type: 'group', id: 'g' } },
    ],
    [
      'a token with an unknown caveat that is no text',
      'caveat_unverified',
      { caveats: [NOT_TEXT] },
    ],
    ['an expired token', 'token_expired', { caveats: [PAST] }],
  ] as const)('%s is refused without a call', async (_title, code, options) => {
    const { ask, upstream, verifyCalls } = await startGatewayRig()
    expect(await ask({ 'X-Auth-Token': mint(options) })).toEqual([401, code])
    expect(verifyCalls()).toBe(0)
    expect(upstream.seen).toEqual([])
  })

  test('one with an unknown caveat that is text is for Onezone to refuse', async () => {
    const { ask, upstream, verifyCalls } = await startGatewayRig()
    const token = mint({ caveats: [{ type: 'unknown', text: 'łódź' }] })
    const [status] = await ask({ 'X-Auth-Token': token })
    expect(status).toBe(401)
    expect(verifyCalls()).toBe(1)
    expect(upstream.seen).toEqual([])
  })
})
