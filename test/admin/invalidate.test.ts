import { describe, expect, test } from 'vitest'

import { parseToken } from '../../src/token/index.ts'
import { ADMIN_TOKEN, secretPartsOf, startAdminRig } from './admin-rig.ts'

const ALICE = { type: 'user', id: 'alice' } as const

describe('POST /invalidate', () => {
  test('makes the next request ask Onezone, and says how much was taken back', async () => {
    const { post, use, token, verifyCalls, clock } = await startAdminRig()
    expect([await use(token), await use(token)]).toEqual([200, 200])
    expect(verifyCalls()).toBe(1)
    const { status, json, headers } = await post('/invalidate', { subject: ALICE })
    expect([status, json]).toEqual([200, { families: 1, tokens: 1, dryRun: false }])
    expect(headers['cache-control']).toBe('no-store')
    clock.advance(1)
    expect(await use(token)).toBe(200)
    expect(verifyCalls()).toBe(2)
  })

  test('ends a token at once that was revoked in Onezone', async () => {
    const { post, use, onezone } = await startAdminRig()
    const { tokenId, token } = onezone.createNamedToken({ subject: ALICE, name: 'token' })
    expect(await use(token)).toBe(200)
    onezone.setNamedTokenRevoked(tokenId, true)
    expect(await use(token)).toBe(200)
    await post('/invalidate', { tokenId })
    expect(await use(token)).toBe(401)
  })

  test('brings a token back at once that was restored in Onezone', async () => {
    const { post, use, onezone, clock } = await startAdminRig()
    const { tokenId, token } = onezone.createNamedToken({ subject: ALICE, name: 'token' })
    onezone.setNamedTokenRevoked(tokenId, true)
    expect(await use(token)).toBe(401)
    onezone.setNamedTokenRevoked(tokenId, false)
    expect(await use(token)).toBe(401)
    await post('/invalidate', { fingerprint: parseToken(token).fingerprint })
    await post('/invalidate', { tokenId })
    clock.advance(1)
    expect(await use(token)).toBe(200)
  })

  test('with dryRun changes nothing', async () => {
    const { post, use, token, verifyCalls } = await startAdminRig()
    await use(token)
    const { json } = await post('/invalidate', { all: true, dryRun: true })
    expect(json).toEqual({ families: 1, tokens: 1, dryRun: true })
    await use(token)
    expect(verifyCalls()).toBe(1)
  })

  test('leaves an audit line: who, what, how much, and whether it was real', async () => {
    const { post, use, token, audit } = await startAdminRig()
    await use(token)
    const { fingerprint } = parseToken(token)
    await post('/invalidate', { fingerprint, dryRun: true })
    await post('/invalidate', { fingerprint })
    const facts = { remoteAddress: '127.0.0.1', selector: { fingerprint }, families: 0, tokens: 1 }
    expect(audit()).toEqual([
      {
        level: 'info',
        facts: { ...facts, dryRun: true },
        message: 'an operator asked what an invalidation would select',
      },
      { level: 'info', facts: { ...facts, dryRun: false }, message: 'an operator invalidated' },
    ])
  })

  test.each<[string, unknown, number, string]>([
    ['no JSON', '{', 400, 'The body is no JSON'],
    ['nothing', '', 400, 'The body is no JSON'],
    ['a list', [], 400, 'The body must be a JSON object'],
    ['nothing selected', { dryRun: true }, 400, 'Nothing is selected: give exactly one of'],
    ['two selectors', { all: true, tokenId: 'x' }, 400, 'are given together'],
    ['an unknown key', { everything: true }, 400, '"everything" is unknown'],
    ['a wrong dryRun', { all: true, dryRun: 1 }, 400, '"dryRun" must be true or false'],
    ['too long a body', { tokenId: 'x'.repeat(20_000) }, 413, 'longer than 16384 bytes'],
  ])('refuses %s and says why', async (_, body, expected, message) => {
    const { post, use, token, verifyCalls, audit } = await startAdminRig()
    await use(token)
    const { status, json, headers } = await post('/invalidate', body)
    expect([status, headers['content-type']]).toEqual([expected, 'application/problem+json'])
    expect(json).toMatchObject({ status: expected, detail: expect.stringContaining(message) })
    await use(token)
    expect(verifyCalls()).toBe(1)
    expect(audit()).toEqual([])
  })

  test('refuses what a foreign web page can send without asking', async () => {
    const { post } = await startAdminRig()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      const { status } = await post('/invalidate', { all: true }, { 'Content-Type': type })
      expect(status).toBe(415)
    }
    const parametrised = { 'Content-Type': 'application/json; charset=utf-8' }
    expect((await post('/invalidate', { all: true }, parametrised)).status).toBe(200)
  })

  test('refuses a token in place of an id, and repeats it nowhere', async () => {
    const { post, token, told } = await startAdminRig()
    const bodies = [
      { tokenId: token },
      { fingerprint: token },
      { [token]: 1 },
      { subject: { type: 'user', id: token } },
      { subject: token },
      { family: { [token]: 1 } },
      `{"tokenId": ${token}}`,
    ]
    for (const body of bodies) expect((await post('/invalidate', body)).status).toBe(400)
    for (const part of secretPartsOf(token)) expect(told()).not.toContain(part)
  })

  test.each(['GET', 'PUT', 'DELETE'])('is no %s', async (method) => {
    const { post } = await startAdminRig()
    const { status, headers } = await post('/invalidate', '', {}, method)
    expect([status, headers['allow']]).toEqual([405, 'POST'])
  })
})

