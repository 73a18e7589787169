import { describe, expect, test } from 'vitest'

import type {
  AuthenticatorOptions,
  DecisionEvent,
  RoutePolicy,
} from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import { VerificationBudgetError, VerifierFaultError } from '../../src/errors.ts'
import type { Caveat, CaveatInput } from '../../src/token/index.ts'
import { parseToken } from '../../src/token/index.ts'
import type { Question, Verdict, SourcedVerdict } from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { mint } from '../helpers/tokens.ts'

const alice = { type: 'user', id: 'alice' } as const

/** One route in front of a verifier that is told what to answer, and counts the questions. */
function setUp(policy: Partial<RoutePolicy> = {}, options: Partial<AuthenticatorOptions> = {}) {
  const clock = createFakeClock()
  const asked: Question[] = []
  const events: DecisionEvent[] = []
  const log: { level: string; facts: object; message: string }[] = []
  const write = (level: string) => (facts: object, message: string) =>
    void log.push({ level, facts, message })
  let answer = (): SourcedVerdict | Promise<SourcedVerdict> => ({
    verdict: accept({ subject: alice, ttlSeconds: null, askedAtMs: clock.monotonic() }),
    source: 'onezone',
  })
  const route = createAuthenticator({
    verifier: {
      verify(request) {
        asked.push(request)
        return answer()
      },
      close: async () => {},
    },
    clock,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
    onDecision: (event) => void events.push(event),
    ...options,
  }).route({ id: 'r', token: 'access', ...policy })
  return {
    clock,
    asked,
    events,
    log,
    route,
    answerWith: (next: typeof answer) => void (answer = next),
    answerVerdict: (verdict: Verdict) => void (answer = () => ({ verdict, source: 'onezone' })),
    authenticate: (...rawHeaders: string[]) =>
      route.authenticate({ rawHeaders, remoteAddress: '192.0.2.1', secure: false }),
  }
}

const denied = (status: number, code: string) => ({ outcome: 'denied', answer: { status, code } })
const bearer = (token: string) => ['Authorization', `Bearer ${token}`]

describe('a good token', () => {
  test('is asked about again as who asks again demands, and its grant says of when it is', async () => {
    const { route, asked, clock, answerVerdict } = setUp()
    const askedAtMs = clock.monotonic() - 3_000
    answerVerdict(accept({ subject: alice, ttlSeconds: null, askedAtMs }))
    const request = { rawHeaders: bearer(mint()), remoteAddress: '192.0.2.1', secure: false }
    expect(await route.authenticate(request)).toMatchObject({ outcome: 'granted', askedAtMs })
    await route.authenticate({ ...request, maxFactAgeMs: 4_000 })
    expect(asked.map(({ maxFactAgeMs }) => maxFactAgeMs)).toEqual([undefined, 4_000])
  })

  test('lets the request pass and says whose it is', async () => {
    const { authenticate, asked, events } = setUp()
    const token = mint()
    expect(await authenticate(...bearer(token))).toMatchObject({
      outcome: 'granted',
      identity: {
        subject: alice,
        token: { id: 'tok1', type: 'access', persistence: 'named', expiresAt: null },
        delegatedCaveats: [],
      },
      client: { address: '192.0.2.1' },
      source: 'onezone',
    })
    expect(asked[0]).toMatchObject({ kind: 'access', peerIp: '192.0.2.1', interface: 'rest' })
    expect(events).toEqual([
      {
        routeId: 'r',
        outcome: 'granted',
        source: 'onezone',
        code: null,
        caveat: null,
        clientAddress: '192.0.2.1',
        ageMs: 0,
        violation: false,
        requestId: null,
        path: null,
        subject: { type: 'user', id: 'alice' },
        fingerprint: parseToken(token).fingerprint,
      },
    ])
  })

  test('is decided at once where the verdict is at hand, without a promise', () => {
    const { authenticate } = setUp()
    expect(authenticate(...bearer(mint()))).not.toBeInstanceOf(Promise)
  })

  test('states the subject that the verifier named, not the one that the token claims', async () => {
    const { authenticate, answerVerdict } = setUp()
    const bob = { type: 'user', id: 'bob' } as const
    answerVerdict(accept({ subject: bob, ttlSeconds: null, askedAtMs: 0 }))
    expect(await authenticate(...bearer(mint()))).toMatchObject({ identity: { subject: bob } })
  })
})

