import { describe, expect, test } from 'vitest'

import { createTokenLookupClient } from '../../src/token-lookup/index.ts'
import { opaqueToken } from '../../src/token/index.ts'
import type { Question } from '../../src/verifier/index.ts'
import { createTokenLookupVerifier } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { readBody, sendJson, startHttpServer } from '../helpers/http-server.ts'

const SECRET = 'the-presented-secret'

/** A verifier before a server that gives one answer, and what that server was asked. */
async function setUp(status: number, answer: unknown) {
  const asked: { url: string | undefined; headers: Record<string, unknown>; body: string }[] = []
  const { url } = await startHttpServer(async (request, response) => {
    const { url, headers } = request
    asked.push({ url, headers, body: await readBody(request) })
    sendJson(response, status, answer)
  })
  const clock = createFakeClock()
  const client = createTokenLookupClient({ url, apiToken: 'own-secret' })
  const verifier = createTokenLookupVerifier({ client, clock })
  const verify = async (more: Partial<Question> = {}) =>
    verifier.verify({
      token: opaqueToken(SECRET),
      kind: 'access',
      peerIp: null,
      interface: 'rest',
      consumerToken: null,
      allowDataAccessCaveats: false,
      inviteType: null,
      ...more,
    })
  return { asked, clock, verify }
}

const START_MS = createFakeClock().now()
const GOOD = { id: 'tok', userId: 'alice', scopes: ['a', 'b'], revoked: false }

test('the question carries the token in its body only, and our own credential', async () => {
  const { asked, verify } = await setUp(200, GOOD)
  await verify()
  expect(asked).toHaveLength(1)
  const [{ url, headers, body } = { url: '', headers: {}, body: '' }] = asked
  expect(url).toBe('/api/cluster/v2/tokens/lookup')
  expect(JSON.parse(body)).toEqual({ token: SECRET })
  expect(headers['authorization']).toBe('Api-Token own-secret')
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
  expect(JSON.stringify([url, headers])).not.toContain(SECRET)
})

describe('a token is good', () => {
  test.each([
    ['with an end that has not come', { ...GOOD, expires: START_MS + 1 }],
    ['with an end of null', { ...GOOD, expires: null }],
    ['without an end', GOOD],
    ['where nothing is said of a revocation', { id: 'tok', userId: 'alice' }],
    ['where members of null say nothing', { ...GOOD, revoked: null, name: null, lastUse: null }],
  ])('%s', async (_title, metadata) => {
    const { verify, clock } = await setUp(200, metadata)
    const { verdict } = await verify()
    expect(verdict).toMatchObject({
      outcome: 'accepted',
      subject: { type: 'user', id: 'alice' },
      askedAtMs: clock.monotonic(),
      record: { id: 'tok', scopes: 'scopes' in metadata ? ['a', 'b'] : [] },
    })
  })

  test('until its end, in milliseconds', async () => {
    const { verify } = await setUp(200, { ...GOOD, expires: START_MS + 90_500 })
    expect((await verify()).verdict).toMatchObject({
      ttlSeconds: 90.5,
      record: { validUntil: Math.floor((START_MS + 90_500) / 1000) },
    })
  })
})

describe('a token is refused', () => {
  test.each([
    ['token_revoked', 200, { ...GOOD, revoked: true }],
    ['token_revoked', 200, { ...GOOD, revoked: true, expires: 1 }],
    ['token_expired', 200, { ...GOOD, expires: START_MS }],
    ['token_expired', 200, { ...GOOD, expires: 0 }],
    ['token_invalid', 404, { error: { code: 404, message: `no ${SECRET}` } }],
    ['token_invalid', 400, { error: { code: 400, message: 'Constraints violated.' } }],
    ['token_invalid', 410, { error: { code: 410, message: 'gone' } }],
  ])('%s: %i %j', async (reason, status, answer) => {
    const { verify } = await setUp(status, answer)
    expect((await verify()).verdict).toMatchObject({ outcome: 'refused', reason })
  })

  test.each(['identity', 'invite'] as const)('as %s, without a question', async (kind) => {
    const { verify, asked } = await setUp(200, GOOD)
    expect(await verify({ kind })).toMatchObject({
      verdict: { reason: 'token_type_mismatch' },
      source: 'local',
    })
    expect(asked).toEqual([])
  })
})

describe('nobody can say', () => {
  test.each([
    ['a token of nobody', 200, { ...GOOD, userId: undefined }],
    ['a token without id', 200, { ...GOOD, id: undefined }],
    ['an id that could break a header', 200, { ...GOOD, id: 'a\r\nb' }],
    ['a revocation that is a text', 200, { ...GOOD, revoked: 'true' }],
    ['an end that is a text', 200, { ...GOOD, expires: '1' }],
    ['scopes that are no list', 200, { ...GOOD, scopes: 'a' }],
    ['a grant and an error at once', 200, { ...GOOD, error: { code: 1 } }],
    ['a list', 200, [GOOD]],
    ['another success', 201, GOOD],
    ['a time-out', 408, {}],
    ['too many requests', 429, {}],
    ['an upgrade that is under way', 556, {}],
    ['a redirect', 302, {}],
    ['a page of somebody else', 404, 'not found'],
  ])('%s', async (_title, status, answer) => {
    const { verify } = await setUp(status, answer)
    await expect(verify()).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
  })

  test.each([401, 403])('%i is about our own credential', async (status) => {
    const { verify } = await setUp(status, { error: { code: status, message: SECRET } })
    const fault: unknown = await verify().catch((error: unknown) => error)
    expect(fault).toMatchObject({ code: 'ERR_GATEWAY_MISCONFIGURED' })
    expect(String(fault)).not.toMatch(/presented|own-secret/)
  })
})
