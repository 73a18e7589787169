import { describe, expect, test } from 'vitest'
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
  test('1, 2, 4: the time to live is that of the first time caveat to fail, or null', async () => {
    const { onezone, access, verifyAccess } = await zone()
    const temporary = onezone.createTemporaryToken({ subject: alice, caveats: [time(3600)] })
    expect((await verifyAccess(temporary)).json).toEqual({ subject: alice, ttl: 3600 })
    expect((await verifyAccess(access())).json).toEqual({ subject: alice, ttl: null })
    const two = await verifyAccess(access(time(99_999), time(100)))
    expect(two.json).toEqual({ subject: alice, ttl: 100 })
  })

  test('3: a time caveat fails from its very second on', async () => {
    const { access, verifyAccess } = await zone()
    for (const seconds of [-1, 0]) {
      const caveat = time(seconds)
      expect(errorOf(await verifyAccess(access(caveat)))).toEqual(unverified(caveat))
    }
    expect((await verifyAccess(access(time(1)))).status).toBe(200)
  })

  test('5, 6: a consumer caveat asks who calls', async () => {
    const { send, named, access, verifyAccess } = await zone()
    const caveat = { type: 'consumer', whitelist: ['prv-krakow'] } as const
    const token = access(caveat)
    expect(errorOf(await verifyAccess(token))).toEqual(unverified(caveat))
    const headers = { 'X-Auth-Token': named(krakow, accessToken).token }
    const answer = await send(`${P}/tokens/verify_access_token`, { headers, body: { token } })
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

  test('8, 9: a service caveat asks for the service', async () => {
    const { named, access, verifyAccess } = await zone()
    const caveat = { type: 'service', whitelist: ['ozw-onezone', 'opw-krakow'] } as const
    const token = access(caveat)
    const identity = named(krakow, identityToken).token
    expect((await verifyAccess(token)).status).toBe(200)
    expect((await verifyAccess(token, { serviceToken: `opw-${identity}` })).status).toBe(200)
    const panel = await verifyAccess(token, { serviceToken: `opp-${identity}` })
    expect(errorOf(panel)).toEqual(unverified(caveat))

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

  test('12 to 16: each verification takes its own kind', async () => {
    const { named, access, verifyAccess, verifyIdentity, verifyInvite } = await zone()
    for (const type of [identityToken, inviteToken]) {
      const refused = await verifyAccess(named(alice, type).token)
      expect(errorOf(refused)).toEqual({ id: 'notAnAccessToken', details: { received: type } })
    }
    for (const type of [accessToken, { accessToken: { sessionId: 'alice-session' } }]) {
      const refused = await verifyIdentity(named(alice, type).token)
      expect(errorOf(refused)).toEqual({ id: 'notAnIdentityToken', details: { received: type } })
    }
    for (const caveats of [[], [scope]]) {
      expect((await verifyIdentity(named(krakow, accessToken, ...caveats).token)).status).toBe(200)
    }
    expect(errorOf(await verifyInvite(access()))).toEqual({
      id: 'notAnInviteToken',
      details: { expectedInviteType: 'any', received: accessToken },
    })
    const expectedInviteType = 'groupJoinSpace'
    const invite = named(alice, inviteToken).token
    expect(errorOf(await verifyInvite(invite, { expectedInviteType }))).toEqual({
      id: 'notAnInviteToken',
      details: { expectedInviteType, received: inviteToken },
    })
    expect((await verifyInvite(invite)).status).toBe(200)
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

  test('22, 25: blocked users and sessions as credentials', async () => {
    const { onezone, send, named } = await zone()
    const plain = named(alice, accessToken).token
    const bound = named(alice, { accessToken: { sessionId: 'alice-session' } }).token
    const authenticate = (token: string, cookie: Record<string, string> = {}) =>
      send(`${P}/health`, { headers: { 'X-Auth-Token': token, ...cookie } })
    const SID = { Cookie: 'theme=dark; SID=alice-session' }

    expect(causeOf(await authenticate(bound))).toBe('tokenSessionInvalid')
    expect((await authenticate(bound, SID)).status).toBe(200)
    onezone.setUserBlocked('alice', true)
    expect(causeOf(await authenticate(plain))).toBe('userBlocked')
    onezone.setUserBlocked('alice', false)
    expect((await authenticate(plain)).status).toBe(200)
    expect(causeOf(await authenticate(bound, SID))).toBe('tokenSessionInvalid')
  })

  test('23, 24: bad credentials', async () => {
    const { send, named, access } = await zone()
    const bad = await send(`${P}/health`, { headers: { 'X-Auth-Token': 'this-is-a-bad-token' } })
    expect(errorOf(bad)).toMatchObject({ id: 'unauthorized' })
    expect(causeOf(bad)).toBe('badToken')

    const session = named(alice, { accessToken: { sessionId: 'alice-session' } }).token
    const headers = { 'X-Auth-Token': access(), 'X-Onedata-Service-Token': session }
    const answer = await send(`${P}/health`, { headers })
    expect(errorOf(answer)).toMatchObject({
      details: {
        authError: { id: 'badServiceToken', details: { tokenError: { id: 'notAnIdentityToken' } } },
      },
    })
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
})