describe('without a question to the verifier', () => {
  test.each<[string, number, string, string[]]>([
    ['no credential', 401, 'credentials_missing', []],
    ['two credentials', 400, 'credentials_ambiguous', ['X-Auth-Token', 'MDAx', ...bearer(mint())]],
    ['an unreadable Authorization', 400, 'credentials_malformed', ['Authorization', 'Bearer a b']],
    ['an empty token', 401, 'credentials_missing', ['X-Auth-Token', '']],
    ['garbage', 401, 'token_malformed', ['X-Auth-Token', 'rubbish-123']],
    ['a token over 1 MiB', 401, 'token_too_large', ['X-Auth-Token', 'M'.repeat(1_048_577)]],
    [
      'an identity token',
      401,
      'token_type_mismatch',
      bearer(mint({ type: { identityToken: {} } })),
    ],
    [
      'a temporary token of a group, which Onezone answers with 500',
      401,
      'token_invalid',
      bearer(
        mint({ persistence: 'temporary', generation: 1, subject: { type: 'group', id: 'g' } }),
      ),
    ],
    [
      'a malformed consumer token',
      401,
      'consumer_token_invalid',
      ['X-Onedata-Consumer-Token', 'x', ...bearer(mint())],
    ],
  ])('%s gets %i %s', async (_title, status, code, rawHeaders) => {
    const { authenticate, asked } = setUp()
    expect(await authenticate(...rawHeaders)).toMatchObject(denied(status, code))
    expect(asked).toHaveLength(0)
  })

  test('a public route asks nobody and names nobody, whatever it is sent', async () => {
    const { authenticate, asked } = setUp({ token: 'none' })
    expect(await authenticate(...bearer(mint()))).toMatchObject({
      outcome: 'granted',
      identity: null,
      source: null,
    })
    expect(asked).toHaveLength(0)
  })

  test('an optional route lets nobody pass as nobody, but not bad credentials', async () => {
    const { authenticate, asked } = setUp({ optional: true })
    expect(await authenticate()).toMatchObject({ outcome: 'granted', identity: null })
    expect(await authenticate('X-Auth-Token', 'x')).toMatchObject(denied(401, 'token_malformed'))
    expect(asked).toHaveLength(0)
  })

  test('an unreadable address list of a trusted proxy leaves the address unknown, which is told once a minute', async () => {
    const { route, asked, clock, log } = setUp({}, { trustedProxies: ['192.0.2.1'] })
    const rawHeaders = ['X-Forwarded-For', '1.1.1.1, unknown', ...bearer(mint())]
    const facts = { rawHeaders, remoteAddress: '192.0.2.1', secure: false }
    expect(await route.authenticate(facts)).toMatchObject({ outcome: 'granted' })
    await route.authenticate(facts)
    expect(asked.map(({ peerIp }) => peerIp)).toEqual([null, null])
    expect(log).toHaveLength(1)
    clock.advance(60_000)
    await route.authenticate(facts)
    expect(log[1]).toMatchObject({ level: 'warn', facts: { omitted: 1 } })
  })
})

describe('what the verifier says is told by the table', () => {
  test.each([
    ['token_invalid', 401],
    ['token_expired', 401],
    ['token_revoked', 401],
    ['token_type_mismatch', 401],
    ['consumer_token_invalid', 401],
    ['user_blocked', 403],
    ['service_forbidden', 403],
  ] as const)('%s by %i', async (reason, status) => {
    const { authenticate, answerVerdict, events } = setUp()
    answerVerdict(refuse(reason, 0))
    expect(await authenticate(...bearer(mint()))).toMatchObject(denied(status, reason))
    expect(events).toMatchObject([{ outcome: 'refused', code: reason }])
  })

  test('a caveat that does not hold is named', async () => {
    const { authenticate, answerVerdict } = setUp()
    answerVerdict(refuse('caveat_unverified', 0, 'ip'))
    const decision = await authenticate(...bearer(mint()))
    expect(decision).toMatchObject(denied(401, 'caveat_unverified'))
    expect(decision.outcome === 'denied' && JSON.parse(decision.answer.body)).toMatchObject({
      caveat: 'ip',
    })
  })

  test('an acceptance of nobody, or of a subject without id, lets nobody pass', async () => {
    const { authenticate, answerVerdict } = setUp()
    answerVerdict(accept({ subject: { type: 'nobody', id: null }, ttlSeconds: null, askedAtMs: 0 }))
    expect(await authenticate(...bearer(mint()))).toMatchObject(denied(403, 'subject_not_allowed'))
  })

  test('what only looks like an acceptance is none (deny by type)', async () => {
    const { authenticate, answerWith } = setUp()
    const forged = { outcome: 'accepted', subject: alice, ttlSeconds: null, askedAtMs: 0 }
    answerWith(() => ({ verdict: forged as unknown as Verdict, source: 'onezone' }))
    expect(await authenticate(...bearer(mint()))).toMatchObject(denied(500, 'internal_error'))
  })
})

