import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'

import type { WorldIdentityProvider } from '../../src/dev-onezone/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import type { IdentityProvider } from '../../src/identity-provider/index.ts'
import type { OnedataAuthOptions, VerificationOptions } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { jwtOf, worldWith } from '../helpers/provider-tokens.ts'

const NOW = 1_750_000_000
const CLAIMS = { iss: 'https://aai.example.org', azp: 'portal-1', sub: 'x', exp: NOW + 3600 }
const JWT = jwtOf(CLAIMS)
/** A busy machine must not look like an outage. */
const PATIENT = { connectTimeoutMs: 10_000, totalTimeoutMs: 10_000 }
const EGI: IdentityProvider = { prefix: 'egi:', clients: ['portal-1'] }

/** A route that takes such tokens, before a zone that knows one of alice's. */
async function startRoute(
  options: {
    readonly providers?: readonly IdentityProvider[]
    readonly users?: Readonly<Record<string, string>>
  } = {},
) {
  const { providers = [EGI], users = { [JWT]: 'alice' } } = options
  const clock = createFakeClock()
  const onezone = await startOnezone({ clock, world: worldWith(users) })
  const verification = createVerification({
    onezone: { url: onezone.url, ...PATIENT },
    identityProviders: providers,
    clock,
    random: () => 0.5,
  })
  onTestFinished(() => verification.close())
  const { verifier, traits, identityProviders, stalenessBoundMs } = verification
  const route = createAuthenticator({
    ...traits,
    verifier,
    identityProviders,
    stalenessBoundMs,
    onezoneNowMs: () => verification.onezoneNowMs,
    clock,
  }).route({ id: 'r', token: 'access', identityProviderTokens: true })
  const send = async (headers: Record<string, string>, remoteAddress = '192.0.2.1') =>
    route.authenticate({ rawHeaders: Object.entries(headers).flat(), remoteAddress, secure: true })
  const ask = async (headers: Record<string, string>, remoteAddress?: string) => {
    const decision = await send(headers, remoteAddress)
    if (decision.outcome === 'granted') return '200'
    return `${decision.answer.status} ${decision.answer.code}`
  }
  return {
    clock,
    onezone,
    verification,
    send,
    ask,
    egi: (token: string, address?: string) => ask({ 'X-Auth-Token': `egi:${token}` }, address),
    provider: (changed: Partial<WorldIdentityProvider>) =>
      onezone.patchWorld({ identityProviders: [{ id: 'egi', users, ...changed }] }),
    exchanges: () => onezone.calls().createTemporaryToken,
  }
}

