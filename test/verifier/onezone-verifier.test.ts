import { describe, expect, test } from 'vitest'

import { VerifierFaultError } from '../../src/errors.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { createOnezoneVerifier } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { readBody, sendJson, startHttpServer } from '../helpers/http-server.ts'
import { tokenOf } from '../helpers/tokens.ts'

const consumerToken = tokenOf({ type: { identityToken: {} }, id: 'consumer' })

/** A verifier in front of a server that gives one answer, and what that server was asked. */
async function setUp(status: number, answer: unknown, serviceToken?: string) {
  const asked: { url: string | undefined; headers: object; body: Record<string, unknown> }[] = []
  const { url } = await startHttpServer(async (request, response) => {
    const body = JSON.parse(await readBody(request)) as Record<string, unknown>
    asked.push({ url: request.url, headers: request.headers, body })
    sendJson(response, status, answer)
  })
  const clock = createFakeClock()
  const verifier = createOnezoneVerifier({
    client: createOnezoneClient({ url }),
    serviceToken,
    clock,
  })
  const verify = async (request: Partial<VerificationRequest> = {}) =>
    verifier.verify({
      token: tokenOf(),
      kind: 'access',
      peerIp: '192.0.2.1',
      interface: 'rest',
      consumerToken: null,
      allowDataAccessCaveats: false,
      inviteType: null,
      ...request,
    })
  return { asked, clock, verify, verifier }
}

const ACCEPTED = { subject: { type: 'user', id: 'alice' }, ttl: 60 }

describe('the question', () => {
  test('is asked anonymously, with the peer IP always and nothing that is absent (traps T1–T3)', async () => {
    const { verify, asked } = await setUp(200, ACCEPTED)
    await verify({ peerIp: null, interface: null })
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).toBe('/api/v3/onezone/tokens/verify_access_token')
    expect(asked[0]?.body).toEqual({ token: tokenOf().serialized, peerIp: null })
    expect(asked[0]?.headers).not.toHaveProperty('x-auth-token')
    expect(asked[0]?.headers).not.toHaveProperty('authorization')
  })

  test('carries service token and data policy for access tokens', async () => {
    const { verify, asked } = await setUp(200, ACCEPTED, 'opw-MDAx')
    await verify({ allowDataAccessCaveats: true })
    expect(asked[0]?.body).toMatchObject({
      interface: 'rest',
      serviceToken: 'opw-MDAx',
      allowDataAccessCaveats: true,
    })
  })

  test('is another operation for identity and invite tokens, without the service token', async () => {
    const { verify, asked } = await setUp(200, ACCEPTED, 'opw-MDAx')
    await verify({ kind: 'identity' })
    await verify({ kind: 'invite', inviteType: 'userJoinGroup' })
    expect(asked.map(({ url }) => url)).toEqual([
      '/api/v3/onezone/tokens/verify_identity_token',
      '/api/v3/onezone/tokens/verify_invite_token',
    ])
    expect(Object.keys(asked[0]?.body ?? {}).sort()).toEqual(['interface', 'peerIp', 'token'])
    expect(Object.keys(asked[1]?.body ?? {}).sort()).toEqual([
      'expectedInviteType',
      'peerIp',
      'token',
    ])
  })

  test('names the consumer only where a caveat reads it', async () => {
    const { verify, asked } = await setUp(200, ACCEPTED)
    await verify({ consumerToken })
    await verify({
      consumerToken,
      token: tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] }),
    })
    expect(asked[0]?.body).not.toHaveProperty('consumerToken')
    expect(asked[1]?.body).toMatchObject({ consumerToken: consumerToken.serialized })
  })
})

describe('an acceptance', () => {
  test('is as old as its question', async () => {
    const { verify, clock } = await setUp(200, ACCEPTED)
    const askedAtMs = clock.monotonic()
    const pending = verify()
    clock.advance(700)
    expect(await pending).toMatchObject({
      source: 'onezone',
      verdict: { outcome: 'accepted', subject: ACCEPTED.subject, ttlSeconds: 60, askedAtMs },
    })
  })
})

const error = (id: string, details?: object) => ({ error: { id, details, description: 'No.' } })
const badValue = (key: string, id = 'badToken') =>
  error('badValueToken', { key, tokenError: { id, description: 'No.' } })