describe('where nobody can say', () => {
  test.each([
    [
      'at once',
      () => {
        throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'down')
      },
    ],
    ['later', () => Promise.reject(new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'down'))],
  ])('the client is told 503 and when to come back (%s)', async (_title, fault) => {
    const { authenticate, answerWith, events } = setUp()
    answerWith(fault)
    const decision = await authenticate(...bearer(mint()))
    expect(decision).toMatchObject(denied(503, 'verifier_unavailable'))
    expect(decision).toMatchObject({ answer: { retryAfterSeconds: 2, challenges: [] } })
    expect(events).toMatchObject([{ outcome: 'fault', code: 'verifier_unavailable' }])
  })

  test('a misconfiguration is the operator’s affair, loudly', async () => {
    const { authenticate, answerWith, log } = setUp()
    answerWith(() => Promise.reject(new VerifierFaultError('ERR_GATEWAY_MISCONFIGURED', 'bad')))
    expect(await authenticate(...bearer(mint()))).toMatchObject(
      denied(503, 'gateway_misconfigured'),
    )
    expect(log).toMatchObject([{ level: 'error', message: 'bad' }])
  })

  test('a bug is a 500 and never a grant', async () => {
    const { authenticate, answerWith, log } = setUp()
    answerWith(() => {
      throw new RangeError('oops')
    })
    expect(await authenticate(...bearer(mint()))).toMatchObject(denied(500, 'internal_error'))
    expect(log).toMatchObject([{ level: 'error', message: 'verification failed unexpectedly' }])
  })

  test('an outage is one line a second, not one a request, and no line holds a token', async () => {
    const { authenticate, answerWith, log, clock } = setUp()
    answerWith(() => Promise.reject(new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'down')))
    for (let i = 0; i < 50; i++) await authenticate(...bearer(mint()))
    clock.advance(1_000)
    await authenticate(...bearer(mint()))
    expect(log.map(({ facts }) => facts)).toMatchObject([{ omitted: 0 }, { omitted: 49 }])
    expect(JSON.stringify(log)).not.toContain(mint().slice(0, 40))
  })
})

describe('the promise is enforced where requests pass', () => {
  const grantOfAge = (ageMs: number, clock: { monotonic(): number }): SourcedVerdict => ({
    verdict: accept({ subject: alice, ttlSeconds: null, askedAtMs: clock.monotonic() - ageMs }),
    source: 'cache',
  })

  test('a fact of exactly the bound is good enough; its age is told', async () => {
    const { authenticate, answerWith, clock, events } = setUp({}, { stalenessBoundMs: 10_000 })
    answerWith(() => grantOfAge(10_000, clock))
    expect(await authenticate(...bearer(mint()))).toMatchObject({ outcome: 'granted' })
    expect(events).toMatchObject([{ ageMs: 10_000, violation: false }])
  })

  test('an older one is withheld whatever the verifier says, counted and logged', async () => {
    const { authenticate, answerWith, clock, events, log } = setUp({}, { stalenessBoundMs: 10_000 })
    answerWith(() => grantOfAge(10_001, clock))
    expect(await authenticate(...bearer(mint()))).toMatchObject(denied(503, 'verifier_unavailable'))
    expect(events).toMatchObject([{ outcome: 'fault', ageMs: 10_001, violation: true }])
    expect(log).toMatchObject([{ level: 'error', message: 'a grant was older than the bound' }])
  })

  test('a stale grant is marked for the upstream, and no other is', async () => {
    const { authenticate, answerWith, clock } = setUp()
    const { verdict } = grantOfAge(0, clock)
    answerWith(() => ({ verdict, source: 'stale' }))
    const stale = await authenticate(...bearer(mint()))
    expect(stale.outcome === 'granted' && stale.identityHeaders.slice(-2)).toEqual([
      'X-Onedata-Verdict',
      'stale',
    ])
    answerWith(() => ({ verdict, source: 'cache' }))
    const fresh = await authenticate(...bearer(mint()))
    expect(fresh.outcome === 'granted' && fresh.identityHeaders).not.toContain('X-Onedata-Verdict')
  })
})

test('who costs too many verifications is told 429 and when to come back', async () => {
  const { authenticate, answerWith, log } = setUp()
  answerWith(() => {
    throw new VerificationBudgetError(3)
  })
  const decision = await authenticate(...bearer(mint()))
  expect(decision).toMatchObject(denied(429, 'verification_budget_exceeded'))
  expect(decision).toMatchObject({ answer: { retryAfterSeconds: 3, challenges: [] } })
  expect(log).toEqual([])
})

