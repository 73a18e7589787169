import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { OnezoneFaultError } from '../../src/errors.ts'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const replying = (status: number, body: unknown) =>
  scriptedOnezone((socket) => socket.write(answer(status, body)))

const refusing = (error: unknown) => replying(400, { error })

describe('the request', () => {
  test('is exactly what Onezone accepts, and anonymous', async () => {
    const server = await replying(200, GRANT)
    await clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: '192.0.2.1' })
    const [request] = server.requests
    expect(request!.head.split('\r\n')).toEqual([
      'POST /api/v3/onezone/tokens/verify_access_token HTTP/1.1',
      `host: ${new URL(server.url).host}`,
      'connection: keep-alive',
      'accept: application/json',
      'accept-encoding: identity',
      'content-type: application/json',
      'content-length: 36',
    ])
    expect(request!.body).toBe('{"token":"tok","peerIp":"192.0.2.1"}')
  })

  test('leaves absent fields out, also where they are null, and sends peerIp always', async () => {
    const server = await replying(200, GRANT)
    const nothing = {
      token: 'tok',
      peerIp: undefined,
      interface: null,
      serviceToken: undefined,
      consumerToken: null,
      allowDataAccessCaveats: undefined,
      expectedInviteType: null,
    } as never
    const client = clientOf(server.url)
    await client.verifyAccessToken(nothing)
    await client.verifyIdentityToken(nothing)
    await client.verifyInviteToken(nothing)
    expect(server.requests.map(({ body }) => body)).toEqual(
      Array(3).fill('{"token":"tok","peerIp":null}'),
    )
  })

  test('carries every field that was given, and only those of its operation', async () => {
    const server = await replying(200, GRANT)
    const everything = {
      token: 'tok',
      peerIp: '::ffff:192.0.2.1',
      interface: 'rest',
      serviceToken: 'opw-service',
      consumerToken: 'consumer',
      allowDataAccessCaveats: true,
      expectedInviteType: 'userJoinSpace',
    } as const
    const client = clientOf(server.url)
    await client.verifyAccessToken(everything)
    await client.verifyIdentityToken(everything)
    await client.verifyInviteToken(everything)
    const shared = { token: 'tok', peerIp: '192.0.2.1', consumerToken: 'consumer' }
    expect(server.requests.map(({ body }): unknown => JSON.parse(body))).toEqual([
      { ...shared, interface: 'rest', serviceToken: 'opw-service', allowDataAccessCaveats: true },
      { ...shared, interface: 'rest' },
      { ...shared, expectedInviteType: 'userJoinSpace' },
    ])
    expect(server.requests.map(({ head }) => head.split(' ')[1])).toEqual([
      '/api/v3/onezone/tokens/verify_access_token',
      '/api/v3/onezone/tokens/verify_identity_token',
      '/api/v3/onezone/tokens/verify_invite_token',
    ])
  })

  test('sends null for a genuine IPv6 address', async () => {
    const server = await replying(200, GRANT)
    await clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: '2001:db8::1' })
    expect(server.requests[0]!.body).toBe('{"token":"tok","peerIp":null}')
  })
})

