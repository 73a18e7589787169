import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { ConfiningCaveat } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import type { CaveatInput } from '../../src/token/index.ts'
import { confineToken, parseToken } from '../../src/token/index.ts'
import { accept } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { knownCaveat } from '../token/arbitraries.ts'

const BOB = { type: 'user', id: 'bob' } as const
const KRAKOW = { type: 'oneprovider', id: 'krakow' } as const
const HOME = Buffer.from('/space/home').toString('base64')

const route =
  (forwardToken: string, more = '') =>
  (upstream: string) =>
    `routes: [{ path: /**, upstream: '${upstream}', forwardToken: ${forwardToken}${more} }]`

describe('a token that is confined before it is forwarded', () => {
  test('is the only credential that the upstream sees, and the original is nowhere', async () => {
    const { send, upstream, token, onezone, metrics } = await startGatewayRig({
      yaml: route('{ confine: [{ type: time }, { type: data.readonly }] }'),
    })
    for (const field of ['X-Auth-Token', 'Authorization', 'Macaroon']) {
      const value = field === 'Authorization' ? `Bearer ${token}` : token
      expect((await send({ [field]: value })).status).toBe(200)
      const seen = upstream.seen.at(-1)?.rawHeaders ?? []
      expect(seen.join('\n')).not.toContain(token)
      const credentials = seen.filter((name, at) => at % 2 === 0 && /auth|macaroon/i.test(name))
      expect(credentials).toEqual(['X-Auth-Token'])
      const forwarded = String(upstream.seen.at(-1)?.headers['x-auth-token'])
      expect(parseToken(forwarded).caveats.slice(-2)).toEqual([
        { type: 'time', validUntil: expect.any(Number) as number },
        { type: 'data.readonly' },
      ])
      const client = createOnezoneClient({ url: onezone.url })
      const verify = (allowDataAccessCaveats: boolean) =>
        client.verifyAccessToken({ token: forwarded, peerIp: null, allowDataAccessCaveats })
      expect((await verify(true)).ok).toBe(true)
      expect((await verify(false)).ok).toBe(false)
    }
    // It is no setting to be warned of, as forwarding the original is.
    expect(await metrics()).not.toContain('routes.forwardToken')
  })

  test('has one text for half of its life, and never lives longer than it may', async () => {
    const clock = createFakeClock()
    const { send, upstream, token } = await startGatewayRig({
      clock,
      yaml: route('{ confine: [{ type: time, lifeMs: 600000 }] }'),
    })
    const forwarded = async () => {
      expect((await send({ 'X-Auth-Token': token })).status).toBe(200)
      const text = String(upstream.seen.at(-1)?.headers['x-auth-token'])
      const { caveats } = parseToken(text)
      const last = caveats.at(-1)
      const left = last?.type === 'time' ? last.validUntil * 1000 - clock.now() : 0
      expect(left).toBeGreaterThan(299_000)
      expect(left).toBeLessThanOrEqual(600_000)
      return text
    }
    clock.advance(300_000 - (clock.now() % 300_000))
    const first = await forwarded()
    clock.advance(299_000)
    expect(await forwarded()).toBe(first)
    clock.advance(1_000)
    const second = await forwarded()
    expect(second).not.toBe(first)
  })

  test('goes into the field that is named, in place of what the client put there', async () => {
    const { send, upstream, token } = await startGatewayRig({
      yaml: route('{ confine: [{ type: data.readonly }], forwardAs: Authorization }'),
    })
    await send({ 'X-Auth-Token': token, Authorization: 'Basic YTpi' })
    const headers = upstream.seen.at(-1)?.headers
    expect(headers?.['x-auth-token']).toBeUndefined()
    expect(headers?.authorization).toMatch(/^Bearer [A-Za-z0-9]+$/)
  })

  test('is not made of one that is bound to addresses, unless the route says so', async () => {
    for (const allow of [false, true]) {
      const { send, ask, onezone, upstream } = await startGatewayRig({
        yaml: route(`{ confine: [{ type: data.readonly }], allowIpConfined: ${allow} }`),
      })
      const token = onezone.createTemporaryToken({
        subject: ALICE,
        caveats: [{ type: 'ip', whitelist: ['127.0.0.1'] }],
      })
      if (allow) {
        expect((await send({ 'X-Auth-Token': token })).status).toBe(200)
      } else {
        expect(await ask({ 'X-Auth-Token': token })).toEqual([403, 'caveat_not_enforced'])
        expect(upstream.seen).toEqual([])
      }
    }
  })

  test('that would be longer than upstreams read is refused before it is sent', async () => {
    const whitelist = Array.from({ length: 60 }, (_, n) =>
      Buffer.from(`/space/${'d'.repeat(50)}${n}`).toString('base64'),
    )
    const caveats = [1, 2].map(() => JSON.stringify({ type: 'data.path', whitelist })).join(', ')
    const { ask, token, upstream } = await startGatewayRig({
      yaml: route(`{ confine: [${caveats}] }`),
    })
    expect(await ask({ 'X-Auth-Token': token })).toEqual([401, 'token_too_large'])
    expect(upstream.seen).toEqual([])
  })

  test('is among the fields of the forward-auth door, and Envoy is not told to remove it', async () => {
    const { ask, token } = await startForwardAuthRig(
      'routes: [{ path: /**, forwardToken: { confine: [{ type: data.readonly }] } }]\n',
    )
    const [path, fields] = describeRequest('envoy')
    const answer = await ask(path, [...fields, 'Authorization', `Bearer ${token}`])
    expect(parseToken(String(answer.headers['x-auth-token'])).caveats.at(-1)).toEqual({
      type: 'data.readonly',
    })
    expect(answer.headers['x-envoy-auth-headers-to-remove']).toBe(
      'authorization,macaroon,x-onedata-consumer-token',
    )
  })
})

