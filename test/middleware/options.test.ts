import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { DecisionEvent, OnedataAuthOptions } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import type { CaveatInput, InviteType, TokenType } from '../../src/token/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startTokenLookup } from '../helpers/token-lookup.ts'
import { withOneCharacterChanged } from '../helpers/tokens.ts'

/** Options go a long way to the route; each is seen here to arrive. */
async function setUp(options: Partial<OnedataAuthOptions> = {}) {
  const onezone = await startOnezone()
  const verification = createVerification({ onezone: { url: onezone.url } })
  onTestFinished(() => verification.close())
  const handled: string[] = []
  const app = new Hono().use(onedataAuth({ verification, ...options })).get('/', (c) => {
    handled.push(c.req.path)
    return c.json(c.var.onedata)
  })
  const get = (headers: Record<string, string> = {}) => app.request('/', { headers })
  const ask = async (token: string, headers: Record<string, string> = {}) => {
    const response = await get({ 'X-Auth-Token': token, ...headers })
    const { code } = (await response.json()) as { code?: string }
    return [response.status, code ?? null]
  }
  return { onezone, handled, get, ask }
}

const access = (onezone: DevOnezone, caveats: CaveatInput[] = []) =>
  onezone.createTemporaryToken({ subject: ALICE, caveats })
const ofType = (onezone: DevOnezone, type: TokenType) =>
  onezone.createTemporaryToken({ subject: ALICE, type })
const invite = (onezone: DevOnezone, inviteType: InviteType, target: object) =>
  ofType(onezone, { inviteToken: { inviteType, ...target } })

const PASSED = [200, null]

