import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import type { RecordingUpstreamOptions } from '../helpers/recording-upstream.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const LIMIT = 1000

async function setUp(maxBodyBytes = LIMIT, options: RecordingUpstreamOptions = {}) {
  const upstream = await startRecordingUpstream(options)
  const rig = await startRig([{ path: '/**', maxBodyBytes, upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  const post = (rest: string): void => client.send(`POST /x HTTP/1.1\r\n${AUTHENTICATED}${rest}`)
  return { upstream, rig, client, post }
}

const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`

describe('a body within the limit', () => {
  test.each([
    ['of a length', `Content-Length: ${LIMIT}\r\n\r\n${'x'.repeat(LIMIT)}`],
    ['in chunks', `Transfer-Encoding: chunked\r\n\r\n${chunk(400)}${chunk(600)}0\r\n\r\n`],
    ['that is none', '\r\n'],
  ])('%s passes', async (_what, rest) => {
    const { upstream, client, post } = await setUp()
    post(rest)
    await client.until(/ok$/)
    expect(upstream.requests[0]?.body.length).toBe(rest === '\r\n' ? 0 : LIMIT)
  })
})

describe('a body beyond the limit', () => {
  test('by its declared length is 413 at once, without a verdict, an upstream or a continue', async () => {
    const { upstream, rig, client, post } = await setUp()
    post(`Content-Length: ${LIMIT + 1}\r\nExpect: 100-continue\r\n\r\n`)
    const response = readResponse(await client.until(/\}$/))
    expect(response.status).toBe(413)
    expect(JSON.parse(response.body)).toMatchObject({ code: 'body_too_large' })
    expect(client.received()).not.toContain('100 Continue')
    expect(rig.verifications()).toBe(0)
    expect(upstream.sockets).toEqual([])
  })

  test('by its declared length leaves the connection usable if it is small', async () => {
    const { client, post } = await setUp()
    post(`Content-Length: ${LIMIT + 1}\r\n\r\n${'x'.repeat(LIMIT + 1)}`)
    await client.until(/\}$/)
    post('\r\n')
    await client.until(/ok$/)
  })

  test('by its declared length ends the connection if it is large', async () => {
    const { client, post } = await setUp()
    post(`Content-Length: ${10 ** 9}\r\n\r\n`)
    const response = readResponse(await client.closed(3_000))
    expect([response.status, response.field('connection')]).toEqual([413, 'close'])
  })

  test('in chunks is 413 when it gets too long, and never looks complete to the upstream', async () => {
    const { upstream, rig, client, post } = await setUp()
    post(`Transfer-Encoding: chunked\r\n\r\n${chunk(LIMIT)}`)
    await expect.poll(() => upstream.bytes.join('').includes('x'.repeat(LIMIT))).toBe(true)
    client.send(chunk(1))
    const response = readResponse(await client.closed(3_000))
    expect([response.status, response.field('connection')]).toEqual([413, 'close'])
    await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
    expect(upstream.requests[0]?.complete).toBe(false)
    expect(upstream.bytes.join('')).not.toContain('x'.repeat(LIMIT + 1))
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'aborted' }])
    expect(rig.up()).toEqual([true])
  })

  test('in one large chunk is 413 too', async () => {
    const { upstream, client, post } = await setUp()
    post(`Transfer-Encoding: chunked\r\n\r\n${chunk(50_000)}0\r\n\r\n`)
    expect(readResponse(await client.until(/\}$/)).status).toBe(413)
    expect(upstream.requests.every(({ complete }) => !complete)).toBe(true)
  })

  test('breaks off an answer that had begun', async () => {
    const { client, post } = await setUp(LIMIT, {
      onHead: (_request, socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nearly'),
    })
    post(`Transfer-Encoding: chunked\r\n\r\n${chunk(1)}`)
    await client.until('early')
    client.send(chunk(LIMIT))
    await client.closed(3_000)
    expect(client.received()).not.toContain('413')
    expect(client.received()).toMatch(/early$/)
  })

  test('where none is taken: one byte', async () => {
    const { upstream, client, post } = await setUp(0)
    post('\r\n')
    await client.until(/ok$/)
    post(`Transfer-Encoding: chunked\r\n\r\n${chunk(1)}0\r\n\r\n`)
    await client.until(/body_too_large/)
    expect(upstream.requests.filter(({ complete }) => complete)).toHaveLength(1)
  })
})
