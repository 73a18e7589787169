import { describe, expect, test } from 'vitest'
import { OnezoneApiError } from '../../src/errors.ts'
import { answer, clientOf, rejectionOf, scriptedOnezone } from './scripted-onezone.ts'

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
const CREDENTIALS = { token: 'watch-token' }

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

describe('getTemporaryTokenGeneration', () => {
  test.each([
    ['user', 'users'],
    ['oneprovider', 'providers'],
  ] as const)('of a %s asks below /%s with the credentials', async (type, collection) => {
    const server = await replying(200, { generation: 7 })
    const client = clientOf(server.url, { apiPrefix: '/elsewhere' })
    expect(await client.getTemporaryTokenGeneration({ type, id: 'a/b c' }, CREDENTIALS)).toEqual({
      generation: 7,
    })
    const [request] = server.requests
    expect(request!.head.split('\r\n')).toEqual([
      `GET /elsewhere/${collection}/a%2Fb%20c/tokens/temporary HTTP/1.1`,
      `host: ${new URL(server.url).host}`,
      'connection: keep-alive',
      'accept: application/json',
      'accept-encoding: identity',
      'x-auth-token: watch-token',
    ])
  })

  test.each(['7', -1, 1.5, null, true])('takes no generation %j', async (generation) => {
    const server = await replying(200, { generation })
    const subject = { type: 'user', id: 'alice' } as const
    const error = await rejectionOf(
      clientOf(server.url).getTemporaryTokenGeneration(subject, CREDENTIALS),
    )
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })

  test('asks for nobody else', async () => {
    const server = await replying(200, { generation: 7 })
    const client = clientOf(server.url)
    for (const subject of [
      { type: 'group', id: 'a' },
      { type: 'user', id: '' },
      { type: 'user', id: '..' },
    ]) {
      const error = await rejectionOf(
        client.getTemporaryTokenGeneration(subject as never, CREDENTIALS),
      )
      expect(error).toBeInstanceOf(TypeError)
    }
    expect(server.received).toBe('')
  })
})

describe('getNamedTokenStatus', () => {
  test('gives the flag', async () => {
    const server = await replying(200, { revoked: true })
    expect(await clientOf(server.url).getNamedTokenStatus('abc', CREDENTIALS)).toEqual({
      revoked: true,
    })
    expect(server.requests[0]!.head).toMatch(/^GET \/api\/v3\/onezone\/tokens\/named\/abc\/status /)
  })

  test.each(['true', 1, null])('takes no flag %j', async (revoked) => {
    const server = await replying(200, { revoked })
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus('abc', CREDENTIALS))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_INVALID' })
  })

  test.each([
    [401, 'unauthorized', { authError: { id: 'tokenRevoked' } }],
    [403, 'forbidden', {}],
    [404, 'notFound', {}],
    [400, 'whatever', { key: 'x' }],
  ])('%d %s is an OnezoneApiError', async (status, id, details) => {
    const server = await replying(status, { error: { id, details, description: 'secret words' } })
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus('abc', CREDENTIALS))
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
    const error = await rejectionOf(clientOf(server.url).getNamedTokenStatus('abc', CREDENTIALS))
    expect(error).toMatchObject({ name: 'OnezoneFaultError' })
    expect(server.requests).toHaveLength(1)
  })

  test.each(['', 'two words', 'tok\r\nX-Admin: 1', undefined])(
    'sends no credentials %j',
    async (token) => {
      const server = await replying(200, { revoked: true })
      const call = clientOf(server.url).getNamedTokenStatus('abc', { token } as never)
      expect(await rejectionOf(call)).toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining('"credentials.token"'),
      })
      expect(server.received).toBe('')
    },
  )
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
