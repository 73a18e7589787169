import { describe, expect, test } from 'vitest'
import { DEMO_WORLD } from '../../src/dev-onezone/index.ts'
import type { CaveatInput } from '../../src/token/index.ts'
import { confineToken, mintToken } from '../../src/token/index.ts'
import {
  accessToken,
  alice,
  bob,
  causeOf,
  errorOf,
  identityToken,
  inviteToken,
  krakow,
  NOW,
  P,
  zone,
} from './start.ts'

const scope = { scope: 'identityToken' } as const
const unverified = (caveat: CaveatInput) => ({ id: 'tokenCaveatUnverified', details: { caveat } })
const time = (seconds: number) => ({ type: 'time', validUntil: NOW + seconds }) as const

describe('conformance (Onezone API, §14)', () => {
  test('1: a temporary token is good until its time caveat fails', async () => {
    const { onezone, verifyAccess } = await zone()
    const token = onezone.createTemporaryToken({ subject: alice, caveats: [time(3600)] })
    expect((await verifyAccess(token)).json).toEqual({ subject: alice, ttl: 3600 })
  })

  test('2: a named token without time caveat has no end', async () => {
    const { access, verifyAccess } = await zone()
    expect((await verifyAccess(access())).json).toEqual({ subject: alice, ttl: null })
  })

  test('3: a time caveat fails from its very second on', async () => {
    const { access, verifyAccess } = await zone()
    for (const seconds of [-1, 0]) {
      const caveat = time(seconds)
      expect(errorOf(await verifyAccess(access(caveat)))).toEqual(unverified(caveat))
    }
    expect((await verifyAccess(access(time(1)))).status).toBe(200)
  })

  test('4: of two time caveats the first to fail counts', async () => {
    const { access, verifyAccess } = await zone()
    const two = await verifyAccess(access(time(99_999), time(100)))
    expect(two.json).toEqual({ subject: alice, ttl: 100 })
  })

  const krakowOnly = { type: 'consumer', whitelist: ['prv-krakow'] } as const

  test('5: a consumer caveat fails an anonymous caller', async () => {
    const { access, verifyAccess } = await zone()
    expect(errorOf(await verifyAccess(access(krakowOnly)))).toEqual(unverified(krakowOnly))
  })

  test('6: a consumer caveat holds for a caller that authenticates as the consumer', async () => {
    const { send, named, access } = await zone()
    const headers = { 'X-Auth-Token': named(krakow, accessToken).token }
    const body = { token: access(krakowOnly) }
    const answer = await send(`${P}/tokens/verify_access_token`, { headers, body })
    expect(answer.json).toEqual({ subject: alice, ttl: null })
  })

  test('7: an interface caveat asks for the interface', async () => {
    const { access, verifyAccess } = await zone()
    const caveat = { type: 'interface', interface: 'rest' } as const
    const token = access(caveat)
    expect(errorOf(await verifyAccess(token))).toEqual(unverified(caveat))
    const other = await verifyAccess(token, { interface: 'graphsync' })
    expect(errorOf(other)).toEqual(unverified(caveat))
    expect((await verifyAccess(token, { interface: 'rest' })).status).toBe(200)
  })

  test('8: a service caveat asks for the service', async () => {
    const { named, access, verifyAccess } = await zone()
    const caveat = { type: 'service', whitelist: ['ozw-onezone', 'opw-krakow'] } as const
    const token = access(caveat)
    const identity = named(krakow, identityToken).token
    expect((await verifyAccess(token)).status).toBe(200)
    expect((await verifyAccess(token, { serviceToken: `opw-${identity}` })).status).toBe(200)
    const panel = await verifyAccess(token, { serviceToken: `opp-${identity}` })
    expect(errorOf(panel)).toEqual(unverified(caveat))
  })

  test('9: nobody can prove to be the panel of Onezone', async () => {
    const { named, access, verifyAccess } = await zone()
    const identity = named(krakow, identityToken).token
    const only = { type: 'service', whitelist: ['ozp-onezone'] } as const
    for (const fields of [{}, { serviceToken: identity }, { serviceToken: `opp-${identity}` }]) {
      expect(errorOf(await verifyAccess(access(only), fields))).toEqual(unverified(only))
    }
  })

  test('10: an ip caveat asks for the address, by default the own one', async () => {
    const { access, verifyAccess } = await zone()
    const caveat = { type: 'ip', whitelist: ['134.93.0.0/16'] } as const
    const token = access(caveat)
    expect((await verifyAccess(token, { peerIp: '134.93.7.18' })).status).toBe(200)
    for (const fields of [{ peerIp: '133.93.1.182' }, {}, { peerIp: null }]) {
      expect(errorOf(await verifyAccess(token, fields))).toEqual(unverified(caveat))
    }
  })

  test('11: a data caveat must be allowed', async () => {
    const { access, verifyAccess } = await zone()
    const token = access({ type: 'data.readonly' })
    const refused = await verifyAccess(token, { allowDataAccessCaveats: false })
    expect(errorOf(refused)).toEqual(unverified({ type: 'data.readonly' }))
    expect((await verifyAccess(token, { allowDataAccessCaveats: true })).status).toBe(200)
  })

  test('12: an invite or identity token is no access token', async () => {
    const { named, verifyAccess } = await zone()
    for (const type of [identityToken, inviteToken]) {
      const refused = await verifyAccess(named(alice, type).token)
      expect(errorOf(refused)).toEqual({ id: 'notAnAccessToken', details: { received: type } })
    }
  })

  test("13: a user's access token is no identity token", async () => {
    const { named, verifyIdentity } = await zone()
    for (const type of [accessToken, { accessToken: { sessionId: 'alice-session' } }]) {
      const refused = await verifyIdentity(named(alice, type).token)
      expect(errorOf(refused)).toEqual({ id: 'notAnIdentityToken', details: { received: type } })
    }
  })

  test("14: a provider's access token is, also with the legacy scope, also in version 1", async () => {
    const { onezone, named, verifyIdentity } = await zone()
    for (const caveats of [[], [scope]]) {
      const { token } = named(krakow, accessToken, ...caveats)
      expect((await verifyIdentity(token)).json).toEqual({ subject: krakow, ttl: null })
    }
    const legacy = { id: 'legacy', secret: 'legacy-secret', version: 1 } as const
    onezone.setWorld({
      ...DEMO_WORLD,
      namedTokens: [{ ...legacy, name: 'root token', subject: krakow }],
    })
    const token = mintToken({ onezoneDomain: 'onezone.local', ...legacy })
    expect((await verifyIdentity(token)).json).toEqual({ subject: krakow, ttl: null })
  })

  test('15: an access token is no invite token of any type', async () => {
    const { access, verifyInvite } = await zone()
    expect(errorOf(await verifyInvite(access()))).toEqual({
      id: 'notAnInviteToken',
      details: { expectedInviteType: 'any', received: accessToken },
    })
  })

  test('16: an invite token of one type is none of another', async () => {
    const { named, verifyInvite } = await zone()
    const expectedInviteType = 'groupJoinSpace'
    const { token } = named(alice, inviteToken)
    expect(errorOf(await verifyInvite(token, { expectedInviteType }))).toEqual({
      id: 'notAnInviteToken',
      details: { expectedInviteType, received: inviteToken },
    })
    expect((await verifyInvite(token)).status).toBe(200)
  })

  test('17: an invite token must not carry the legacy scope', async () => {
    const { named, verifyInvite } = await zone()
    const refused = await verifyInvite(named(alice, inviteToken, scope).token)
    expect(errorOf(refused)).toEqual(unverified(scope))
  })

  test('18: forged tokens as credentials', async () => {
    const { onezone, send } = await zone()
    onezone.revokeTemporaryTokens(alice)
    onezone.revokeTemporaryTokens(alice)
    const { tokenId } = onezone.createNamedToken({ subject: alice, name: 'laptop' })
    const forged = (id: string, generation: number | null) =>
      mintToken({ onezoneDomain: 'x', secret: 'guess', id, subject: alice, generation })
    const cases = [
      [forged(tokenId, null), 'tokenInvalid'],
      [forged('none', null), 'tokenInvalid'],
      [forged('t', 2), 'tokenInvalid'],
      [forged('t', 1), 'tokenRevoked'],
      [forged('t', 3), 'tokenInvalid'],
    ] as const
    for (const [token, cause] of cases) {
      const answer = await send(`${P}/health`, { headers: { 'X-Auth-Token': token } })
      expect([answer.status, causeOf(answer)]).toEqual([401, cause])
    }
  })

  test('19: revoking all temporary tokens', async () => {
    const { onezone, sendAs, verifyAccess } = await zone()
    const send = sendAs(krakow)
    const token = onezone.createTemporaryToken({ subject: krakow })
    const path = `${P}/providers/krakow/tokens/temporary`
    expect((await send(path)).json).toEqual({ generation: 1 })
    expect((await send(path, { method: 'DELETE' })).status).toBe(204)
    expect((await send(path)).json).toEqual({ generation: 2 })
    expect(errorOf(await verifyAccess(token))).toEqual({ id: 'tokenRevoked' })
  })

  test('20: revocation of a named token is a toggle, for all that descends from it', async () => {
    const { sendAs, named, verifyAccess } = await zone()
    const { tokenId, token } = named(alice, accessToken)
    const confined = confineToken(token, [time(60)])
    const patch = (revoked: boolean) =>
      sendAs(alice)(`${P}/tokens/named/${tokenId}`, { method: 'PATCH', body: { revoked } })

    expect((await patch(true)).status).toBe(204)
    expect(errorOf(await verifyAccess(token))).toEqual({ id: 'tokenRevoked' })
    expect(errorOf(await verifyAccess(confined))).toEqual({ id: 'tokenRevoked' })
    await patch(false)
    expect((await verifyAccess(token)).status).toBe(200)
    expect((await verifyAccess(confined)).json).toEqual({ subject: alice, ttl: 60 })
  })

  test('21: a deleted token, a deleted subject', async () => {
    const { onezone, sendAs, named, verifyAccess } = await zone()
    const deleted = named(alice, accessToken)
    await sendAs(alice)(`${P}/tokens/named/${deleted.tokenId}`, { method: 'DELETE' })
    const orphaned = named(bob, accessToken)
    const temporary = onezone.createTemporaryToken({ subject: bob })
    onezone.patchWorld({ users: { bob: null } })
    for (const token of [deleted.token, orphaned.token, temporary]) {
      expect(errorOf(await verifyAccess(token))).toEqual({ id: 'tokenInvalid' })
    }
  })

  const bound = { accessToken: { sessionId: 'alice-session' } }
  const SID = { Cookie: 'theme=dark; SID=alice-session' }

  test('22: a block is over when it is lifted, but for sessions', async () => {
    const { onezone, named, authenticate } = await zone()
    const plain = named(alice, accessToken).token
    const { token } = named(alice, bound)
    onezone.setUserBlocked('alice', true)
    expect(causeOf(await authenticate(plain))).toBe('userBlocked')
    onezone.setUserBlocked('alice', false)
    expect((await authenticate(plain)).status).toBe(200)
    expect(causeOf(await authenticate(token, SID))).toBe('tokenSessionInvalid')
  })

  test('23: a bad token is no credential', async () => {
    const { authenticate } = await zone()
    const bad = await authenticate('this-is-a-bad-token')
    expect(bad.status).toBe(401)
    expect(errorOf(bad)).toMatchObject({ id: 'unauthorized' })
    expect(causeOf(bad)).toBe('badToken')
  })

  test('24: a session token is no service token', async () => {
    const { named, access, authenticate } = await zone()
    const session = named(alice, bound).token
    const answer = await authenticate(access(), { 'X-Onedata-Service-Token': session })
    expect(answer.status).toBe(401)
    expect(errorOf(answer)).toMatchObject({
      details: {
        authError: { id: 'badServiceToken', details: { tokenError: { id: 'notAnIdentityToken' } } },
      },
    })
  })

  test('25: a session token needs the cookie of its session', async () => {
    const { named, authenticate } = await zone()
    const { token } = named(alice, bound)
    expect(causeOf(await authenticate(token))).toBe('tokenSessionInvalid')
    expect((await authenticate(token, SID)).status).toBe(200)
  })

  test('26: a temporary token needs an end', async () => {
    const { temporary } = await zone()
    const required = { id: 'tokenTimeCaveatRequired', details: { maxTtl: 2_592_000 } }
    expect(errorOf(await temporary({ caveats: [] }))).toEqual(required)
    expect(errorOf(await temporary({ caveats: [time(2_592_001)] }))).toEqual(required)
    const created = await temporary({ caveats: [time(2_592_000), time(9_999_999)] })
    expect(created.status).toBe(201)
    expect(created.headers.location).toBeUndefined()
    expect((await temporary({ caveats: [time(-5)] })).status).toBe(201)
  })

  test('27: services that may not act for the subject', async () => {
    const { sendAs, access } = await zone()
    const send = sendAs(alice)
    const caveats = [{ type: 'service', whitelist: ['ozw-onezone', 'opp-other'] }]
    const forbidden = {
      id: 'tokenServiceForbidden',
      details: { service: { type: 'op_panel', id: 'other' } },
    }
    const body = { name: 'laptop', caveats }
    expect(errorOf(await send(`${P}/users/alice/tokens/named`, { body }))).toEqual(forbidden)
    const confine = { token: access(), caveats }
    expect(errorOf(await send(`${P}/tokens/confine`, { body: confine }))).toEqual(forbidden)
  })

  test.each([
    [[{ type: 'tiem' }], { id: 'badValueCaveat', details: { caveat: { type: 'tiem' } } }],
    [[1], { id: 'badValueCaveat', details: { caveat: '1' } }],
    ['x', { id: 'badData', details: { key: 'caveats' } }],
    [{}, { id: 'badData', details: { key: 'caveats' } }],
  ])('28: caveats %j', async (caveats, error) => {
    const { temporary } = await zone()
    expect(errorOf(await temporary({ caveats }))).toEqual(error)
  })

  test('29: names', async () => {
    const { onezone, sendAs } = await zone()
    const send = sendAs(alice)
    const { tokenId } = onezone.createNamedToken({ subject: alice, name: 'good name' })
    const create = (name: unknown) => send(`${P}/users/alice/tokens/named`, { body: { name } })
    const rename = (name: unknown) =>
      send(`${P}/tokens/named/${tokenId}`, { method: 'PATCH', body: { name } })

    for (const call of [create, rename]) {
      const bad = ['', 'a', '-asd', 'asd-', '.asd', 'asd ', 'asd★', 'x'.repeat(129), null]
      for (const name of bad) expect(errorOf(await call(name))).toEqual({ id: 'badValueName' })
      const number = { id: 'badValueString', details: { key: 'name' } }
      expect(errorOf(await call(1234))).toEqual(number)
    }
    expect((await create('good name')).status).toBe(400)
    expect((await rename('good name')).status).toBe(204)
    expect((await create(`x${'-'.repeat(126)}ż`)).status).toBe(201)
  })

  test('30: a provider sees the status of tokens of the users that it supports', async () => {
    const { onezone, sendAs, named } = await zone()
    const status = (tokenId: string) => sendAs(krakow)(`${P}/tokens/named/${tokenId}/status`)
    const ofAlice = named(alice, accessToken).tokenId
    const ofBob = named(bob, accessToken).tokenId
    onezone.patchWorld({ providers: { krakow: { effectiveUsers: ['alice'] } } })
    expect((await status(ofAlice)).json).toEqual({ revoked: false })
    expect([(await status(ofBob)).status, errorOf(await status(ofBob))]).toEqual([
      403,
      { id: 'forbidden' },
    ])
  })

  test('31: the scope of a token that does not hold here is not told', async () => {
    const { access, named, inferScope } = await zone()
    const bobOnly = { type: 'consumer', whitelist: ['usr-bob'] } as const
    const elsewhere = { type: 'ip', whitelist: ['10.0.0.0/8'] } as const
    for (const caveat of [time(0), elsewhere, bobOnly]) {
      expect(errorOf(await inferScope(access(caveat)))).toEqual(unverified(caveat))
    }
    const consumerToken = named(bob, identityToken).token
    expect((await inferScope(access(bobOnly), { consumerToken })).status).toBe(200)
    for (const caveat of [
      { type: 'service', whitelist: ['opp-krakow'] },
      { type: 'interface', interface: 'oneclient' },
      { type: 'data.readonly' },
    ] as const) {
      expect((await inferScope(access(caveat))).status).toBe(200)
    }
  })

  test('32: an invitation can be used at least once', async () => {
    const { sendAs } = await zone()
    const type = { inviteToken: { inviteType: 'registerOneprovider', adminUserId: 'alice' } }
    const body = { name: 'invitation', type, usageLimit: 0 }
    const refused = await sendAs(alice)(`${P}/user/tokens/named`, { body })
    expect(refused.status).toBe(400)
    expect(errorOf(refused)).toEqual({
      id: 'badValueTooLow',
      details: { key: 'usageLimit', limit: 1 },
    })
  })
})