describe('a grant', () => {
  test.each([
    [GRANT, { ok: true, subject: { type: 'user', id: 'alice' }, ttl: 3600 }],
    [
      { subject: { type: 'oneprovider', id: 'p1' }, ttl: null },
      { ok: true, subject: { type: 'oneprovider', id: 'p1' }, ttl: null },
    ],
    [
      { subject: { type: 'user', id: 'a', name: 'x' }, ttl: 0, more: [] },
      { ok: true, subject: { type: 'user', id: 'a' }, ttl: 0 },
    ],
  ])('%j is read strictly and without what is not documented', async (body, expected) => {
    const server = await replying(200, body)
    const verdict = await clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    expect(verdict).toEqual(expected)
  })

  test('of a token whose time caveat exceeds every number of JavaScript is a grant', async () => {
    const server = await replying(
      200,
      `{"subject":{"type":"user","id":"a"},"ttl":${'9'.repeat(400)}}`,
    )
    const verdict = await clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    expect(verdict).toMatchObject({ ok: true, ttl: Infinity })
  })

  test.each([
    'null',
    'true',
    '1',
    '"ok"',
    '[]',
    '{}',
    `[${JSON.stringify(GRANT)}]`,
    '{"subject":"x","ttl":null}',
    '{"subject":null,"ttl":null}',
    '{"subject":{},"ttl":null}',
    '{"subject":[],"ttl":null}',
    '{"subject":{"type":"nobody","id":null},"ttl":null}',
    '{"subject":{"type":"nobody","id":"a"},"ttl":null}',
    '{"subject":{"type":"group","id":"a"},"ttl":null}',
    '{"subject":{"type":"USER","id":"a"},"ttl":null}',
    '{"subject":{"type":["user"],"id":"a"},"ttl":null}',
    '{"subject":{"type":"user"},"ttl":null}',
    '{"subject":{"type":"user","id":""},"ttl":null}',
    '{"subject":{"type":"user","id":1},"ttl":null}',
    '{"subject":{"type":"user","id":{}},"ttl":null}',
    '{"subject":{"type":"user","id":null},"ttl":null}',
    '{"subject":{"type":"user","id":"a\\r\\nX-Admin: 1"},"ttl":null}',
    '{"subject":{"type":"user","id":"a b"},"ttl":null}',
    '{"subject":{"type":"user","id":"a\\ud800"},"ttl":null}',
    `{"subject":{"type":"user","id":"${'a'.repeat(257)}"},"ttl":null}`,
    '{"subject":{"type":"user","id":"a"}}',
    '{"subject":{"type":"user","id":"a"},"ttl":-1}',
    '{"subject":{"type":"user","id":"a"},"ttl":1.5}',
    '{"subject":{"type":"user","id":"a"},"ttl":"60"}',
    '{"subject":{"type":"user","id":"a"},"ttl":true}',
    '{"subject":{"type":"user","id":"a"},"ttl":{}}',
    '{"subject":{"type":"user","id":"a"},"ttl":null,"error":{"id":"tokenRevoked"}}',
    '{"error":{"id":"tokenRevoked"}}',
    '{"active":true}',
    '{"__proto__":{"subject":{"type":"user","id":"a"},"ttl":null}}',
  ])('is not what 200 %s says', async (body) => {
    const server = await replying(200, body)
    const verifying = clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    const error = await rejectionOf(verifying)
    expect(error).toBeInstanceOf(OnezoneFaultError)
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
    expect(server.requests).toHaveLength(1)
    expect(({} as Record<string, unknown>)['subject']).toBeUndefined()
  })
})

