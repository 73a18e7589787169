import { Agent, get } from 'node:http'
import { describe, expect, test } from 'vitest'
import { OnezoneApiError } from '../../src/errors.ts'
import type { DevOnezoneOptions } from '../../src/dev-onezone/index.ts'
import { createDevOnezone, DEMO_WORLD } from '../../src/dev-onezone/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { alice, bob, errorOf, krakow, NOW, P, start } from './start.ts'

const VERIFY = `${P}/tokens/verify_access_token`
const ADMIN = { ozPrivileges: ['oz_tokens_manage'] }

describe('the options of a development Onezone', () => {
  test.each(['0.0.0.0', '::', '10.1.2.3', 'onezone.example.org'])(
    'refuse to listen on %s',
    async (host) => {
      await expect(createDevOnezone({ host })).rejects.toThrow(
        /^"host" is .*"iKnowThisIsNotOnezone"/,
      )
    },
  )

  test.each(['127.0.0.1', '127.8.8.8', 'localhost'])('allow to listen on %s', async (host) => {
    const { onezone } = await start({ host })
    expect(onezone.url).toBe(`http://${host}:${onezone.port}`)
    expect((await fetch(`${onezone.url}${P}/health`)).status).toBe(200)
  })

  test('allow any address to somebody who knows', async () => {
    const { onezone } = await start({ host: '0.0.0.0', iKnowThisIsNotOnezone: true })
    expect((await fetch(`http://127.0.0.1:${onezone.port}${P}/health`)).status).toBe(200)
  })

  test.each([
    [{ port: -1 }, '"port"'],
    [{ port: 1.5 }, '"port"'],
    [{ maxTemporaryTokenTtlSeconds: 0 }, '"maxTemporaryTokenTtlSeconds"'],
    [{ onezoneDomain: '' }, '"onezoneDomain"'],
  ])('name what is wrong with %j', async (options, name) => {
    const refused = createDevOnezone(options as DevOnezoneOptions)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(name)
  })

  test('a port that is taken is an error', async () => {
    const { onezone } = await start()
    await expect(createDevOnezone({ port: onezone.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  test('the demo world has alice, bob and a provider, and is not written to', async () => {
    const before = structuredClone(DEMO_WORLD)
    const { onezone } = await start()
    onezone.setUserBlocked('bob', true)
    for (const subject of [alice, krakow]) onezone.createTemporaryToken({ subject })
    expect(DEMO_WORLD).toEqual(before)
  })

  test.each([
    [{ carol: { password: 'pw' } }, 'carol:pw', 200],
    [{ carol: { password: 'pw', username: 'cc' } }, 'cc:pw', 200],
    [{ carol: { password: 'pw', username: 'cc' } }, 'carol:pw', 401],
    [{ carol: { password: 'pw', basicAuthEnabled: false } }, 'carol:pw', 401],
    [{ carol: {} }, 'carol:', 401],
    [{ carol: {} }, 'carol:undefined', 401],
  ])('a password is enough to sign in: %j as %s', async (users, credentials, status) => {
    const { send } = await start({ world: { users } })
    const Authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    const answer = await send(`${P}/user/tokens/named`, { headers: { Authorization } })
    expect(answer.status).toBe(status)
  })

  test('a subject that the world does not have is named, and those that it has', async () => {
    const { onezone } = await start()
    const ghost = { type: 'user', id: 'ghost' } as const
    const calls = [
      () => onezone.createTemporaryToken({ subject: ghost }),
      () => onezone.createNamedToken({ subject: ghost, name: 'token' }),
      () => onezone.setUserBlocked('ghost', true),
    ]
    for (const call of calls) expect(call).toThrow(/no user "ghost"; there are "alice", "bob"/)
    expect(() =>
      onezone.createTemporaryToken({ subject: { type: 'oneprovider', id: 'alice' } }),
    ).toThrow(/no provider "alice"; there are "krakow"\. Add it with createProvider/)
    onezone.setWorld({})
    expect(calls[0]).toThrow(/no user "ghost"; there are none\. Add it with createUser/)
  })

  test('a clock, a domain and a geo look-up may be brought along', async () => {
    const clock = createFakeClock()
    const geo = (ip: string) =>
      ip === '192.0.2.1' ? { asn: 64_500, country: 'PL', regions: ['Europe', 'EU'] } : null
    const { onezone, send } = await start({ clock, geo, onezoneDomain: 'zone.test' })
    onezone.setClock(null)
    const caveats = [{ type: 'geo.region', filter: 'whitelist', list: ['EU'] }] as const
    const token = onezone.createTemporaryToken({ subject: alice, caveats })
    expect(parseToken(token).onezoneDomain).toBe('zone.test')

    clock.advance(10_000)
    const verify = (peerIp: string) => send(VERIFY, { body: { token, peerIp } })
    expect((await verify('192.0.2.1')).json).toEqual({ subject: alice, ttl: 3590 })
    expect(errorOf(await verify('192.0.2.2'))).toMatchObject({ id: 'tokenCaveatUnverified' })
  })
})

describe('the handle and the REST API are one', () => {
  test('a token of the one is verified by the other', async () => {
    const { onezone, send, sendAs } = await start()
    const body = { caveats: [{ type: 'time', validUntil: NOW + 60 }], type: { accessToken: {} } }
    const overHttp = await sendAs(alice)(`${P}/users/alice/tokens/temporary`, { body })
    const { token } = overHttp.json as { token: string }
    const inProcess = onezone.createTemporaryToken({ subject: alice, validForSeconds: 60 })

    for (const each of [token, inProcess]) {
      const verified = await send(VERIFY, { body: { token: each } })
      expect(verified.json).toEqual({ subject: alice, ttl: 60 })
    }
    const { id: _, digest: _1, fingerprint: _2, ...one } = { ...parseToken(token) }
    const { id: _3, digest: _4, fingerprint: _5, ...other } = { ...parseToken(inProcess) }
    expect({ ...one, serialized: '', macaroon: null }).toEqual({
      ...other,
      serialized: '',
      macaroon: null,
    })
  })

  test('revoking temporary tokens starts a new generation for both', async () => {
    const { onezone, send, sendAs } = await start()
    const asAlice = sendAs(alice)
    const path = `${P}/users/alice/tokens/temporary`
    const token = onezone.createTemporaryToken({ subject: alice })
    const ofBob = onezone.createTemporaryToken({ subject: bob })
    onezone.revokeTemporaryTokens(alice)
    expect((await asAlice(path)).json).toEqual({ generation: 2 })
    expect(errorOf(await send(VERIFY, { body: { token } }))).toEqual({ id: 'tokenRevoked' })
    expect((await send(VERIFY, { body: { token: ofBob } })).status).toBe(200)

    await asAlice(path, { method: 'DELETE' })
    expect(parseToken(onezone.createTemporaryToken({ subject: alice })).generation).toBe(3)
  })

  test('named tokens are revoked, restored, renamed and deleted by both', async () => {
    const { onezone, send, sendAs } = await start()
    const asAlice = sendAs(alice)
    const { tokenId, token } = onezone.createNamedToken({ subject: alice, name: 'laptop' })
    const path = `${P}/tokens/named/${tokenId}`
    const verify = async () => errorOf(await send(VERIFY, { body: { token } }))

    onezone.setNamedTokenRevoked(tokenId, true)
    expect((await asAlice(`${path}/status`)).json).toEqual({ revoked: true })
    expect(await verify()).toEqual({ id: 'tokenRevoked' })
    await asAlice(path, { method: 'PATCH', body: { revoked: false, name: 'desktop' } })
    expect(await verify()).toBeUndefined()
    expect(onezone.createNamedToken({ subject: alice, name: 'laptop' }).tokenId).not.toBe(tokenId)

    onezone.deleteNamedToken(tokenId)
    expect((await send(`${path}/status`)).status).toBe(404)
    expect(await verify()).toEqual({ id: 'tokenInvalid' })
    expect((await send(path, { method: 'DELETE' })).status).toBe(404)
  })

  test('what the one refuses the other refuses with the same error', async () => {
    const { onezone, sendAs } = await start({
      world: { ...DEMO_WORLD, users: { ...DEMO_WORLD.users, root: ADMIN } },
    })
    onezone.createNamedToken({ subject: alice, name: 'taken' })
    onezone.setUserBlocked('bob', true)
    const cases = [
      [alice, { name: 'taken' }],
      [alice, { name: '-' }],
      [bob, { name: 'laptop' }],
      [{ type: 'user', id: 'nobody-here' } as const, { name: 'laptop' }],
      [alice, { name: 'abc', caveats: [{ type: 'service', whitelist: ['opw-other'] }] }],
    ] as const
    for (const [subject, token] of cases) {
      const answer = await sendAs({ type: 'user', id: 'root' })(
        `${P}/users/${subject.id}/tokens/named`,
        { body: token },
      )
      const error = errorOf(answer) as { id: string; details?: object }
      const expected = { status: 400, id: error.id, details: error.details ?? {} }
      const refused = () => onezone.createNamedToken({ subject, ...token })
      expect(refused).toThrow(OnezoneApiError)
      expect(refused).toThrow(expect.objectContaining(expected) as Error)
    }
  })

  test('a blocked user loses its sessions for good', async () => {
    const { onezone, send } = await start()
    const type = { accessToken: { sessionId: 'alice-session' } }
    const bound = onezone.createTemporaryToken({ subject: alice, type })
    const free = onezone.createTemporaryToken({ subject: alice })
    const verify = async (token: string) => errorOf(await send(VERIFY, { body: { token } }))

    onezone.setUserBlocked('alice', true)
    expect(await verify(free)).toEqual({ id: 'userBlocked' })
    onezone.setUserBlocked('alice', false)
    expect(await verify(free)).toBeUndefined()
    expect(await verify(bound)).toEqual({ id: 'tokenSessionInvalid' })
  })

  test('users and providers may be added', async () => {
    const { onezone, send } = await start()
    onezone.createUser('carol')
    onezone.createProvider('paris', { effectiveUsers: ['carol'] })
    const carol = { type: 'user', id: 'carol' } as const
    const paris = { type: 'oneprovider', id: 'paris' } as const
    const token = onezone.createTemporaryToken({ subject: carol })
    const identity = onezone.createTemporaryToken({ subject: paris, type: { identityToken: {} } })
    const verified = await send(VERIFY, { body: { token, serviceToken: identity } })
    expect(verified.json).toEqual({ subject: carol, ttl: 3600 })
  })

  test.each([
    ['setNamedTokenRevoked', ['none', true]],
    ['deleteNamedToken', ['none']],
    ['setUserBlocked', ['none', true]],
  ] as const)('%s of something unknown is not found', async (method, args) => {
    const { onezone } = await start()
    const act = onezone[method] as (...given: readonly unknown[]) => void
    expect(() => act(...args)).toThrow(expect.objectContaining({ id: 'notFound' }) as Error)
  })

  test('calls without HTTP are not counted', async () => {
    const { onezone, sendAs } = await start()
    onezone.createTemporaryToken({ subject: alice })
    expect(onezone.calls().createTemporaryToken).toBe(0)
    await sendAs(alice)(`${P}/users/alice/tokens/temporary`, { body: {} })
    expect(onezone.calls().createTemporaryToken).toBe(1)
    onezone.resetCalls()
    expect(onezone.calls().createTemporaryToken).toBe(0)
  })
})

describe('closing', () => {
  test('breaks hanging, delayed and idle connections at once', async () => {
    const onezone = await createDevOnezone()
    const agent = new Agent({ keepAlive: true })
    const ask = (path: string) =>
      new Promise((resolve, reject) => {
        get(onezone.url + path, { agent }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode))
        }).on('error', reject)
      })
    expect(await ask(`${P}/health`)).toBe(200)
    onezone.setFaults([
      { operation: 'getHealth', kind: 'hang' },
      { operation: 'getConfiguration', kind: 'latency', latencyMs: 60_000 },
    ])
    const broken = [ask(`${P}/health`), ask('/configuration')].map((asked) =>
      asked.then(
        () => 'answered',
        () => 'broken',
      ),
    )
    await expect.poll(() => onezone.calls().getConfiguration).toBe(1)

    await onezone.close()
    expect(await Promise.all(broken)).toEqual(['broken', 'broken'])
    await expect(ask(`${P}/health`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    agent.destroy()
  })

  test('may be asked for twice', async () => {
    const onezone = await createDevOnezone()
    await Promise.all([onezone.close(), onezone.close()])
    await onezone.close()
  })
})
