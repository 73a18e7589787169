import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const LIMITS = { requestHeadBytes: 65_536, requestFields: 220, targetBytes: 30_000 }

async function statusOf(bytes: string, limits: typeof LIMITS | null = LIMITS) {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url }], {
    limits: limits ?? undefined,
  })
  const client = await openRawClient(rig.port)
  client.send(bytes)
  const { status, body } = readResponse(await client.until(/(?:ok|\})$/))
  if (status !== 200) expect(upstream.sockets).toEqual([])
  return status === 200 ? 200 : [status, /"code":"(\w+)"/.exec(body)?.[1]]
}

const get = (target: string, fields = ''): string =>
  `GET ${target} HTTP/1.1\r\n${AUTHENTICATED}${fields}\r\n`
const fieldsOf = (count: number): string =>
  Array.from({ length: count }, (_, index) => `X-${index}: x\r\n`).join('')

describe('a limit of requests', () => {
  test('of the target', async () => {
    expect(await statusOf(get(`/${'x'.repeat(29_999)}`))).toBe(200)
    expect(await statusOf(get(`/${'x'.repeat(30_000)}`))).toEqual([414, 'target_too_long'])
    expect(await statusOf(get(`/${'x'.repeat(16_384)}`), null)).toEqual([414, 'target_too_long'])
  })

  test('of the fields', async () => {
    expect(await statusOf(get('/', fieldsOf(218)))).toBe(200)
    expect(await statusOf(get('/', fieldsOf(219)))).toEqual([431, 'headers_too_large'])
    expect(await statusOf(get('/', fieldsOf(199)), null)).toEqual([431, 'headers_too_large'])
  })

  test('of the head', async () => {
    expect(await statusOf(get('/', `X: ${'x'.repeat(60_000)}\r\n`))).toBe(200)
    expect(await statusOf(get('/', `X: ${'x'.repeat(70_000)}\r\n`))).toEqual([
      431,
      'headers_too_large',
    ])
  })
})

describe('a limit of answers', () => {
  const answered = async (fields: string, responseLimits?: object) => {
    const upstream = await startRecordingUpstream({
      respond: (_request, socket) =>
        void socket.write(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`),
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }], {
      responseLimits: { responseHeadBytes: 65_536, responseFields: 500, ...responseLimits },
    })
    const client = await openRawClient(rig.port)
    client.send(get('/'))
    return readResponse(await client.until(/(?:ok|\})$/)).status
  }

  test('of the head', async () => {
    const long = `X: ${'x'.repeat(70_000)}\r\n`
    expect(await answered(long)).toBe(502)
    expect(await answered(long, { responseHeadBytes: 80_000 })).toBe(200)
    expect(await answered(`X: ${'x'.repeat(5_000)}\r\n`, { responseHeadBytes: 4_096 })).toBe(502)
  })

  test('of the fields', async () => {
    expect(await answered(fieldsOf(500))).toBe(502)
    expect(await answered(fieldsOf(500), { responseFields: 600 })).toBe(200)
    expect(await answered(fieldsOf(20), { responseFields: 20 })).toBe(502)
  })
})

describe('a method that nobody here knows', () => {
  test.each(['FOO', 'get', 'VERSION', 'X-1'])(
    'is 501, and ends the connection: %s',
    async (method) => {
      const upstream = await startRecordingUpstream()
      const rig = await startRig([{ path: '/**', upstream: upstream.url }])
      const client = await openRawClient(rig.port)
      client.send(`${method} /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
      const response = readResponse(await client.closed())
      expect(response.status).toBe(501)
      expect(response.body).toContain('"method_not_carried"')
      expect(upstream.sockets).toEqual([])
    },
  )

  test('is 501 behind a request that is served', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(get('/'))
    await client.until(/ok$/)
    client.send(`FOO /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    expect(await client.closed()).toMatch(/ok(?:\s)?HTTP\/1\.1 501 /)
    expect(upstream.requests).toHaveLength(1)
  })

  test.each([
    '\x16\x03\x01\x00\r\n\r\n',
    'FOO\r\n\r\n',
    'FOO /x\r\n\r\n',
    'F(O /x HTTP/1.1\r\n\r\n',
  ])('is none where the line is no request line: %j', async (bytes) => {
    expect(await statusOf(bytes)).toEqual([400, 'request_invalid'])
  })
})