describe('an access token of an identity provider', () => {
  test('stands for its user, under a name of its own', async () => {
    const { send } = await startRoute()
    expect(await send({ 'X-Auth-Token': `egi:${JWT}` })).toMatchObject({
      outcome: 'granted',
      identity: {
        subject: ALICE,
        token: { id: '', type: 'identity-provider', expiresAt: NOW + 300 },
        delegatedCaveats: [],
      },
    })
  })

  test('is exchanged once for two hundred requests, at once and after each other', async () => {
    const { egi, exchanges, onezone } = await startRoute()
    const first = await Promise.all(Array.from({ length: 100 }, () => egi(JWT)))
    const then: string[] = []
    for (let i = 0; i < 100; i += 1) then.push(await egi(JWT))
    expect(new Set([...first, ...then])).toEqual(new Set(['200']))
    expect(exchanges()).toBe(1)
    expect(onezone.calls().verifyIdentityToken).toBe(1)
    expect(onezone.calls().verifyAccessToken).toBe(0)
  })

  test('is exchanged anew when the exchange is over, and not before', async () => {
    const { egi, exchanges, clock } = await startRoute()
    await egi(JWT)
    clock.advance(295_000)
    expect(await egi(JWT)).toBe('200')
    expect(exchanges()).toBe(1)
    clock.advance(5_000)
    expect(await egi(JWT)).toBe('200')
    expect(exchanges()).toBe(2)
  })

  test('is good no longer than it says itself', async () => {
    const short = jwtOf({ ...CLAIMS, exp: NOW + 60 })
    const { send, egi, clock, exchanges } = await startRoute({ users: { [short]: 'alice' } })
    expect(await send({ 'X-Auth-Token': `egi:${short}` })).toMatchObject({
      identity: { token: { expiresAt: NOW + 60 } },
    })
    clock.advance(60_000)
    expect(await egi(short)).toBe('401 idp_token_invalid')
    expect(exchanges()).toBe(1)
  })

  test('makes the account of a user who is new to the zone', async () => {
    const { egi, onezone } = await startRoute({ users: { [JWT]: 'carol' } })
    expect(onezone.world().users).not.toHaveProperty('carol')
    expect(await egi(JWT)).toBe('200')
    expect(onezone.world().users).toHaveProperty('carol')
  })

  test('is taken without its prefix only of the provider that says so', async () => {
    const { ask } = await startRoute()
    expect(await ask({ Authorization: `Bearer ${JWT}` })).toBe('401 idp_token_not_accepted')
    const bare = await startRoute({ providers: [{ ...EGI, bare: true }] })
    expect(await bare.ask({ Authorization: `Bearer ${JWT}` })).toBe('200')
    expect(await bare.ask({ Authorization: `Bearer egi:${JWT}` })).toBe('200')
    expect(bare.exchanges()).toBe(1)
  })

  test('needs its client to be listed: azp, client_id or one of aud', async () => {
    const taken = [{ azp: 'portal-1' }, { client_id: 'portal-1' }, { aud: ['x', 'portal-1'] }]
    const tokens = taken.map((claims) => jwtOf(claims))
    const users = Object.fromEntries(tokens.map((token) => [token, 'alice']))
    const { egi, exchanges } = await startRoute({ users })
    for (const token of tokens) expect(await egi(token)).toBe('200')
    expect(exchanges()).toBe(3)
    for (const claims of [{ azp: 'evil' }, { aud: 'portal-10' }, { sub: 'portal-1' }, {}]) {
      expect(await egi(jwtOf(claims))).toBe('403 idp_client_not_allowed')
    }
    expect(await egi('opaque-text')).toBe('403 idp_client_not_allowed')
    expect(exchanges()).toBe(3)
  })

  test('may be opaque, and of any client, where that is said', async () => {
    const providers = [{ prefix: 'egi:', any: true }]
    const { egi } = await startRoute({ providers, users: { opaque: 'bob' } })
    expect(await egi('opaque')).toBe('200')
  })

  test('goes without a consumer token', async () => {
    const { ask, exchanges } = await startRoute()
    const answer = await ask({ 'X-Auth-Token': `egi:${JWT}`, 'X-Onedata-Consumer-Token': 'x' })
    expect(answer).toBe('400 credentials_ambiguous')
    expect(exchanges()).toBe(0)
  })

  test.each([
    ['nothing behind the prefix', 'egi:', '401 token_malformed'],
    ['less than the prefix', 'eg', '401 token_malformed'],
    ['another prefix', `ego:${JWT}`, '401 idp_token_not_accepted'],
    ['the prefix of GitHub', 'github/gho_x', '401 idp_token_not_accepted'],
    ['64 KiB', `egi:${'a'.repeat(65_536)}`, '401 token_malformed'],
    ['more than 16 KiB', `egi:${'a'.repeat(16_384)}`, '401 token_malformed'],
    ['one that is over', `egi:${jwtOf({ ...CLAIMS, exp: NOW })}`, '401 idp_token_invalid'],
    ['a header that is no object', 'WzFd.e30.c2ln', '401 token_malformed'],
    ['two credentials', `egi:${JWT}, egi:${JWT}`, '400 credentials_ambiguous'],
  ])('is not asked about where it is %s', async (_, text, answer) => {
    const { ask, exchanges } = await startRoute()
    expect(await ask({ 'X-Auth-Token': text })).toBe(answer)
    expect(exchanges()).toBe(0)
  })
})

describe('what happens to it later', () => {
  test('a block is seen within the bound, and its end too', async () => {
    const { egi, onezone, clock } = await startRoute()
    await egi(JWT)
    onezone.setUserBlocked('alice', true)
    clock.advance(10_001)
    expect(await egi(JWT)).toBe('403 user_blocked')
    onezone.setUserBlocked('alice', false)
    clock.advance(2_001)
    expect(await egi(JWT)).toBe('200')
  })

  test('that all temporary tokens are revoked is seen within the bound; then it is exchanged anew', async () => {
    const { egi, onezone, clock, exchanges } = await startRoute()
    await egi(JWT)
    onezone.revokeTemporaryTokens(ALICE)
    clock.advance(10_001)
    expect(await egi(JWT)).toBe('401 token_revoked')
    expect(await egi(JWT)).toBe('200')
    expect(exchanges()).toBe(2)
  })

  test('that the provider takes it back is seen when the exchange is over', async () => {
    const { egi, provider, clock } = await startRoute()
    await egi(JWT)
    provider({ answers: 'refusal' })
    clock.advance(290_000)
    expect(await egi(JWT)).toBe('200')
    clock.advance(10_000)
    expect(await egi(JWT)).toBe('401 idp_token_invalid')
  })

  test('a refusal is believed for two seconds', async () => {
    const { egi, provider, exchanges, clock } = await startRoute()
    provider({ answers: 'refusal' })
    expect(await egi(JWT)).toBe('401 idp_token_invalid')
    expect(await egi(JWT)).toBe('401 idp_token_invalid')
    expect(exchanges()).toBe(1)
    provider({})
    clock.advance(2_000)
    expect(await egi(JWT)).toBe('200')
  })

  test('an invalidation of the user ends the exchange', async () => {
    const { egi, verification, exchanges } = await startRoute()
    await egi(JWT)
    verification.invalidate({ subject: ALICE }, { dryRun: true })
    await egi(JWT)
    expect(exchanges()).toBe(1)
    verification.invalidate({ subject: ALICE })
    await egi(JWT)
    expect(exchanges()).toBe(2)
  })
})

