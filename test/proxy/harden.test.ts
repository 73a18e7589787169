import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { expectAlive, startBench } from '../helpers/proxy-rows.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const H = 'Host: gw.test\r\n'
const A = AUTHENTICATED

describe('bytes that are no request', () => {
  test.each([
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['one word', 'hello\r\n\r\n'],
    ['NULs', '\0'.repeat(1_000)],
    ['S-101 100 000 line ends', '\r\n'.repeat(100_000)],
    ['S-122 a PROXY line', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n'],
  ])('%s, never reach the upstream', async (_what, bytes) => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(bytes)
    client.socket.end()
    await client.closed()
    expect(bench.upstream.sockets).toEqual([])
    await expectAlive(bench)
  })

  test('S-101 two line ends before a request are passed over', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`\r\n\r\nGET /pub/x HTTP/1.1\r\n${H}\r\n`)
    expect(await client.until(/ok$/)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('behind a request that is under way do not spoil its response', async () => {
    let answer: (() => void) | null = null
    const upstream = await startRecordingUpstream({
      respond: (_request, socket) => {
        answer = () => socket.write(OK)
      },
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${H}\r\n\x00garbage\r\n\r\n`)
    await client.until(/^$/)
    while (answer === null) await new Promise((resolve) => setTimeout(resolve, 5))
    client.send('more garbage')
    ;(answer as () => void)()
    const received = await client.closed()
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
    expect(received).toContain('\r\n\r\nokHTTP/1.1 400')
  })

  test('within an upload whose response has begun end the connection and add nothing to it', async () => {
    const upstream = await startRecordingUpstream({
      ignoreBody: true,
      onHead: (_request, socket) =>
        void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun'),
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
    const client = await openRawClient(rig.port)
    client.send(`POST /x HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
    await client.until('begun')
    client.send('XX\r\n')
    expect(readResponse(await client.closed()).body).toBe('begun')
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'aborted' }])
  })
})

describe('an expectation', () => {
  test('S-093 that cannot be met is answered 417, without 100', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`POST /app/x HTTP/1.1\r\n${A}Expect: 200-ok\r\nContent-Length: 3\r\n\r\n`)
    const received = await client.closed()
    expect(received).toMatch(/^HTTP\/1\.1 417 /)
    expect(received).not.toContain('100 Continue')
    expect(bench.upstream.requests).toEqual([])
  })

  test('of HTTP/1.0 is passed over', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`POST /app/x HTTP/1.0\r\n${A}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 /)
    expect(bench.upstream.requests[0]?.body).toBe('abc')
  })
})