test('what the confined token allows is part of what the original allows', async () => {
  const clock = createFakeClock()
  const onezone = await startOnezone({ clock })
  const client = createOnezoneClient({ url: onezone.url })
  const identity = (subject: typeof BOB | typeof KRAKOW) =>
    onezone.createTemporaryToken({ subject, type: { identityToken: {} } })
  const consumers = [undefined, identity(BOB), identity(KRAKOW)]
  const services = [undefined, `opw-${identity(KRAKOW)}`]
  const original = onezone.createTemporaryToken({ subject: ALICE, validForSeconds: 7_200 })
  const soon = Math.floor(clock.now() / 1000)

  // Those that hold in some of the contexts below, among any others.
  const often: fc.Arbitrary<CaveatInput> = fc.oneof(
    fc.constantFrom<CaveatInput>(
      { type: 'ip', whitelist: ['192.0.2.0/24'] },
      { type: 'ip', whitelist: ['0.0.0.0/0'] },
      { type: 'consumer', whitelist: ['usr-bob', 'usr-*'] },
      { type: 'consumer', whitelist: ['prv-krakow'] },
      { type: 'service', whitelist: ['opw-krakow'] },
      { type: 'api', whitelist: ['all/all/*.*.*:*'] },
      { type: 'data.readonly' },
      { type: 'data.path', whitelist: [HOME] },
      { type: 'interface', interface: 'rest' },
      { type: 'time', validUntil: soon + 100 },
      { type: 'time', validUntil: soon + 5_000 },
    ),
    { weight: 1, arbitrary: knownCaveat as fc.Arbitrary<CaveatInput> },
  )
  const added: fc.Arbitrary<ConfiningCaveat> = fc.oneof(
    often.filter((caveat): caveat is Exclude<CaveatInput, { type?: 'time' }> =>
      /^(?:ip|service|consumer|api|data\..*)$/.test(String(caveat.type)),
    ),
    fc.constant({ type: 'time' as const, lifeMs: 600_000 }),
  )
  const context = fc.record({
    peerIp: fc.constantFrom(null, '192.0.2.7', '198.51.100.1'),
    interface: fc.constantFrom(undefined, 'rest' as const, 'oneclient' as const),
    consumerToken: fc.constantFrom(...consumers),
    serviceToken: fc.constantFrom(...services),
    allowDataAccessCaveats: fc.boolean(),
  })

  let [both, neither, onlyOriginal] = [0, 0, 0]
  await fc.assert(
    fc.asyncProperty(
      fc.array(often, { maxLength: 2 }),
      fc.array(added, { minLength: 1, maxLength: 2 }),
      fc.array(context, { minLength: 3, maxLength: 3 }),
      async (own, confine, contexts) => {
        const token = confineToken(original, own)
        const authenticator = createAuthenticator({
          verifier: {
            verify: () => ({
              verdict: accept({ subject: ALICE, ttlSeconds: null, askedAtMs: clock.monotonic() }),
              source: 'onezone',
            }),
            close: async () => {},
          },
          clock,
        }).route({
          id: 'a',
          token: 'access',
          caveats: { service: 'as-onezone', api: 'delegate', data: 'delegate' },
          forwardToken: { confine, allowIpConfined: true },
        })
        const decision = await authenticator.authenticate({
          rawHeaders: ['X-Auth-Token', token],
          remoteAddress: '192.0.2.7',
          secure: true,
        })
        if (decision.outcome !== 'granted') return // of an unknown or impossible caveat
        const { identityHeaders } = decision
        const forwarded = identityHeaders[identityHeaders.indexOf('X-Auth-Token') + 1] ?? ''
        expect(forwarded).not.toBe(token)
        const [before, after] = [parseToken(token).caveats, parseToken(forwarded).caveats]
        expect(after.slice(0, before.length)).toEqual(before)
        expect(after.length).toBeGreaterThan(before.length)
        for (const asked of contexts) {
          const verify = async (text: string) =>
            // Onezone itself fails for some odd ids; then nothing is allowed.
            (await client.verifyAccessToken({ token: text, ...asked }).catch(() => null))?.ok ===
            true
          const [wide, narrow] = [await verify(token), await verify(forwarded)]
          if (narrow) expect(wide).toBe(true)
          if (narrow) both++
          else if (wide) onlyOriginal++
          else neither++
        }
      },
    ),
    { numRuns: 150 },
  )
  // All three happen, or nothing was shown.
  expect(Math.min(both, neither, onlyOriginal)).toBeGreaterThan(10)
})

