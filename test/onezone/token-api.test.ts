import { describe, expect, test } from 'vitest'
import { OnezoneApiError } from '../../src/errors.ts'
import { tokenId } from '../../src/token/index.ts'
import {
  answer,
  clientOf,
  noContent,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const replying = (status: number, body: unknown) =>
  scriptedOnezone((socket) => socket.write(answer(status, body)))

const EXAMINED = {
  onezoneDomain: 'onezone.example.org',
  id: 'abc',
  persistence: 'temporary',
  subject: { type: 'user', id: 'alice' },
  type: { accessToken: {} },
  caveats: [{ type: 'time', validUntil: 5 }, { type: 'caveat of a later Onezone' }],
}
const ABC = tokenId('abc')
const OPTIONS = { credentials: { token: 'watch-token' } }

describe('examineToken', () => {
  test('asks anonymously and gives what Onezone decoded', async () => {
    const server = await replying(200, EXAMINED)
    expect(await clientOf(server.url).examineToken({ token: 'tok' })).toEqual(EXAMINED)
    const [request] = server.requests
    expect(request!.head).toMatch(/^POST \/api\/v3\/onezone\/tokens\/examine HTTP/)
    expect(request!.head).not.toMatch(/auth/i)
    expect(request!.body).toBe('{"token":"tok"}')
  })

  test.each([
    {},
    { ...EXAMINED, id: 1 },
    { ...EXAMINED, persistence: 'eternal' },
    { ...EXAMINED, subject: 'alice' },
    { ...EXAMINED, subject: { type: 'user' } },
    { ...EXAMINED, type: 'act' },
    { ...EXAMINED, caveats: {} },
    { ...EXAMINED, caveats: ['time < 1'] },
  ])('takes no other shape: %j', async (body) => {
    const server = await replying(200, body)
    const error = await rejectionOf(clientOf(server.url).examineToken({ token: 'tok' }))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })
})

describe('confineToken', () => {
  test('sends token and caveats and gives the new token', async () => {
    const server = await replying(200, { token: 'confined' })
    const caveats = [{ type: 'time', validUntil: 5 }] as const
    const result = await clientOf(server.url).confineToken({ token: 'tok', caveats })
    expect(result).toEqual({ token: 'confined' })
    expect(server.requests[0]!.body).toBe(
      '{"token":"tok","caveats":[{"type":"time","validUntil":5}]}',
    )
  })
})

describe('getNamedTokenStatus', () => {
  test('gives the flag', async () => {
    const server = await replying(200, { revoked: true })
    expect(await clientOf(server.url).getNamedTokenStatus(ABC, OPTIONS)).toEqual({
      revoked: true,
    })
    expect(server.requests[0]!.head).toMatch(/^GET \/api\/v3\/onezone\/tokens\/named\/abc\/status /)
  })

  test.each(['true', 1, null])('takes no flag %j', async (revoked) => {
    const server = await replying(200, { revoked })
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus(ABC, OPTIONS))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })

  test.each([
    [401, 'unauthorized', { authError: { id: 'tokenRevoked' } }],
    [403, 'forbidden', {}],
    [404, 'notFound', {}],
    [400, 'whatever', { key: 'x' }],
  ])('%d %s is an OnezoneApiError', async (status, id, details) => {
    const server = await replying(status, { error: { id, details, description: 'secret words' } })
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus(ABC, OPTIONS))
    expect(error).toBeInstanceOf(OnezoneApiError)
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_API', status, id, details })
    expect((error as Error).message).toBe(`getNamedTokenStatus: Onezone answered ${status} ${id}.`)
  })

  test.each([
    [404, ''],
    [401, '<html>'],
    [500, '{"error":{"id":"internalServerError"}}'],
    [503, '{"error":{"id":"serviceUnavailable"}}'],
  ])('%d %s is a fault', async (status, body) => {
    const server = await replying(status, body)
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus(ABC, OPTIONS))
    expect(error).toMatchObject({ name: 'OnezoneFaultError' })
    expect(server.requests).toHaveLength(1)
  })

  test.each(['', '.', '..', 'MDAxZWxvY2F00aW9u', 'opw-MDAx', '\ud800', 7])(
    'asks for no id %j',
    async (id) => {
      const server = await replying(200, { revoked: true })
      const call = clientOf(server.url).getNamedTokenStatus(id as never, OPTIONS)
      expect(await rejectionOf(call)).toBeInstanceOf(TypeError)
      expect(server.received).toBe('')
    },
  )
})

describe('modifyNamedToken and deleteNamedToken', () => {
  test('send what is to change, and nothing comes back', async () => {
    const server = await scriptedOnezone((socket) => socket.write(noContent()))
    const client = clientOf(server.url)
    expect(await client.modifyNamedToken(ABC, { revoked: true }, OPTIONS)).toBeUndefined()
    expect(await client.deleteNamedToken(ABC, OPTIONS)).toBeUndefined()
    expect(server.requests.map(({ head }) => head.split(' HTTP')[0])).toEqual([
      'PATCH /api/v3/onezone/tokens/named/abc',
      'DELETE /api/v3/onezone/tokens/named/abc',
    ])
    expect(server.requests.map(({ body }) => body)).toEqual(['{"revoked":true}', ''])
  })

  test('take no other success than 204', async () => {
    const server = await replying(200, {})
    const error = await rejectionOf(clientOf(server.url).deleteNamedToken(ABC, OPTIONS))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_STATUS' })
  })
})

describe('inferAccessTokenScope', () => {
  const SCOPE = {
    validUntil: 1_795_000_000,
    dataAccessScope: {
      readonly: false,
      spaces: { s1: { name: 'space one', supports: { krakow: { readonly: true } } } },
      providers: { krakow: { name: 'Krakow', domain: 'k.example', version: '21', online: true } },
    },
  }

  test('asks anonymously, with the consumer token where there is one', async () => {
    const server = await replying(200, SCOPE)
    const client = clientOf(server.url, { credentials: { token: 'own' } })
    expect(await client.inferAccessTokenScope({ token: 'tok' })).toEqual(SCOPE)
    await client.inferAccessTokenScope({ token: 'tok', consumerToken: 'idn' })
    expect(server.requests.map(({ body }) => body)).toEqual([
      '{"token":"tok"}',
      '{"token":"tok","consumerToken":"idn"}',
    ])
    expect(server.received).not.toMatch(/auth/i)
  })

  test.each([
    {},
    { ...SCOPE, validUntil: '5' },
    { ...SCOPE, dataAccessScope: {} },
    { ...SCOPE, dataAccessScope: { ...SCOPE.dataAccessScope, spaces: { s1: {} } } },
    { ...SCOPE, dataAccessScope: { ...SCOPE.dataAccessScope, providers: { p: null } } },
  ])('takes no other shape: %j', async (body) => {
    const server = await replying(200, body)
    const error = await rejectionOf(clientOf(server.url).inferAccessTokenScope({ token: 'tok' }))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })
})

describe('getCurrentTime', () => {
  test('gives the time of Onezone', async () => {
    const server = await replying(200, { timeMillis: 1_795_000_000_000 })
    expect(await clientOf(server.url).getCurrentTime()).toEqual({ timeMillis: 1_795_000_000_000 })
    expect(server.requests[0]!.head).toMatch(
      /^GET \/api\/v3\/onezone\/provider\/public\/get_current_time /,
    )
  })
})
