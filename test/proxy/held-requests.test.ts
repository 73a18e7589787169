import { describe, expect, test } from 'vitest'

import { createFakeClock } from '../helpers/fake-clock.ts'
import { eventually } from '../helpers/eventually.ts'
import type { RigOptions, RigRoute } from '../helpers/proxy-rig.ts'
import { accepted, AUTHENTICATED, refused, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

async function setUp(route: Partial<RigRoute> = {}, options: RigOptions = {}) {
  const upstream = await startRecordingUpstream()
  const rig = await startRig(
    [{ path: '/**', upstream: upstream.url, bufferRequestBytes: 10, ...route }],
    options,
  )
  const client = await openRawClient(rig.port)
  const begin = (fields = '', method = 'POST'): void =>
    client.send(
      `${method} /x HTTP/1.1\r\n${AUTHENTICATED}Transfer-Encoding: chunked\r\n${fields}\r\n`,
    )
  return { upstream, rig, client, begin }
}

describe('a body in chunks, where the route holds some', () => {
  test.each([
    ['in one piece with its head', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['in several pieces', '2\r\nhe\r\n3\r\nllo\r\n5\r\nworld\r\n0\r\n\r\n', 'helloworld'],
    ['as long as may be', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['with nothing in it', '0\r\n\r\n', ''],
  ])('is sent with its length: %s', async (_title, chunks, body) => {
    const { upstream, client, begin } = await setUp()
    begin()
    client.send(chunks)
    await client.until(/ok$/)
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.requests[0]?.values('transfer-encoding')).toEqual([])
    expect(upstream.requests[0]?.values('content-length')).toEqual([String(body.length)])
    expect(upstream.requests[0]?.body).toBe(body)
    begin()
    client.send(chunks)
    await client.untilCount('HTTP/1.1 200', 2)
    expect(upstream.requests).toHaveLength(2)
  })

  test('reaches nobody before its end', async () => {
    const { upstream, rig, client, begin } = await setUp()
    begin()
    client.send('2\r\nhe\r\n')
    await eventually(() => rig.verifications() === 1)
    expect(upstream.sockets).toEqual([])
    client.send('1\r\ny\r\n0\r\n\r\n')
    await client.until(/ok$/)
    expect(upstream.requests[0]?.body).toBe('hey')
  })

  test('is refused with 413 where it is longer, and nobody sees a byte of it', async () => {
    const { upstream, client, begin } = await setUp()
    begin()
    client.send('b\r\n01234567890\r\n')
    const response = readResponse(await client.until(/\}$/))
    expect(response.status).toBe(413)
    expect(response.body).toContain('"body_too_large"')
    expect(response.body).toContain('may have 10 bytes here; send its length')
    expect(upstream.sockets).toEqual([])
  })

  test('is held no further than maxBodyBytes', async () => {
    const { upstream, client, begin } = await setUp({ maxBodyBytes: 3 })
    begin()
    client.send('4\r\nhell\r\n')
    expect(readResponse(await client.until(/\}$/)).status).toBe(413)
    expect(upstream.sockets).toEqual([])
  })

  test('is not waited for before its token is judged', async () => {
    const { upstream, client, begin } = await setUp({}, { verify: refused })
    begin()
    expect(readResponse(await client.until(/\}$/)).status).toBe(401)
    expect(upstream.sockets).toEqual([])
  })

  test('is asked for by the gateway itself, where its client waits to be asked', async () => {
    const { upstream, client, begin } = await setUp()
    begin('Expect: 100-continue\r\n')
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('2\r\nhi\r\n0\r\n\r\n')
    await client.until(/ok$/)
    expect(upstream.requests[0]?.values('expect')).toEqual([])
    expect(upstream.requests[0]?.body).toBe('hi')
  })

  test('that stops coming is 408', async () => {
    const { upstream, client, begin } = await setUp({ timeouts: { idleBodyMs: 50 } })
    begin()
    client.send('2\r\nhe\r\n')
    const response = readResponse(await client.until(/\}$/))
    expect(response.status).toBe(408)
    expect(response.body).toContain('"request_timeout"')
    expect(upstream.sockets).toEqual([])
  })

  test('whose token is no good any more when it has come goes nowhere', async () => {
    const clock = createFakeClock()
    let good = true
    const { upstream, rig, client, begin } = await setUp(
      {},
      { clock, verify: () => (good ? accepted(clock) : refused()) },
    )
    begin()
    client.send('2\r\nhe\r\n')
    await eventually(() => rig.verifications() === 1)
    good = false
    clock.advance(2_000)
    client.send('0\r\n\r\n')
    expect(readResponse(await client.until(/\}$/)).status).toBe(401)
    expect(upstream.sockets).toEqual([])
  })

  test('leaves a body with a length as it is, however long', async () => {
    const { upstream, client } = await setUp()
    client.send(`POST /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 20\r\n\r\n${'x'.repeat(20)}`)
    await client.until(/ok$/)
    expect(upstream.requests[0]?.values('content-length')).toEqual(['20'])
  })

  test('is nothing to smuggle by: a length beside chunks stays refused', async () => {
    const { upstream, client, begin } = await setUp()
    begin('Content-Length: 5\r\n')
    client.send('0\r\n\r\n')
    expect(readResponse(await client.until(/\}$/)).status).toBe(400)
    expect(upstream.sockets).toEqual([])
  })
})

describe('a body in chunks, where the route holds none', () => {
  test.each(['5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n'])('stays in chunks: %j', async (chunks) => {
    const { upstream, client, begin } = await setUp({ bufferRequestBytes: 0 })
    begin()
    client.send(chunks)
    await client.until(/ok$/)
    expect(upstream.requests[0]?.values('transfer-encoding')).toEqual(['chunked'])
    expect(upstream.requests[0]?.values('content-length')).toEqual([])
  })
})