describe('an outage', () => {
  test('of the provider is 503, and no word on Onezone: other tokens pass as before', async () => {
    const tokens = Array.from({ length: 7 }, (_, i) => jwtOf({ ...CLAIMS, sub: `user ${i}` }))
    const users = Object.fromEntries(tokens.map((token) => [token, 'alice']))
    const { egi, ask, provider, verification, exchanges, clock, onezone } = await startRoute({
      users,
    })
    provider({ answers: 'fault' })
    for (const [i, token] of tokens.entries()) {
      expect(await egi(token, `192.0.2.${i}`)).toBe('503 verifier_unavailable')
    }
    expect(exchanges()).toBe(5)
    expect(verification.identityProviders?.breakerState).toBe('open')
    expect(verification.breakerState).toBe('closed')
    const token = onezone.createTemporaryToken({ subject: ALICE })
    expect(await ask({ 'X-Auth-Token': token })).toBe('200')
    provider({})
    clock.advance(6_000)
    expect(await egi(tokens[0] ?? '')).toBe('200')
  })

  test('of the provider leaves alone who was exchanged before', async () => {
    const { egi, provider, clock } = await startRoute()
    await egi(JWT)
    provider({ answers: 'fault' })
    clock.advance(60_000)
    expect(await egi(JWT)).toBe('200')
  })

  test('of Onezone is 503, hanging, broken or redirecting', async () => {
    const onezone = await startOnezone({ world: worldWith({}) })
    const verification = createVerification({
      onezone: { url: onezone.url, totalTimeoutMs: 200, connectTimeoutMs: 200 },
      identityProviders: [EGI],
    })
    onTestFinished(() => verification.close())
    const app = new Hono().use(onedataAuth({ verification, identityProviderTokens: true }))
    const later = jwtOf({ azp: 'portal-1' })
    for (const fault of [
      { kind: 'hang' },
      { kind: 'status', status: 500 },
      { kind: 'redirect', location: 'http://127.0.0.1:1/' },
      { kind: 'garbage' },
      { kind: 'reset' },
    ] as const) {
      onezone.setFaults([{ operation: 'createTemporaryToken', ...fault }])
      const response = await app.request('/', { headers: { 'X-Auth-Token': `egi:${later}` } })
      expect(response.status).toBe(503)
    }
  })

  test('a prefix that Onezone does not know is the gateway that is misconfigured', async () => {
    const { ask } = await startRoute({ providers: [{ prefix: 'ego:', any: true }] })
    expect(await ask({ 'X-Auth-Token': 'ego:x' })).toBe('503 gateway_misconfigured')
  })

  test('another token than was asked for is none', async () => {
    const { egi, onezone } = await startRoute()
    const token = onezone.createTemporaryToken({ subject: ALICE, validForSeconds: 100 })
    onezone.setFaults([
      { operation: 'createTemporaryToken', kind: 'status', status: 201, body: { token } },
    ])
    expect(await egi(JWT)).toBe('503 verifier_unavailable')
  })
})

test('an address may cause sixty exchanges at once, whatever comes of them', async () => {
  const tokens = Array.from({ length: 61 }, (_, i) => jwtOf({ ...CLAIMS, sub: `user ${i}` }))
  const users = Object.fromEntries(tokens.map((token) => [token, 'alice']))
  const { egi, exchanges, clock } = await startRoute({ users })
  const last = tokens.pop() ?? ''
  for (const token of tokens) expect(await egi(token)).toBe('200')
  expect(await egi(last)).toBe('429 verification_budget_exceeded')
  expect(await egi(tokens[0] ?? '')).toBe('200')
  expect(await egi(last, '198.51.100.1')).toBe('200')
  expect(exchanges()).toBe(61)
  clock.advance(500)
  expect(await egi(jwtOf({ azp: 'portal-1' }))).toBe('401 idp_token_invalid')
})