describe('subjects', () => {
  test.each([
    [{ types: ['user'] }, 'granted'],
    [{ types: ['oneprovider'] }, 'denied'],
    [{ ids: ['alice'] }, 'granted'],
    [{ ids: ['bob'] }, 'denied'],
    [{ types: ['user'], ids: [] }, 'denied'],
  ] as const)('the policy %j has the request %s', async (subjects, outcome) => {
    const { authenticate } = setUp({ subjects })
    const decision = await authenticate(...bearer(mint()))
    expect(decision.outcome).toBe(outcome)
    if (outcome === 'denied') expect(decision).toMatchObject(denied(403, 'subject_not_allowed'))
  })
})

describe('caveats that verification does not enforce', () => {
  const API: CaveatInput = { type: 'api', whitelist: ['all/all/*.*.*:*'] }
  const DATA: CaveatInput = { type: 'data.readonly' }
  const SERVICE: CaveatInput = { type: 'service', whitelist: ['ozw-onezone'] }

  test.each([
    ['api', API],
    ['data.readonly', DATA],
    ['service', SERVICE],
  ] as const)(
    '%s: refused by default, and nobody is asked (traps T4, T14)',
    async (type, caveat) => {
      const { authenticate, asked } = setUp()
      const decision = await authenticate(...bearer(mint({ caveats: [caveat] })))
      expect(decision).toMatchObject(denied(403, 'caveat_not_enforced'))
      expect(decision.outcome === 'denied' && decision.answer.body).toContain(`"caveat":"${type}"`)
      expect(asked).toHaveLength(0)
    },
  )

  test.each<[string, RoutePolicy['caveats'], CaveatInput, Caveat[], boolean]>([
    ['api', { api: 'delegate' }, API, [API as Caveat], false],
    ['data.readonly', { data: 'delegate' }, DATA, [DATA as Caveat], true],
    ['service', { service: 'as-onezone' }, SERVICE, [], false],
  ])('%s: admitted where the route says how', async (_type, caveats, caveat, delegated, allow) => {
    const { authenticate, asked } = setUp({ caveats })
    expect(await authenticate(...bearer(mint({ caveats: [caveat] })))).toMatchObject({
      outcome: 'granted',
      identity: { delegatedCaveats: delegated },
    })
    expect(asked[0]?.allowDataAccessCaveats).toBe(allow)
  })

  test('service: left to Onezone where it is told a service token', async () => {
    const { authenticate, asked } = setUp({}, { serviceTokenConfigured: true })
    expect(await authenticate(...bearer(mint({ caveats: [SERVICE] })))).toMatchObject({
      outcome: 'granted',
    })
    expect(asked).toHaveLength(1)
  })
})

describe('identity routes', () => {
  test('ask about a provider’s access token, which Onezone accepts as identity (§5.3)', async () => {
    const { authenticate, asked } = setUp({ token: 'identity' })
    await authenticate(...bearer(mint({ subject: { type: 'oneprovider', id: 'p1' } })))
    expect(asked).toHaveLength(1)
  })

  test('refuse a user’s access token and a session-bound one without asking', async () => {
    const { authenticate, asked } = setUp({ token: 'identity' })
    expect(await authenticate(...bearer(mint()))).toMatchObject(denied(401, 'token_type_mismatch'))
    expect(
      await authenticate(
        ...bearer(
          mint({
            subject: { type: 'oneprovider', id: 'p1' },
            type: { accessToken: { sessionId: 's' } },
          }),
        ),
      ),
    ).toMatchObject(denied(401, 'token_type_mismatch'))
    expect(asked).toHaveLength(0)
  })
})

test.each<[Partial<RoutePolicy>, string]>([
  [{ id: '' }, '"id"'],
  [{ token: 'acess' as 'access' }, '"token"'],
  [{ interface: 'REST' as 'rest' }, '"interface"'],
  [{ caveats: { service: 'verify' } }, '"caveats.service"'],
  [{ headers: { subjectId: 'Host' } }, '"headers.subjectId"'],
])('the policy %j is refused at construction', (policy, message) => {
  expect(() => setUp(policy)).toThrow(message)
})

test('a policy that contradicts the service token is refused at construction', () => {
  expect(() =>
    setUp({ caveats: { service: 'as-onezone' } }, { serviceTokenConfigured: true }),
  ).toThrow('contradicts')
})

test.each([0, -1, Number.NaN])('the bound %j is refused at construction', (stalenessBoundMs) => {
  expect(() => setUp({}, { stalenessBoundMs })).toThrow('"stalenessBoundMs"')
})
