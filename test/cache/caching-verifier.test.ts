import { describe, expect, test } from 'vitest'

import { withCache } from '../../src/cache/index.ts'
import type { CacheOptions } from '../../src/cache/index.ts'
import { VerifierFaultError } from '../../src/errors.ts'
import type { Verdict, VerificationRequest } from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'

const alice = { type: 'user', id: 'alice' } as const

/** A verifier that is told what to answer, and counts the questions. */
function setUp(options: CacheOptions = {}) {
  const clock = createFakeClock()
  const asked: VerificationRequest[] = []
  let answer: (askedAtMs: number) => Verdict | Promise<Verdict> = (askedAtMs) =>
    accept({ subject: alice, ttlSeconds: null, askedAtMs })
  let closed = 0
  const verifier = withCache(
    {
      async verify(request) {
        asked.push(request)
        return { verdict: await answer(clock.monotonic()), source: 'onezone' as const }
      },
      close: async () => void closed++,
    },
    { clock, ...options },
  )
  return {
    clock,
    asked,
    verifier,
    closed: () => closed,
    answerWith: (next: typeof answer) => void (answer = next),
    verify: async (request: Partial<VerificationRequest> = {}) =>
      verifier.verify({ ...question(), ...request }),
  }
}

const plain = tokenOf()
const ipConfined = tokenOf({ caveats: [{ type: 'ip', whitelist: ['10.0.0.0/8'] }] })
const interfaceConfined = tokenOf({ caveats: [{ type: 'interface', interface: 'rest' }] })
const consumerConfined = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
const readonly = tokenOf({ caveats: [{ type: 'data.readonly' }] })

function question(): VerificationRequest {
  return {
    token: plain,
    kind: 'access',
    peerIp: '10.0.0.1',
    interface: 'rest',
    consumerToken: null,
    allowDataAccessCaveats: false,
    inviteType: null,
  }
}

describe('a grant', () => {
  test('is asked for once and then remembered, and says so', async () => {
    const { verify, asked } = setUp()
    expect(await verify()).toMatchObject({ source: 'onezone', verdict: { outcome: 'accepted' } })
    expect(await verify()).toMatchObject({ source: 'cache', verdict: { subject: alice } })
    expect(asked).toHaveLength(1)
  })

  test('is used until the bound and not a moment longer, however often it was used', async () => {
    const { verify, asked, clock } = setUp({ maxStalenessMs: 10_000 })
    await verify()
    for (let i = 0; i < 9; i++) {
      clock.advance(1_000)
      await verify()
    }
    clock.advance(999)
    expect((await verify()).source).toBe('cache')
    clock.advance(1)
    expect((await verify()).source).toBe('onezone')
    expect(asked).toHaveLength(2)
  })

  test('is as old as its question, not as its answer', async () => {
    const { verify, answerWith, clock, asked } = setUp({ maxStalenessMs: 10_000 })
    answerWith((askedAtMs) => {
      clock.advance(4_000)
      return accept({ subject: alice, ttlSeconds: null, askedAtMs })
    })
    await verify()
    clock.advance(5_999)
    expect((await verify()).source).toBe('cache')
    clock.advance(1)
    await verify()
    expect(asked).toHaveLength(2)
  })

  test('never outlives its token', async () => {
    const { verify, answerWith, clock, asked } = setUp()
    answerWith((askedAtMs) => accept({ subject: alice, ttlSeconds: 3, askedAtMs }))
    await verify()
    clock.advance(2_999)
    await verify()
    expect(asked).toHaveLength(1)
    clock.advance(1)
    await verify()
    expect(asked).toHaveLength(2)
  })

  test('of a token with no second left is not kept at all', async () => {
    const { verify, verifier, answerWith } = setUp()
    answerWith((askedAtMs) => accept({ subject: alice, ttlSeconds: 0, askedAtMs }))
    await verify()
    expect(verifier.entries('grants')).toBe(0)
  })

  test('is not affected by a jump of the wall clock', async () => {
    const { verify, clock, asked } = setUp()
    await verify()
    clock.jump(-3_600_000)
    await verify()
    clock.jump(7_200_000)
    await verify()
    expect(asked).toHaveLength(1)
  })

  test('cannot be changed by those who get it', async () => {
    const { verify } = setUp()
    await verify()
    const { verdict } = await verify()
    expect(() => Object.assign(verdict, { subject: { type: 'user', id: 'root' } })).toThrow(
      TypeError,
    )
    expect(await verify()).toMatchObject({ verdict: { subject: alice } })
  })
})

describe('the key holds what the caveats of the token read, and nothing else', () => {
  test('a token without caveats is asked for once, from anywhere', async () => {
    const { verify, asked } = setUp()
    await verify({ peerIp: '10.0.0.1' })
    await verify({ peerIp: '10.0.0.2', interface: 'oneclient' })
    await verify({ peerIp: null, interface: null, consumerToken: plain })
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['ip', ipConfined, { peerIp: '10.0.0.2' }],
    ['interface', interfaceConfined, { interface: null }],
    ['consumer', consumerConfined, { consumerToken: ipConfined }],
    ['data.readonly', readonly, { allowDataAccessCaveats: true }],
  ] as const)(
    'a token with %s is asked for again in another context',
    async (_type, token, other) => {
      const { verify, asked } = setUp()
      await verify({ token })
      await verify({ token })
      expect(asked).toHaveLength(1)
      await verify({ token, ...other })
      expect(asked).toHaveLength(2)
    },
  )

  test('an ip caveat does not make the interface matter', async () => {
    const { verify, asked } = setUp()
    await verify({ token: ipConfined })
    await verify({ token: ipConfined, interface: null })
    expect(asked).toHaveLength(1)
  })

  test('what a token is used as is always part of it', async () => {
    const { verify, asked } = setUp()
    await verify()
    await verify({ kind: 'identity' })
    await verify({ kind: 'invite' })
    await verify({ kind: 'invite', inviteType: 'userJoinGroup' })
    expect(asked).toHaveLength(4)
  })

  test('another spelling of a token is the same token; another signature is not', async () => {
    const { verify, asked } = setUp()
    await verify({ token: tokenOf({ onezoneDomain: 'a.example.org' }) })
    await verify({ token: tokenOf({ onezoneDomain: 'b.example.org' }) })
    expect(asked).toHaveLength(1)
    await verify({ token: tokenOf({ secret: 'forged' }) })
    expect(asked).toHaveLength(2)
  })
})

