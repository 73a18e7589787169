import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { startBench } from '../helpers/proxy-rows.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { HANDSHAKE } from '../helpers/websocket.ts'

const A = AUTHENTICATED
const SMUGGLED = `GET /admin/smuggled HTTP/1.1\r\n${A}\r\n`

const CHUNKS = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`

describe('a body of a method that gives it no meaning', () => {
  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])(
    'of %s is carried whole, on a connection that the upstream is told to end and nobody uses again',
    async (method) => {
      const { rig, upstream } = await startBench()
      const client = await openRawClient(rig.port)
      for (const [framing, body] of [
        [`Content-Length: ${SMUGGLED.length}`, SMUGGLED],
        ['Transfer-Encoding: chunked', CHUNKS],
      ]) {
        client.send(`${method} /app/x HTTP/1.1\r\n${A}${framing}\r\n\r\n${body}`)
      }
      client.send(`POST /app/x HTTP/1.1\r\n${A}Content-Length: 2\r\n\r\nok`)
      client.send(`GET /app/x HTTP/1.1\r\n${A}\r\n`)
      const received = await client.untilCount('HTTP/1.1 200', 4)
      expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(Array<string>(4).fill('HTTP/1.1 200'))
      const { requests } = upstream
      expect(requests.map(({ line }) => line)).toEqual([
        `${method} /app/x HTTP/1.1`,
        `${method} /app/x HTTP/1.1`,
        'POST /app/x HTTP/1.1',
        'GET /app/x HTTP/1.1',
      ])
      expect(requests.map(({ body }) => body)).toEqual([SMUGGLED, SMUGGLED, 'ok', ''])
      // Whoever means its bodies keeps its connection.
      expect(requests.map(({ connection }) => connection)).toEqual([0, 1, 2, 2])
      expect(requests.flatMap((request) => request.values('connection'))).toEqual([
        'close',
        'close',
        'keep-alive',
        'keep-alive',
      ])
    },
  )

  test('is no request of its own where the upstream does not read it', async () => {
    const upstream = await startRecordingUpstream({
      ignoreBody: true,
      // Reads on after the head, as a server would that knows no body of GET.
      onHead: (_request, socket) =>
        void socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen',
        ),
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    const get = `GET /x HTTP/1.1\r\n${A}`
    client.send(`${get}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`)
    await client.until(/first$/)
    client.send(`${get}\r\n`)
    const received = await client.untilCount('first', 2)
    expect(received).not.toContain('stolen')
    expect(upstream.sockets).toHaveLength(2)
  })

  test.each([
    ['no bytes by length', 'Content-Length: 0\r\n\r\n', [], 'keep-alive'],
    ['no bytes in chunks', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', ['chunked'], 'close'],
  ])('may be %s', async (_what, framing, coding, connection) => {
    const { rig, upstream } = await startBench()
    const client = await openRawClient(rig.port)
    client.send(`GET /app/x HTTP/1.1\r\n${A}${framing}${SMUGGLED.replace('/admin', '/app')}`)
    await client.untilCount('HTTP/1.1 200', 2)
    const [first, second] = upstream.requests
    expect(first?.body).toBe('')
    expect(first?.values('transfer-encoding')).toEqual(coding)
    expect(first?.values('content-length')).toEqual([])
    expect(first?.values('connection')).toEqual([connection])
    expect(second?.line).toBe('GET /app/smuggled HTTP/1.1')
  })

  test('longer than the route takes is refused', async () => {
    const { rig, upstream } = await startBench([{ path: '/small/**', maxBodyBytes: 4 }])
    const client = await openRawClient(rig.port)
    client.send(`GET /small/x HTTP/1.1\r\n${A}Content-Length: 5\r\n\r\nhello`)
    expect(await client.until('\r\n\r\n{')).toMatch(/^HTTP\/1\.1 413 /)
    expect(upstream.requests).toEqual([])
  })

  test.each([
    ['by length', `Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`],
    ['in chunks', `Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`],
  ])('never comes with the wish for a WebSocket: %s', async (_how, framed) => {
    const { rig, upstream } = await startBench()
    const client = await openRawClient(rig.port)
    client.send(`GET /app/x HTTP/1.1\r\n${A}${HANDSHAKE}${framed}`)
    const received = await client.closed()
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
    expect(upstream.requests).toEqual([])
  })
})