describe('what cannot be added is refused by the configuration, with its place', () => {
  test.each([
    [{ confine: [] }, 'access', 'at least one'],
    [{ confine: [{ type: 'geo.country' }] }, 'access', 'one of the types'],
    [{ confine: [{ type: 'time', validUntil: 1 }] }, 'access', 'lifeMs'],
    [{ confine: [{ type: 'time', lifeMs: 1 }] }, 'access', 'lifeMs'],
    [{ confine: [{ type: 'service', whitelist: ['nonsense'] }] }, 'access', 'JSON form'],
    [{ confine: [{ type: 'data.readonly' }] }, 'identity', 'kind "identity"'],
    [{ confine: [{ type: 'service', whitelist: ['opw-a'] }] }, 'invite', 'kind "invite"'],
    [{ confine: [{ type: 'time' }] }, 'none', 'demands a token'],
    [{ confine: [{ type: 'time' }], forwardAs: 'X-Other' }, 'access', 'forwardAs'],
    [{ confined: [] }, 'access', '"forwardToken.confined" is no option'],
  ])('%j on a route for %s', (forwardToken, token, message) => {
    const authenticator = createAuthenticator({
      verifier: { verify: () => Promise.reject(new Error()), close: async () => {} },
    })
    const policy = { id: 'a', token, forwardToken } as never
    expect(() => authenticator.route(policy)).toThrow(message)
  })
})

test('a configuration says where the caveat stands that cannot be added', async () => {
  const { load } = await startForwardAuthRig()
  const problemsOf = async (forwardToken: string, more = '') => {
    const text = `routes:\n  - path: /**\n    upstream: http://a\n    forwardToken: ${forwardToken}\n${more}`
    return String(await load(text).catch((error: unknown) => error))
  }
  expect(await problemsOf('{ confine: [{ type: asn, whitelist: [1] }] }')).toMatch(
    /:4:31: routes\[0\]\.forwardToken\.confine\[0\]: must be a caveat of one of the types/,
  )
  expect(
    await problemsOf('{ confine: [{ type: time }, { type: api, whitelist: [a] }] }'),
  ).toContain('confine[1]: must be a caveat in the JSON form')
  expect(
    await problemsOf('{ confine: [{ type: data.readonly }] }', '    token: identity\n'),
  ).toContain('confine[0]: is a caveat that tokens of the kind "identity" do not support')
  expect(await problemsOf('{ confine: [{ type: time }] }', '    token: none\n')).toContain(
    'has no meaning on a public route',
  )
  expect(await problemsOf('{ confine: [] }')).toContain('is empty')
  expect(await problemsOf('{ confin: [] }')).toContain('did you mean "confine"')
})