describe('questions that are under way are shared', () => {
  test('a hundred callers, one question', async () => {
    const { verify, asked } = setUp()
    const answers = await Promise.all(Array.from({ length: 100 }, () => verify()))
    expect(asked).toHaveLength(1)
    expect(answers.map(({ source }) => source).sort()).toEqual([
      ...Array.from({ length: 99 }, () => 'coalesced'),
      'onezone',
    ])
  })

  test('but not across contexts that may get different answers (GHSA-84rm-mhfq-f476)', async () => {
    const { verify, asked } = setUp()
    await Promise.all([
      verify({ token: ipConfined, peerIp: '10.0.0.1' }),
      verify({ token: ipConfined, peerIp: '11.0.0.1' }),
    ])
    expect(asked).toHaveLength(2)
  })

  test('a fault reaches all that share it, and the next caller asks again', async () => {
    const { verify, answerWith, asked } = setUp()
    answerWith(() =>
      Promise.reject(new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'no answer')),
    )
    const answers = await Promise.allSettled([verify(), verify(), verify()])
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    expect(asked).toHaveLength(1)
    answerWith((askedAtMs) => accept({ subject: alice, ttlSeconds: null, askedAtMs }))
    expect((await verify()).verdict.outcome).toBe('accepted')
    expect(asked).toHaveLength(2)
  })
})

describe('a refusal', () => {
  test('is remembered for a short time', async () => {
    const { verify, answerWith, clock, asked } = setUp({ negativeTtlMs: 2_000 })
    answerWith((askedAtMs) => refuse('token_revoked', askedAtMs))
    await verify()
    clock.advance(1_999)
    expect(await verify()).toMatchObject({
      source: 'cache',
      verdict: { outcome: 'refused', reason: 'token_revoked' },
    })
    clock.advance(1)
    await verify()
    expect(asked).toHaveLength(2)
  })

  test('is not remembered at all where the operator says so', async () => {
    const { verify, answerWith, asked } = setUp({ negativeTtlMs: 0 })
    answerWith((askedAtMs) => refuse('token_invalid', askedAtMs))
    await verify()
    await verify()
    expect(asked).toHaveLength(2)
  })

  test('replaces a grant of the same token, and a grant replaces it', async () => {
    const { verify, verifier, answerWith, clock } = setUp()
    await verify()
    clock.advance(10_000)
    answerWith((askedAtMs) => refuse('token_revoked', askedAtMs))
    await verify()
    expect([verifier.entries('grants'), verifier.entries('refusals')]).toEqual([0, 1])
    clock.advance(2_000)
    answerWith((askedAtMs) => accept({ subject: alice, ttlSeconds: null, askedAtMs }))
    await verify()
    expect([verifier.entries('grants'), verifier.entries('refusals')]).toEqual([1, 0])
  })

  test('never pushes out a grant, however many there are', async () => {
    const evicted: string[] = []
    const { verify, verifier, answerWith, asked } = setUp({
      maxTokens: 10,
      maxRefusals: 20,
      onEviction: (store) => void evicted.push(store),
    })
    await verify()
    answerWith((askedAtMs) => refuse('token_invalid', askedAtMs))
    for (let i = 0; i < 200; i++) await verify({ token: tokenOf({ id: `garbage${i}` }) })
    expect(verifier.entries('refusals')).toBe(20)
    expect(evicted).toHaveLength(180)
    expect(new Set(evicted)).toEqual(new Set(['refusals']))
    const before = asked.length
    expect((await verify()).source).toBe('cache')
    expect(asked).toHaveLength(before)
  })
})

describe('the stores are bounded', () => {
  test('and report what had to go while it was still good', async () => {
    const evicted: string[] = []
    const { verify, verifier, clock } = setUp({
      maxTokens: 3,
      onEviction: (store) => void evicted.push(store),
    })
    for (let i = 0; i < 5; i++) await verify({ token: tokenOf({ id: `tok${i}` }) })
    expect(verifier.entries('grants')).toBe(3)
    expect(evicted).toEqual(['grants', 'grants'])
    clock.advance(10_000)
    await verify({ token: tokenOf({ id: 'late' }) })
    expect(evicted).toHaveLength(2)
  })
})

test('closing closes the verifier behind it', async () => {
  const { verifier, closed } = setUp()
  await verifier.close()
  expect(closed()).toBe(1)
})

test.each([
  [{ maxStalenessMs: 0 }, '"maxStalenessMs"'],
  [{ maxStalenessMs: 1.5 }, '"maxStalenessMs"'],
  [{ maxStalenessMs: Number.NaN }, '"maxStalenessMs"'],
  [{ negativeTtlMs: -1 }, '"negativeTtlMs"'],
  [{ maxTokens: 0 }, '"maxTokens"'],
  [{ maxRefusals: Infinity }, '"maxRefusals"'],
])('the options %j are refused at construction', (options, message) => {
  expect(() => setUp(options)).toThrow(message)
})