describe('a refusal', () => {
  test.each([
    { id: 'tokenRevoked' },
    { id: 'tokenRevoked', description: 'Provided token has been revoked.' },
    { id: 'badValueToken', details: { key: 'token', tokenError: { id: 'badToken' } } },
    { id: 'badValueEmpty', details: { key: 'token' } },
    { id: 'badValueToken', details: { key: 'consumerToken', tokenError: { id: 'badToken' } } },
    { id: 'badConsumerToken', details: { tokenError: { id: 'tokenInvalid' } } },
    { id: 'badValueToken', details: { key: 'serviceToken', tokenError: { id: 'tokenTooLarge' } } },
    { id: 'badServiceToken', details: { tokenError: { id: 'tokenRevoked' } } },
    { id: 'somethingNobodyKnowsYet', details: { with: ['details'] } },
  ])('%j is a value that keeps id and details', async (error) => {
    const server = await refusing(error)
    const verdict = await clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    expect(verdict).toEqual({ ok: false, error })
    expect(server.requests).toHaveLength(1)
  })

  test('needs no content type', async () => {
    const server = await scriptedOnezone((socket) => {
      socket.write(answer(400, { error: { id: 'tokenInvalid' } }, { 'content-type': 'text/plain' }))
    })
    const verdict = await clientOf(server.url).verifyInviteToken({ token: 'tok', peerIp: null })
    expect(verdict).toEqual({ ok: false, error: { id: 'tokenInvalid' } })
  })

  test.each([
    { id: 'malformedData' },
    { id: 'missingRequiredValue', details: { key: 'token' } },
    { id: 'badValueIPv4Address', details: { key: 'peerIp' } },
    { id: 'badValueNotAllowed', details: { key: 'interface', allowed: [] } },
    { id: 'badValueBoolean', details: { key: 'allowDataAccessCaveats' } },
    { id: 'badValueInviteType', details: { key: 'expectedInviteType' } },
  ])('%j is about the request, so nothing is known of the token', async (error) => {
    const server = await refusing(error)
    const verifying = clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    const fault = await rejectionOf(verifying)
    expect(fault).toMatchObject({ name: 'OnezoneFaultError', code: 'ERR_ONEZONE_STATUS' })
    expect(String(fault)).toContain(error.id)
  })

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '<h1>Bad Request</h1>',
    '{"error":"tokenRevoked"}',
    '{"error":{}}',
    '{"error":{"id":1}}',
    '{"error":{"id":""}}',
    '{"error":{"id":"two words"}}',
    `{"error":{"id":"${'x'.repeat(65)}"}}`,
    '{"error":{"id":"tokenRevoked","details":"x"}}',
    '{"error":{"id":"tokenRevoked","details":null}}',
    '{"error":{"id":"tokenRevoked","description":1}}',
    '{"id":"tokenRevoked"}',
    '{"error":{"id":"tokenRevoked","id":"tokenInvalid"}}',
  ])('is not what 400 %s says', async (body) => {
    const server = await replying(400, body)
    const verifying = clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    expect(await rejectionOf(verifying)).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })

  test.each([
    201, 204, 401, 402, 403, 404, 405, 406, 408, 409, 415, 418, 429, 431, 500, 501, 502, 503, 504,
    520,
  ])('is not what status %d says, though its body be a refusal', async (status) => {
    const server = await replying(status, status === 204 ? '' : { error: { id: 'tokenRevoked' } })
    const verifying = clientOf(server.url).verifyAccessToken({ token: 'tok', peerIp: null })
    const error = await rejectionOf(verifying)
    expect(error).toBeInstanceOf(OnezoneFaultError)
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_STATUS' })
    expect(String(error)).toContain(`answered ${status}`)
    expect(server.requests).toHaveLength(1)
  })
})

interface RecordedCase {
  readonly endpoint: string
  readonly status: number
  readonly response: { error?: { id: string } } | null
}

test('reads every answer that the reference implementation gave to a verification', async () => {
  const file = new URL('../vectors/verify.json', import.meta.url)
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: RecordedCase[] }
  const recorded = cases.filter(({ endpoint }) =>
    /verify_(?:access|identity|invite)/.test(endpoint),
  )
  const server = await scriptedOnezone((socket, count) => {
    const { status, response } = recorded[count - 1]!
    socket.write(answer(status, response ?? ''))
  })
  const client = clientOf(server.url)
  const ours =
    /^(?:malformedData|missingRequiredValue|badValue(?:IPv4Address|NotAllowed|Boolean|String|InviteType))$/
  for (const { status, response } of recorded) {
    const verdict = await client
      .verifyAccessToken({ token: 'tok', peerIp: null })
      .catch((error: unknown) => error)
    if (status === 200) expect(verdict).toEqual({ ok: true, ...response })
    else if (status === 400 && !ours.test(response!.error!.id)) {
      expect(verdict).toEqual({ ok: false, ...response })
    } else expect(verdict).toMatchObject({ code: 'ERR_ONEZONE_STATUS' })
  }
  expect(recorded.length).toBeGreaterThan(250)
})
