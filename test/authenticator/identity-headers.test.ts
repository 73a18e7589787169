import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Identity } from '../../src/authenticator/index.ts'
import { createHeaderPolicy, foldName } from '../../src/authenticator/index.ts'

const alice: Identity = {
  subject: { type: 'user', id: 'alice' },
  token: {
    id: 'tok1',
    type: 'access',
    persistence: 'named',
    fingerprint: '0123456789ab',
    expiresAt: 1_893_456_000,
  },
  scopes: null,
  delegatedCaveats: [{ type: 'data.readonly' }],
}

function pairs(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [])),
  )
}

describe('inbound fields are dropped by class', () => {
  const policy = createHeaderPolicy({ names: { subjectId: 'Remote-User' }, reserved: ['X-Who'] })

  test.each([
    'X-Onedata-Subject-Id',
    'x-ONEDATA-anything',
    'X_Onedata_Subject_Id',
    'X.Onedata.Subject.Id',
    'X-Onedata_Subject-Id',
    'X!Onedata~Subject|Id',
    "X'Onedata'Subject",
    'X-Forwarded-For',
    'X_Forwarded_Proto',
    'X-Forwarded-User',
    'Forwarded',
    'X-Real-IP',
    'x.real.ip',
    'Remote-User',
    'remote_user',
    'X-Who',
    'X-Auth-Token',
    'X_Auth_Token',
    'Authorization',
    'Macaroon',
    'X-Onedata-Consumer-Token',
    'X_Auth_Request_User',
    'X-Authenticated-User',
    'OIDC_CLAIM_sub',
    'X-MS-CLIENT-PRINCIPAL-ID',
    'Cf-Access-Jwt-Assertion',
    'X-SSL-Client-S-DN',
    'X-Original-URL',
    'X_Rewrite_URL',
    'X-HTTP-DestinationURL',
    'True-Client-IP',
    'CF-Connecting-IP',
    'Client-IP',
  ])('%s', (name) => {
    expect(policy.drops(name)).toBe(true)
  })

  test.each(['Accept', 'Cookie', 'Forwarded-By', 'X-Onedatax', 'X-Real-Ips', '__proto__'])(
    '%s passes',
    (name) => {
      expect(policy.drops(name)).toBe(false)
    },
  )

  test('however a name in the namespace is spelled (CVE-2025-64484, CVE-2026-88011)', () => {
    const separator = fc.constantFrom(..."-_.!#$%&'*+^`|~")
    const letters = (word: string) =>
      fc
        .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
        .map((upper) =>
          [...word]
            .map((letter, i) => (upper[i] === true ? letter.toUpperCase() : letter))
            .join(''),
        )
    fc.assert(
      fc.property(
        letters('x'),
        separator,
        fc.oneof(letters('onedata'), letters('forwarded')),
        separator,
        fc.string(),
        (x, one, space, two, rest) => {
          expect(createHeaderPolicy().drops(x + one + space + two + rest)).toBe(true)
        },
      ),
    )
  })

  test('credentials pass only where the route forwards them; identity never does', () => {
    const forwarding = createHeaderPolicy({ forwardToken: true })
    expect(forwarding.drops('X-Auth-Token')).toBe(false)
    expect(forwarding.drops('Authorization')).toBe(false)
    expect(forwarding.drops('X-Onedata-Consumer-Token')).toBe(false)
    expect(forwarding.drops('X-Onedata-Subject-Id')).toBe(true)
  })

  test('a flood of names does not grow the memory for names', () => {
    const policy = createHeaderPolicy()
    for (let i = 0; i < 5000; i++) policy.drops(`x-onedata-${i}`)
    expect(policy.drops('x-onedata-4999')).toBe(true)
    expect(policy.drops('x-request-4999')).toBe(false)
  })
})

describe('the identity is stated', () => {
  test('completely', () => {
    expect(pairs(createHeaderPolicy().state(alice))).toEqual({
      'X-Onedata-Subject-Type': 'user',
      'X-Onedata-Subject-Id': 'alice',
      'X-Onedata-Token-Id': 'tok1',
      'X-Onedata-Token-Type': 'access',
      'X-Onedata-Token-Expires': '1893456000',
      'X-Onedata-Caveats': '[{"type":"data.readonly"}]',
    })
  })

  test('by the names that the route gives', () => {
    const stated = pairs(
      createHeaderPolicy({ names: { subjectId: 'X-Forwarded-User' } }).state(alice),
    )
    expect(stated['X-Forwarded-User']).toBe('alice')
    expect(stated).not.toHaveProperty('X-Onedata-Subject-Id')
  })

  test('as empty fields where there is none, so that nothing stale survives (GHSA-7r4p-vjf4-gxv4)', () => {
    const stated = pairs(createHeaderPolicy().state(null))
    expect(Object.keys(stated)).toHaveLength(6)
    expect(Object.values(stated).every((value) => value === '')).toBe(true)
  })

  test('in printable ASCII, whatever the ids and caveats are', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme' }),
        (id, text) => {
          const flat = createHeaderPolicy().state({
            ...alice,
            subject: { type: 'user', id },
            token: { ...alice.token, id },
            delegatedCaveats: [{ type: 'data.path', whitelist: [text] }],
          })
          for (const value of flat) expect(value).toMatch(/^[\x20-\x7e]*$/)
          expect(JSON.parse(pairs(flat)['X-Onedata-Caveats'] ?? '')[0].whitelist).toEqual([text])
        },
      ),
    )
  })
})

test.each(['X-Forwarded-User', 'Remote-User', 'X-Onedata-Subject-Id'])(
  '%s may carry the subject',
  (subjectId) => {
    expect(createHeaderPolicy({ names: { subjectId } }).state(alice)).toContain(subjectId)
  },
)

test.each([
  [{ subjectId: 'X Who' }, '"headers.subjectId": must be the name of a header field'],
  [{ subjectId: '' }, '"headers.subjectId": must be the name of a header field'],
  [{ subjectId: 'Ü' }, '"headers.subjectId": must be the name of a header field'],
  [{ tokenId: 7 as never }, '"headers.tokenId": must be a string'],
  [{ subjectId: 'hOsT' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Content-Length' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Content-Type' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Cookie' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Proxy-Foo' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Authorization' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Forwarded' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'Transfer-Encoding' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'X-Auth-Token' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'X_Auth_Token' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'x-onedata-consumer-token' }, '"headers.subjectId": has another meaning'],
  [{ subjectId: 'X-Who', tokenId: 'x_who' }, '"headers.tokenId": is the name of "subjectId"'],
  [{ subjectId: 'x_onedata_token_id' }, '"headers.subjectId": is the name of "tokenId"'],
])('the names %j are refused at construction', (names, message) => {
  expect(() => createHeaderPolicy({ names })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(message) }),
  )
})

test('a default name is free for another fact where its own fact has moved away', () => {
  const names = { subjectId: 'X-Onedata-Token-Id', tokenId: 'X-Who' }
  expect(pairs(createHeaderPolicy({ names }).state(alice))).toMatchObject({
    'X-Onedata-Token-Id': 'alice',
    'X-Who': 'tok1',
  })
})

test('folding keeps letters and digits and makes all else a dash', () => {
  expect(foldName('X_Onedata.Subject~1')).toBe('x-onedata-subject-1')
})