test('a zone with a longer prefix stumbles over shorter texts, and is not asked about them', async () => {
  const { egi, onezone, exchanges } = await startRoute()
  const longer = { id: 'a-provider-with-a-very-long-name' }
  onezone.patchWorld({ identityProviders: [longer, { id: 'egi', users: { x: 'alice' } }] })
  const call = async (token: string) => {
    const response = await fetch(`${onezone.url}/api/v3/onezone/user/tokens/temporary`, {
      headers: { 'X-Auth-Token': token },
    })
    const { error } = (await response.json()) as {
      error: { details: { authError: { id: string } } }
    }
    return [response.status, error.details.authError.id]
  }
  expect(await call('egi:x')).toEqual([401, 'internalServerError'])
  expect(await call(`egi:${'y'.repeat(40)}`)).toEqual([401, 'badIdpAccessToken'])
  expect(await call('z'.repeat(40))).toEqual([401, 'badToken'])
  expect(await egi('')).toBe('401 token_malformed')
  expect(exchanges()).toBe(0)
})

describe('where no route takes them', () => {
  test.each([
    [{ 'X-Auth-Token': `egi:${JWT}` }],
    [{ Authorization: `Bearer egi:${JWT}` }],
    [{ Authorization: `Bearer ${JWT}` }],
    [{ 'X-Auth-Token': 'github/gho_abc' }],
  ])('they are named, with the way to a token that passes', async (headers) => {
    const onezone = await startOnezone()
    const app = new Hono().use(onedataAuth({ onezoneUrl: onezone.url }))
    const response = await app.request('/', { headers })
    const body = (await response.json()) as { code: string; tokenForm: string }
    expect([response.status, body.code]).toEqual([401, 'idp_token_not_accepted'])
    expect(body.tokenForm).toMatch(/\/onedata\/tokens\/new\?options=/)
    expect(response.headers.get('WWW-Authenticate')).toMatch(/error="invalid_token"/)
    const [credential = ''] = Object.values(headers).map((value) => value.split(/[ :/]/).at(-1))
    expect(JSON.stringify(body)).not.toContain(credential)
    expect(onezone.calls().verifyAccessToken).toBe(0)
  })

  test.each([['not-a-token'], ['a:'], ['eyJ.eyJ.x'], [':x'], ['MDAx']])(
    'other text is no token at all: %s',
    async (text) => {
      const onezone = await startOnezone()
      const app = new Hono().use(onedataAuth({ onezoneUrl: onezone.url }))
      const response = await app.request('/', { headers: { 'X-Auth-Token': text } })
      expect(await response.json()).toMatchObject({ code: 'token_malformed' })
    },
  )
})

describe('providers that make no sense are refused', () => {
  test.each<[string, readonly object[], RegExp]>([
    ['no clients', [{ prefix: 'egi:' }], /identityProviders\[0\]\.clients.*must name a client/],
    ['empty clients', [{ prefix: 'egi:', clients: [] }], /must name a client/],
    ['clients and any', [{ ...EGI, any: true }], /contradicts "clients"/],
    ['one prefix twice', [EGI, EGI], /is that of another provider/],
    [
      'two bare',
      [
        { ...EGI, bare: true },
        { ...EGI, prefix: 'b:', bare: true },
      ],
      /of one only/,
    ],
    ['no prefix', [{ clients: ['a'] }], /prefix.*is missing/],
    ['a prefix like a token', [{ ...EGI, prefix: 'egi' }], /must be up to 63 letters/],
    ['too long an exchange', [{ ...EGI, exchangeMs: 900_001 }], /exchangeMs/],
    ['a misspelling', [{ ...EGI, client: 'x' }], /did you mean "clients"/],
  ])('%s', (_, identityProviders, message) => {
    const options = { onezone: { url: 'https://onezone.example.org' }, identityProviders }
    expect(() => createVerification(options as VerificationOptions)).toThrow(message)
  })

  test('and so are routes that could not take them', async () => {
    const onezone = await startOnezone()
    const verification = createVerification({ onezone: { url: onezone.url } })
    onTestFinished(() => verification.close())
    const auth = (more: Partial<OnedataAuthOptions>) => () =>
      onedataAuth({ verification, identityProviderTokens: true, ...more })
    expect(auth({})).toThrow(/needs "identityProviders"/)
    expect(auth({ token: 'identity' })).toThrow(/"token": "access" only/)
  })
})
