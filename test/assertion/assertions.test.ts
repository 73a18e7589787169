import { generateKeyPairSync } from 'node:crypto'

import fc from 'fast-check'
import type { JSONWebKeySet } from 'jose'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'

import type { AssertedIdentity, SigningKey } from '../../src/assertion/index.ts'
import { createAssertions, keyOfThisProcess, readSigningKey } from '../../src/assertion/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const ISSUER = 'https://gateway.example.org'
const AUDIENCE = 'https://api.example.org'

const PEM = {
  ES256: ecKey('P-256'),
  EdDSA: generateKeyPairSync('ed25519').privateKey,
}

function ecKey(namedCurve: string) {
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

const ecJwk = () => ecKey('P-256').export({ format: 'jwk' })

const pem = (key: ReturnType<typeof ecKey>, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  String(key.export({ type, format: 'pem' }))

const ALICE: AssertedIdentity = {
  subject: { type: 'user', id: 'alice' },
  token: { id: 'token-1', type: 'access', expiresAt: null },
  scopes: null,
  delegatedCaveats: [],
}

function setUp(keys: readonly SigningKey[], lifeMs?: number) {
  const clock = createFakeClock()
  let signed = 0
  const assertions = createAssertions({
    issuer: ISSUER,
    keys,
    lifeMs,
    clock,
    onSigned: () => signed++,
  })
  const keySet = createLocalJWKSet(JSON.parse(assertions.keySet) as JSONWebKeySet)
  const verify = (text: string, audience = AUDIENCE) =>
    jwtVerify(text, keySet, {
      audience,
      issuer: ISSUER,
      algorithms: ['ES256', 'EdDSA'],
      currentDate: new Date(clock.now()),
    })
  return { clock, assertions, verify, signed: () => signed }
}

describe('an assertion', () => {
  test.each(['ES256', 'EdDSA'] as const)(
    'of %s is verified by jose over the key set',
    async (alg) => {
      const key = await readSigningKey(pem(PEM[alg]))
      const { assertions, verify, clock, signed } = setUp([key])
      const made = assertions.forAudience(AUDIENCE)(ALICE, 1_500)
      const { payload } = await verify(made?.text ?? '')
      const seconds = Math.floor(clock.now() / 1000)
      expect(payload).toEqual({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'usr-alice',
        iat: seconds,
        exp: seconds + 10,
        jti: expect.stringMatching(/^[\w-]{16}$/) as string,
        onedata: {
          subject_type: 'user',
          subject_id: 'alice',
          token_id: 'token-1',
          token_type: 'access',
          token_expires: null,
          caveats: [],
          checked_at: Math.floor((clock.now() - 1_500) / 1000),
        },
      })
      expect(decodeProtectedHeader(made?.text ?? '')).toEqual({ alg, kid: key.kid, typ: 'JWT' })
      expect(made?.freshForMs).toBe(5_000)
      expect(signed()).toBe(1)
    },
  )

  test('is not for another audience, and not after its life', async () => {
    const { assertions, verify, clock } = setUp([await keyOfThisProcess()], 2_000)
    const { text = '' } = assertions.forAudience(AUDIENCE)(ALICE, 0) ?? {}
    await verify(text)
    await expect(verify(text, 'https://other.example.org')).rejects.toThrow('aud')
    clock.advance(2_000)
    await expect(verify(text)).rejects.toThrow('exp')
  })

  test('ends with its token', async () => {
    const { assertions, verify, clock } = setUp([await keyOfThisProcess()])
    const expiresAt = Math.floor(clock.now() / 1000) + 3
    const made = assertions.forAudience(AUDIENCE)(
      { ...ALICE, token: { ...ALICE.token, expiresAt } },
      0,
    )
    expect((await verify(made?.text ?? '')).payload.exp).toBe(expiresAt)
    expect(made?.freshForMs).toBe(1_500)
  })

  test('is never longer than 4096 characters, nor cut', async () => {
    const { assertions } = setUp([await keyOfThisProcess()])
    const whitelist = Array.from({ length: 200 }, (_, n) => `/space/directory-${n}`)
    const delegatedCaveats = [{ type: 'data.path', whitelist }] as const
    expect(assertions.forAudience(AUDIENCE)({ ...ALICE, delegatedCaveats }, 0)).toBeNull()
  })

  test('says what the identity says, whatever it is', async () => {
    const { assertions, verify } = setUp([await keyOfThisProcess()])
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(text, text, fc.array(text, { maxLength: 3 }), async (id, token, scopes) => {
        const identity = {
          ...ALICE,
          subject: { type: 'user', id } as const,
          token: { ...ALICE.token, id: token },
          scopes,
        }
        const { payload } = await verify(assertions.forAudience(AUDIENCE)(identity, 0)?.text ?? '')
        expect(payload.sub).toBe(`usr-${id}`)
        expect(payload['scope']).toBe(scopes.join(' '))
        expect(payload['onedata']).toMatchObject({ subject_id: id, token_id: token })
      }),
      { numRuns: 100 },
    )
  })
})

describe('keys', () => {
  test('PKCS#8, SEC1 and JWK of one key have one name', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = JSON.stringify({
      ...privateKey.export({ format: 'jwk' }),
      kid: 'mine',
      alg: 'none',
    })
    const read = await Promise.all(
      [pem(privateKey), pem(privateKey, 'sec1'), jwk].map((text) => readSigningKey(text)),
    )
    expect(new Set(read.map(({ kid }) => kid)).size).toBe(1)
    expect(read.every(({ alg }) => alg === 'ES256')).toBe(true)
  })

  test('the key set holds the public parts of all, and no private one', async () => {
    const keys = await Promise.all(Object.values(PEM).map((key) => readSigningKey(pem(key))))
    const { assertions } = setUp(keys)
    const set = JSON.parse(assertions.keySet) as JSONWebKeySet
    expect(set.keys.map(({ kid, use }) => [kid, use])).toEqual(keys.map(({ kid }) => [kid, 'sig']))
    for (const key of set.keys) expect(key).not.toHaveProperty('d')
    for (const { d } of keys) expect(assertions.keySet).not.toContain(d)
  })

  test('the first one signs; what an earlier one signed is still verified', async () => {
    const [one, two] = await Promise.all(Object.values(PEM).map((key) => readSigningKey(pem(key))))
    if (one === undefined || two === undefined) throw new Error('two keys')
    const before = setUp([one, two])
    const after = setUp([two, one])
    const old = before.assertions.forAudience(AUDIENCE)(ALICE, 0)
    expect((await after.verify(old?.text ?? '')).protectedHeader.kid).toBe(one.kid)
    const next = after.assertions.forAudience(AUDIENCE)(ALICE, 0)
    expect((await before.verify(next?.text ?? '')).protectedHeader.kid).toBe(two.kid)
  })

  const other = PEM.EdDSA.export({ format: 'jwk' })
  test.each([
    ['nothing', ''],
    ['no key', 'hello'],
    ['a public key', JSON.stringify({ ...other, d: undefined })],
    ['an RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)],
    ['a key on another curve', pem(ecKey('P-384'))],
    ['a list', '[]'],
    ['JSON that is none', '{'],
    ['parts of two keys', JSON.stringify({ ...ecJwk(), d: ecJwk().d })],
  ])('%s is refused without a word of it', async (_, text) => {
    const refusal = await readSigningKey(text).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TypeError)
    expect(String(refusal)).not.toContain(other.d)
  })

  test('without keys nothing is signed', () => {
    expect(() => createAssertions({ issuer: ISSUER, keys: [] })).toThrow('"keys" must hold')
  })
})