const unverified = (caveat: object) => error('tokenCaveatUnverified', { caveat })

describe('a refusal is a value', () => {
  test.each([
    ['token_malformed', null, badValue('token')],
    ['token_too_large', null, badValue('token', 'tokenTooLarge')],
    ['token_malformed', null, error('badValueEmpty', { key: 'token' })],
    ['consumer_token_invalid', null, badValue('consumerToken')],
    [
      'consumer_token_invalid',
      null,
      error('badConsumerToken', { tokenError: { id: 'tokenInvalid' } }),
    ],
    ['token_invalid', null, error('tokenInvalid')],
    ['token_invalid', null, error('tokenSubjectInvalid')],
    ['token_invalid', null, error('tokenSessionInvalid')],
    ['token_revoked', null, error('tokenRevoked')],
    ['token_type_mismatch', null, error('notAnAccessToken', { received: { identityToken: {} } })],
    ['token_expired', null, unverified({ type: 'time', validUntil: 1 })],
    ['caveat_unverified', 'ip', unverified({ type: 'ip', whitelist: ['10.0.0.0/8'] })],
    ['caveat_unverified', 'geo.country', unverified({ type: 'geo.country' })],
    ['caveat_unverified', 'scope', unverified({ scope: 'identityToken' })],
    ['caveat_unverified', 'unknown', unverified({ type: 'x"\r\ny' })],
    ['caveat_unverified', 'unknown', error('tokenCaveatUnknown', { caveat: 'foo = bar' })],
    ['user_blocked', null, error('userBlocked')],
    [
      'service_forbidden',
      null,
      error('tokenServiceForbidden', { service: { type: 'op_worker', id: 'p' } }),
    ],
  ])('%s (%s): %j', async (reason, caveat, answer) => {
    const { verify, asked } = await setUp(400, answer)
    expect((await verify()).verdict).toMatchObject({ outcome: 'refused', reason, caveat })
    expect(asked).toHaveLength(1)
  })
})

describe('a fault is an exception', () => {
  test.each([
    [
      'a refused service token',
      400,
      error('badServiceToken', { tokenError: { id: 'tokenInvalid' } }),
    ],
    ['an undecodable service token', 400, badValue('serviceToken')],
    ['an empty service token', 400, error('badValueEmpty', { key: 'serviceToken' })],
  ])('%s is our own misconfiguration (trap T9)', async (_title, status, answer) => {
    const { verify } = await setUp(status, answer, 'opw-MDAx')
    await expect(verify()).rejects.toMatchObject({ code: 'ERR_GATEWAY_MISCONFIGURED' })
  })

  test.each([
    ['an error of the request itself', 400, error('badValueIPv4Address', { key: 'peerIp' })],
    ['an error that nobody knows', 400, error('somethingNew')],
    ['an error named like a property of every object', 400, error('constructor')],
    ['a server error', 500, error('internalServerError', { reference: 'abc' })],
    ['a breaker of Onezone', 503, error('serviceUnavailable')],
    ['a refusal that comes with another status', 401, error('tokenInvalid')],
    ['an acceptance that looks like one only', 200, { subject: { type: 'user' }, ttl: 1 }],
    ['an acceptance of nobody', 200, { subject: { type: 'nobody', id: null }, ttl: null }],
    ['a truthy nothing', 200, true],
  ])('%s', async (_title, status, answer) => {
    const { verify } = await setUp(status, answer)
    const fault: unknown = await verify().catch((cause: unknown) => cause)
    expect(fault).toBeInstanceOf(VerifierFaultError)
    expect(fault).toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
    expect(String(fault)).not.toContain(tokenOf().serialized)
  })

  test('a closed port', async () => {
    const verifier = createOnezoneVerifier({
      client: createOnezoneClient({ url: 'http://127.0.0.1:9' }),
    })
    await expect(
      verifier.verify({
        token: tokenOf(),
        kind: 'access',
        peerIp: null,
        interface: null,
        consumerToken: null,
        allowDataAccessCaveats: false,
        inviteType: null,
      }),
    ).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
    await verifier.close()
  })
})
