import { describe, expect, test } from 'vitest'

import { parseToken } from '../../src/token/index.ts'
import { ALICE } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'
import { secretPartsOf, startAdminRig } from './admin-rig.ts'

describe('POST /explain', () => {
  test('a token that nobody has used: Onezone would be asked, and is not', async () => {
    const { explain, token, verifyCalls } = await startAdminRig()
    const { fingerprint, validUntil, generation } = parseToken(token)
    const explanation = await explain({ token, path: '/api/x?secret=1', peerIp: '192.0.2.1' })
    expect(explanation).toMatchObject({
      request: { method: 'GET', path: '/api/x', host: null },
      route: { id: 'api', path: '/api/**', token: 'access', interface: 'rest' },
      client: { address: '192.0.2.1', peerIp: '192.0.2.1' },
      credentials: { outcome: 'token', fields: ['X-Auth-Token'] },
      token: {
        fingerprint,
        kind: 'access',
        persistence: 'temporary',
        subject: ALICE,
        family: { kind: 'temporary', subject: ALICE, generation },
        expiresAt: validUntil,
      },
      verification: {
        proven: false,
        key: [],
        family: { factAgeMs: null, death: null },
        verdict: null,
        underWay: false,
      },
      decision: { outcome: 'undecided', status: null, source: null },
    })
    expect(verifyCalls()).toBe(0)
  })

  test('asked to ask, it sends one verification and says what Onezone said', async () => {
    const { explain, use, token, verifyCalls } = await startAdminRig()
    const explanation = await explain({ token, path: '/api', ask: true })
    expect(explanation).toMatchObject({
      verification: { proven: true, verdict: { outcome: 'accepted', source: 'onezone' } },
      decision: { outcome: 'granted', status: null, source: 'onezone', subject: ALICE },
    })
    expect(await use(token)).toBe(200)
    expect((await explain({ token, path: '/api', ask: true })).decision.source).toBe('cache')
    expect(verifyCalls()).toBe(1)
  })

  test('a remembered grant: the fact, its age and when it is refreshed', async () => {
    const { explain, use, token, clock, verifyCalls } = await startAdminRig()
    await use(token)
    clock.advance(3_000)
    const { verification, decision } = await explain({ token, path: '/api' })
    expect(verification).toMatchObject({
      proven: true,
      family: { factAgeMs: 3_000, death: null, subject: ALICE },
      verdict: { outcome: 'accepted', source: 'cache', ageMs: 3_000 },
    })
    const refreshInMs = verification?.family?.refreshInMs ?? 0
    expect(refreshInMs).toBeGreaterThanOrEqual(3_500)
    expect(refreshInMs).toBeLessThanOrEqual(4_500)
    expect(decision).toMatchObject({ outcome: 'granted', source: 'cache' })
    clock.advance(5_000)
    await explain({ token, path: '/api' })
    expect(verifyCalls()).toBe(1) // to look is not to use: nothing is refreshed
  })

  test('an expired token is refused here', async () => {
    const { explain, onezone, clock } = await startAdminRig()
    const validUntil = Math.floor(clock.now() / 1000) + 60
    const caveats = [{ type: 'time', validUntil }] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    clock.advance(70_000)
    expect(await explain({ token, path: '/api' })).toMatchObject({
      token: { expiresAt: validUntil },
      caveats: [{ type: 'time', judged: 'here', holds: false, reads: ['time'] }],
      decision: { outcome: 'denied', status: 401, code: 'token_expired', source: 'local' },
    })
  })

  test('an ip caveat that does not hold is judged here', async () => {
    const { explain, onezone, verifyCalls } = await startAdminRig()
    const caveats = [{ type: 'ip', whitelist: ['10.0.0.0/8'] }] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const ipOf = async (peerIp?: string) => {
      const explained = await explain({ token, path: '/api', peerIp })
      const { outcome, code, caveat } = explained.decision
      const ip = explained.caveats.find(({ type }) => type === 'ip')
      return [ip?.judged, ip?.holds, ip?.reads, outcome, code, caveat]
    }
    expect(await ipOf('10.1.2.3')).toEqual(['here', true, ['peerIp'], 'undecided', null, null])
    const refused = ['here', false, ['peerIp'], 'denied', 'caveat_unverified', 'ip']
    expect(await ipOf('192.0.2.1')).toEqual(refused)
    expect(await ipOf('2001:db8::1')).toEqual(refused)
    expect(await ipOf()).toEqual(refused)
    expect(verifyCalls()).toBe(0)
  })

  test('what only Onezone can judge is in the key, with who reads it', async () => {
    const { explain, onezone, clock } = await startAdminRig()
    const consumerToken = onezone.createTemporaryToken({
      subject: { type: 'user', id: 'bob' },
      type: { identityToken: {} },
    })
    const caveats = [
      { type: 'consumer', whitelist: ['usr-bob'] },
      { type: 'ip', whitelist: ['10.0.0.0/8'] },
    ] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const asked = { token, consumerToken, path: '/api', peerIp: '10.0.0.1' }
    const fresh = await explain({ ...asked, ask: true })
    expect(fresh).toMatchObject({
      credentials: { fields: ['X-Auth-Token', 'X-Onedata-Consumer-Token'] },
      consumerToken: { kind: 'identity', subject: { type: 'user', id: 'bob' } },
      decision: { outcome: 'granted', source: 'onezone' },
    })
    expect(fresh.caveats).toContainEqual({
      type: 'consumer',
      judged: 'onezone',
      holds: null,
      reads: ['consumer'],
    })
    expect(fresh.verification?.key).toEqual(
      expect.arrayContaining([
        { field: 'consumer', readBy: ['consumer'] },
        { field: 'peerIp', readBy: ['ip'] },
      ]),
    )
    clock.advance(4_000)
    const { verification } = await explain(asked)
    expect(verification).toMatchObject({
      proven: false,
      contextGoodForMs: 6_000,
      verdict: { outcome: 'accepted', source: 'cache', ageMs: 4_000 },
    })
    const elsewhere = await explain({ ...asked, peerIp: '10.0.0.2' })
    expect(elsewhere.decision.outcome).toBe('undecided')
  })

  test('a caveat that the route delegates, and the same one where the route refuses it', async () => {
    const { explain, onezone } = await startAdminRig()
    const caveats = [{ type: 'data.readonly' }] as const
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const delegated = await explain({ token, path: '/data/x', ask: true })
    expect(delegated.caveats.find(({ type }) => type === 'data.readonly')).toMatchObject({
      judged: 'delegated',
      holds: null,
    })
    expect(delegated.decision.outcome).toBe('granted')
    const refused = await explain({ token, path: '/api', ask: true })
    expect(refused.caveats.find(({ type }) => type === 'data.readonly')?.judged).toBe('refused')
    expect(refused).toMatchObject({
      verification: null,
      decision: { status: 403, code: 'caveat_not_enforced', caveat: 'data.readonly' },
    })
  })

  test('a public route asks for nothing', async () => {
    const { explain, token } = await startAdminRig()
    for (const asked of [{ path: '/public/x' }, { path: '/public/x', token }]) {
      expect(await explain(asked)).toMatchObject({
        route: { id: 'public', token: 'none' },
        verification: null,
        decision: { outcome: 'granted', source: null, subject: null },
      })
    }
  })

  test('the route is found by host and method too', async () => {
    const { explain } = await startAdminRig({
      routes: `
  - { id: write, path: /x, hosts: ["*.h"], methods: [PUT], token: none, upstream: UPSTREAM }
  - { id: read, path: /x, hosts: ["*.h"], methods: [GET], token: none, upstream: UPSTREAM }`,
    })
    const answers = []
    for (const [method, host] of [
      ['GET', 'a.H:80'],
      ['PUT', 'a.h.'],
      ['POST', 'a.h'],
      ['GET', 'h'],
      ['GET', 'a..h'],
      ['GET', undefined],
    ] as const) {
      const { request, route, decision } = await explain({ method, host, path: '/x' })
      answers.push([request.host, route?.id ?? null, route?.methods ?? null, decision.code])
    }
    expect(answers).toEqual([
      ['a.H:80', 'read', ['GET'], null],
      ['a.h.', 'write', ['PUT'], null],
      ['a.h', null, null, 'method_not_allowed'],
      ['h', null, null, 'route_not_found'],
      ['a..h', null, null, 'request_invalid'],
      [null, null, null, 'route_not_found'],
    ])
  })

  test.each([
    ['no route', 'GET', '/nowhere', 404, 'route_not_found'],
    ['a path that can be read in two ways', 'GET', '/api/%2e%2e/public', 400, 'request_invalid'],
    ['no path at all', 'GET', 'api', 400, 'request_invalid'],
    ['a method that is not carried', 'TRACE', '/api', 405, 'method_not_allowed'],
  ])('%s: the answer that the gateway gives', async (_, method, path, status, code) => {
    const { explain, token } = await startAdminRig()
    expect(await explain({ token, method, path })).toMatchObject({
      route: null,
      token: null,
      decision: { outcome: 'denied', status, code },
    })
  })

  test('no token, and no token at all', async () => {
    const { explain } = await startAdminRig()
    expect(await explain({ path: '/api' })).toMatchObject({
      credentials: { outcome: 'none', fields: [] },
      token: null,
      decision: { status: 401, code: 'credentials_missing' },
    })
    expect(await explain({ path: '/api', token: 'garbage' })).toMatchObject({
      credentials: { outcome: 'token' },
      token: null,
      decision: { status: 401, code: 'token_malformed' },
    })
  })

  test('a revoked family, of a proven token and of a stranger', async () => {
    const { explain, use, onezone, token, clock } = await startAdminRig()
    await use(token)
    const other = onezone.createTemporaryToken({ subject: ALICE })
    onezone.revokeTemporaryTokens(ALICE)
    clock.advance(10_000)
    expect(await use(token)).toBe(401)
    const { generation } = parseToken(token)
    for (const [asked, proven] of [
      [token, true],
      [other, false],
    ] as const) {
      expect(await explain({ token: asked, path: '/api' })).toMatchObject({
        verification: {
          proven,
          family: { death: 'token_revoked', deadUpToGeneration: generation },
          verdict: { outcome: 'refused', source: 'local', reason: 'token_revoked' },
        },
        decision: { status: 401, code: 'token_revoked', source: 'local' },
      })
    }
  })

  test('a blocked user, and for how long that has been known', async () => {
    const { explain, use, onezone, token, clock } = await startAdminRig()
    await use(token)
    onezone.setUserBlocked('alice', true)
    clock.advance(10_000)
    expect(await use(token)).toBe(403)
    clock.advance(1_500)
    expect(await explain({ token, path: '/api' })).toMatchObject({
      verification: { family: { death: 'user_blocked', deathAgeMs: 1_500 } },
      decision: { status: 403, code: 'user_blocked' },
    })
  })

  test('that nobody could say is 503, not a refusal', async () => {
    const { explain, onezone, token } = await startAdminRig()
    onezone.setFaults([{ operation: '*', kind: 'status', status: 500 }])
    expect(await explain({ token, path: '/api', ask: true })).toMatchObject({
      verification: { proven: false, verdict: null },
      decision: { outcome: 'denied', status: 503, code: 'verifier_unavailable' },
    })
  })

  test('agrees with the gateway, cold and warm', async () => {
    const { explain, use, onezone } = await startAdminRig()
    const ip = (mask: string) => [{ type: 'ip', whitelist: [mask] }] as const
    const tokens = [
      onezone.createTemporaryToken({ subject: ALICE }),
      onezone.createTemporaryToken({ subject: ALICE, caveats: ip('127.0.0.0/8') }),
      onezone.createTemporaryToken({ subject: ALICE, caveats: ip('10.0.0.0/8') }),
      onezone.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } }),
      mint({ persistence: 'temporary', generation: 1 }),
      'garbage',
    ]
    for (const token of tokens) {
      const asked = { token, path: '/api', peerIp: '127.0.0.1' }
      const before = await explain({ ...asked, ask: true })
      const status = await use(token)
      const after = await explain(asked)
      expect([before, after].map(({ decision }) => decision.status ?? 200)).toEqual([
        status,
        status,
      ])
    }
  })

  test('says no word of a token or signature, in answers and logs', async () => {
    const { explain, use, onezone, token, told } = await startAdminRig()
    const identity = onezone.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } })
    const caveats = [{ type: 'consumer', whitelist: ['usr-alice'] }] as const
    const confined = onezone.createTemporaryToken({ subject: ALICE, caveats })
    await use(token)
    for (const ask of [false, true]) {
      await explain({ token, path: '/api', ask })
      await explain({ token: confined, consumerToken: identity, path: '/api', ask })
      await explain({ token: identity, path: '/api', ask })
      await explain({ token: `${token}x`, path: '/api', ask })
      await explain({ token, path: `/nowhere?token=${token}`, ask })
      await explain({ [token]: token })
      await explain({ token, peerIp: token })
      await explain({ token: [token] })
    }
    for (const part of [token, identity, confined].flatMap(secretPartsOf)) {
      expect(told()).not.toContain(part)
    }
    for (const each of [token, identity, confined]) {
      expect(told()).not.toContain(parseToken(each).digest)
    }
  })

  test.each<[object, string]>([
    [{ tokn: 'x' }, '"tokn" is unknown; there are token, path'],
    [{ token: 7 }, '"token" must be a text'],
    [{ token: 'x', ask: 'yes' }, '"ask" must be true or false'],
    [{ token: 'x', peerIp: 'localhost' }, '"peerIp" must be an IP address'],
    [{ token: 'x', path: '' }, '"path" must be a text'],
  ])('refuses %j', async (body, detail) => {
    const { post } = await startAdminRig()
    const { status, json } = await post('/explain', body)
    expect(status).toBe(400)
    expect(json['detail']).toContain(detail)
  })
})