describe('the option', () => {
  test('credentials says where a token is looked for', async () => {
    const { onezone, get, handled } = await setUp({ credentials: ['basic-password'] })
    const token = access(onezone)
    const basic = `Basic ${Buffer.from(`alice:${token}`).toString('base64')}`
    expect((await get({ Authorization: basic })).status).toBe(200)
    expect(handled).toHaveLength(1)
    for (const headers of [{}, { Authorization: `Bearer ${token}` }, { 'X-Auth-Token': token }]) {
      const response = await get(headers)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('Basic realm="onedata"')
    }
    expect(handled).toHaveLength(1)
  })

  test('scopes demands all of them, of a verifier that states some', async () => {
    const server = await startTokenLookup()
    const verification = createVerification({
      tokenLookup: { url: server.url, apiToken: server.apiToken },
    })
    onTestFinished(() => verification.close())
    const { ask, get, handled } = await setUp({ verification, scopes: ['a', 'b'] })
    const lacking = server.createToken({ scopes: ['a'] })
    expect(await ask(lacking.token)).toEqual([403, 'scope_missing'])
    expect(await ask('unknown')).toEqual([401, 'token_invalid'])
    expect(handled).toEqual([])
    const good = server.createToken({ scopes: ['b', 'c', 'a'], userId: 'bob' })
    const response = await get({ Authorization: `Bearer ${good.token}` })
    expect(await response.json()).toMatchObject({
      subject: { type: 'user', id: 'bob' },
      token: { id: good.id, type: 'access', persistence: 'named', expiresAt: null },
      scopes: ['b', 'c', 'a'],
      delegatedCaveats: [],
    })
  })

  test.each([
    [{ scopes: ['a'] }, 'need a verifier that states the scopes'],
    [{ scopes: [] }, 'must be a list of scopes'],
    [{ scopes: ['a b'] }, 'printable ASCII'],
    [{ scopes: 'a' }, 'must be a list of scopes'],
  ])('%j is refused where Onezone is asked', async (options, message) => {
    await expect(setUp(options as Partial<OnedataAuthOptions>)).rejects.toThrow(message)
  })

  test('subjects admits whom it names and nobody else', async () => {
    const { onezone, ask, handled } = await setUp({ subjects: { ids: ['bob'] } })
    expect(await ask(access(onezone))).toEqual([403, 'subject_not_allowed'])
    expect(handled).toEqual([])
    const subject = { type: 'user', id: 'bob' } as const
    expect(await ask(onezone.createTemporaryToken({ subject }))).toEqual(PASSED)
  })

  test.each<[string, CaveatInput]>([
    ['data', { type: 'data.readonly' }],
    ['api', { type: 'api', whitelist: ['all/all/*.*.*:*'] }],
  ])('caveats has %s delegated to the handler', async (key, caveat) => {
    const refusing = await setUp()
    expect(await refusing.ask(access(refusing.onezone, [caveat]))).toEqual([
      403,
      'caveat_not_enforced',
    ])
    expect(refusing.handled).toEqual([])
    const { onezone, get } = await setUp({ caveats: { [key]: 'delegate' } })
    const response = await get({ 'X-Auth-Token': access(onezone, [caveat]) })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ delegatedCaveats: [caveat] })
  })

  test('token demands that kind', async () => {
    const { onezone, ask, handled } = await setUp({ token: 'identity' })
    expect(await ask(access(onezone))).toEqual([401, 'token_type_mismatch'])
    expect(handled).toEqual([])
    expect(await ask(ofType(onezone, { identityToken: {} }))).toEqual(PASSED)
    expect(onezone.calls()).toMatchObject({ verifyAccessToken: 0, verifyIdentityToken: 1 })
  })

  test('inviteType demands that invitation', async () => {
    const { onezone, ask, handled } = await setUp({ token: 'invite', inviteType: 'userJoinGroup' })
    const toSpace = invite(onezone, 'userJoinSpace', { spaceId: 's1' })
    expect(await ask(toSpace)).toEqual([401, 'token_type_mismatch'])
    expect(handled).toEqual([])
    expect(await ask(invite(onezone, 'userJoinGroup', { groupId: 'g1' }))).toEqual(PASSED)
    expect(onezone.calls()).toMatchObject({ verifyAccessToken: 0, verifyIdentityToken: 0 })
  })

  test('inviteType left out takes any invitation', async () => {
    const { onezone, ask } = await setUp({ token: 'invite' })
    expect(await ask(invite(onezone, 'userJoinSpace', { spaceId: 's1' }))).toEqual(PASSED)
  })

  test('interface is what interface caveats are judged by', async () => {
    const { onezone, ask, handled } = await setUp({ interface: 'oneclient' })
    expect(await ask(access(onezone, [{ type: 'interface', interface: 'rest' }]))).toEqual([
      401,
      'caveat_unverified',
    ])
    expect(handled).toEqual([])
    const confined = access(onezone, [{ type: 'interface', interface: 'oneclient' }])
    expect(await ask(confined)).toEqual(PASSED)
  })

  test('optional lets nobody pass as nobody', async () => {
    const { get } = await setUp({ optional: true })
    expect(await (await get()).json()).toBeNull()
  })

  test('realm is named in the challenge', async () => {
    const { get, handled } = await setUp({ realm: 'my cloud' })
    expect((await get()).headers.get('www-authenticate')).toBe('Bearer realm="my cloud"')
    expect(handled).toEqual([])
  })

  test('remoteAddress is what ip caveats are judged by', async () => {
    const { onezone, ask, handled } = await setUp({ remoteAddress: () => '10.1.1.1' })
    const confinedTo = (whitelist: string[]) => access(onezone, [{ type: 'ip', whitelist }])
    expect(await ask(confinedTo(['11.0.0.0/8']))).toEqual([401, 'caveat_unverified'])
    expect(handled).toEqual([])
    expect(await ask(confinedTo(['10.0.0.0/8']))).toEqual(PASSED)
  })

  test('remoteAddress left out leaves the address unknown where there is no socket', async () => {
    const { onezone, ask, handled } = await setUp()
    const token = access(onezone, [{ type: 'ip', whitelist: ['0.0.0.0/0'] }])
    expect(await ask(token)).toEqual([401, 'caveat_unverified'])
    expect(handled).toEqual([])
  })

  test('trustedProxies are believed', async () => {
    const { onezone, ask, handled } = await setUp({
      remoteAddress: () => '192.0.2.1',
      trustedProxies: ['192.0.2.0/24'],
    })
    const token = access(onezone, [{ type: 'ip', whitelist: ['10.0.0.0/8'] }])
    expect(await ask(token, { 'X-Forwarded-For': '11.1.1.1' })).toEqual([401, 'caveat_unverified'])
    expect(handled).toEqual([])
    expect(await ask(token, { 'X-Forwarded-For': '10.1.1.1' })).toEqual(PASSED)
  })

  test('onDecision is told of the route by its id', async () => {
    const events: DecisionEvent[] = []
    const { onezone, ask, get } = await setUp({
      id: 'files',
      onDecision: (event) => void events.push(event),
    })
    await get()
    await ask(access(onezone))
    expect(events).toMatchObject([
      { routeId: 'files', outcome: 'refused', source: null, code: 'credentials_missing' },
      { routeId: 'files', outcome: 'granted', source: 'onezone', code: null },
    ])
  })

  test('logger is told of a fault', async () => {
    const lines: string[] = []
    const write = (_facts: object, message: string) => void lines.push(message)
    const logger = { debug: write, info: write, warn: write, error: write }
    const { onezone, ask, handled } = await setUp({ logger })
    onezone.setFaults([{ operation: '*', kind: 'status', status: 500 }])
    const token = access(onezone)
    expect(await ask(token)).toEqual([503, 'verifier_unavailable'])
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain(token.slice(-20))
    expect(handled).toEqual([])
  })
})

describe('with a verification of its own', () => {
  test('verdicts says how long a refusal is remembered', async () => {
    const onezone = await startOnezone()
    const { verifyCalls, ask } = createOwn(onezone, { negativeTtlMs: 0 })
    const token = withOneCharacterChanged(access(onezone))
    expect([await ask(token), await ask(token)]).toEqual([401, 401])
    expect(verifyCalls()).toBe(2)
  })

  test('a refusal is remembered unless verdicts says otherwise', async () => {
    const onezone = await startOnezone()
    const { verifyCalls, ask } = createOwn(onezone)
    const token = withOneCharacterChanged(access(onezone))
    expect([await ask(token), await ask(token)]).toEqual([401, 401])
    expect(verifyCalls()).toBe(1)
  })

  test('verdicts is refused beside a verification, where it would say nothing', async () => {
    const verification = createVerification({ onezone: { url: 'http://127.0.0.1:9' } })
    onTestFinished(() => verification.close())
    expect(() => onedataAuth({ verification, verdicts: {} })).toThrow('"verdicts"')
  })

  function createOwn(onezone: DevOnezone, verdicts?: OnedataAuthOptions['verdicts']) {
    const app = new Hono()
      .use(onedataAuth({ onezoneUrl: onezone.url, verdicts }))
      .get('/', (c) => c.text(''))
    return {
      verifyCalls: () => onezone.calls().verifyAccessToken,
      ask: async (token: string) =>
        (await app.request('/', { headers: { 'X-Auth-Token': token } })).status,
    }
  }
})