test('gateway.invalidate does the same in code', async () => {
  const { gateway, use, token, verifyCalls, clock } = await startAdminRig()
  await use(token)
  expect(gateway.invalidate({ all: true }, { dryRun: true })).toEqual({ families: 1, tokens: 1 })
  expect(gateway.invalidate({ all: true })).toEqual({ families: 1, tokens: 1 })
  clock.advance(1)
  await use(token)
  expect(verifyCalls()).toBe(2)
  expect(() => gateway.invalidate({} as { all: true })).toThrow(TypeError)
})

describe('who may give orders', () => {
  const BOTH = [
    ['/invalidate', { all: true }],
    ['/explain', { path: '/public' }],
  ] as const

  test.each(BOTH)(
    '%s: on a loopback listener everybody, where no admin token is set',
    async (path, body) => {
      const { post } = await startAdminRig()
      expect((await post(path, body)).status).toBe(200)
    },
  )

  test.each(BOTH)(
    '%s: on any other listener nobody, where no admin token is set',
    async (path, body) => {
      const { post, audit } = await startAdminRig({ adminHost: '0.0.0.0' })
      const { status, json } = await post(path, body, { Authorization: 'Bearer x' })
      expect(status).toBe(403)
      expect(json['detail']).toContain('adminTokenFile')
      expect(audit()).toEqual([])
    },
  )

  test.each(BOTH)('%s: whoever has the admin token, on any listener', async (path, body) => {
    for (const adminHost of ['127.0.0.1', '0.0.0.0']) {
      const { post } = await startAdminRig({ adminHost, adminToken: ADMIN_TOKEN })
      const authorized = { Authorization: `Bearer ${ADMIN_TOKEN}` }
      expect((await post(path, body, authorized)).status).toBe(200)
      const missing = await post(path, body)
      expect([missing.status, missing.headers['www-authenticate']]).toEqual([
        401,
        'Bearer realm="onegate admin"',
      ])
      for (const wrong of ['', 'x', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(1)]) {
        const refused = await post(path, body, { Authorization: `Bearer ${wrong}` })
        expect([refused.status, refused.headers['www-authenticate']]).toEqual([
          401,
          'Bearer realm="onegate admin", error="invalid_token"',
        ])
      }
      const basic = await post(path, body, { Authorization: `Basic ${ADMIN_TOKEN}` })
      expect(basic.status).toBe(401)
    }
  })

  test('the admin token is in no answer and no log', async () => {
    const { post, told } = await startAdminRig({ adminToken: ADMIN_TOKEN })
    await post('/invalidate', { all: true }, { Authorization: `Bearer ${ADMIN_TOKEN}` })
    await post('/invalidate', { all: true }, { Authorization: `Basic ${ADMIN_TOKEN}` })
    expect(told()).not.toContain(ADMIN_TOKEN)
  })

  test.each(BOTH)(
    '%s: a name that somebody else lets point here opens no loopback listener',
    async (path, body) => {
      for (const adminToken of [undefined, ADMIN_TOKEN]) {
        const { post } = await startAdminRig(adminToken === undefined ? {} : { adminToken })
        const authorized = { Authorization: `Bearer ${ADMIN_TOKEN}` }
        for (const host of [
          'attacker.example',
          'attacker.example:9090',
          '127.0.0.1.example',
          '10.0.0.1',
        ]) {
          const { status } = await post(path, body, { ...authorized, Host: host })
          expect([host, status]).toEqual([host, 403])
        }
        for (const host of ['localhost:9090', '127.0.0.1', '[::1]:9090']) {
          expect((await post(path, body, { ...authorized, Host: host })).status).toBe(200)
        }
      }
    },
  )

  test('metrics and health ask nobody for a token', async () => {
    const { gateway } = await startAdminRig({ adminToken: ADMIN_TOKEN })
    const statuses = await Promise.all(
      ['/metrics', '/livez', '/readyz'].map(
        async (path) => (await fetch(`${gateway.adminUrl}${path}`)).status,
      ),
    )
    expect(statuses).toEqual([200, 200, 200])
  })
})
