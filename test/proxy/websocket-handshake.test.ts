import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { attachDoor } from '../../src/listener/attach-door.ts'
import { eventually } from '../helpers/eventually.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { shake, startBehind, startEcho } from '../helpers/websocket-rig.ts'
import { ACCEPT, HANDSHAKE, KEY, SWITCHING } from '../helpers/websocket.ts'

const A = AUTHENTICATED
const MIB = 1024 * 1024

describe('a request for a WebSocket', () => {
  test.each([
    ['without a token', `Host: gw.test\r\n`, 401, 'credentials_missing'],
    ['with a bad one', `Host: gw.test\r\nX-Auth-Token: nonsense\r\n`, 401, 'token_malformed'],
    ['with two', `${A}X-Auth-Token: x\r\n`, 400, 'credentials_ambiguous'],
    ['S-137 with a length', `${A}Content-Length: 20\r\n`, 400, 'request_invalid'],
    ['S-137 with chunks', `${A}Transfer-Encoding: chunked\r\n`, 400, 'request_invalid'],
    ['with two hosts', `Host: a\r\n${A}`, 400, 'request_invalid'],
  ])(
    'S-132 %s is refused with a document, and never reaches the upstream',
    async (_how, fields, status, code) => {
      const { rig, upstream } = await startBehind(`${SWITCHING}\r\n`)
      const client = await shake(rig, `${fields}${HANDSHAKE}`)
      const response = readResponse(await client.closed())
      expect(response.status).toBe(status)
      expect(response.field('connection')).toBe('close')
      expect(response.field('content-type')).toBe('application/problem+json')
      const challenge = response.field('www-authenticate') ?? null
      const challenged = code !== 'request_invalid'
      expect(challenge).toEqual(challenged ? expect.stringMatching(/^Bearer realm=/) : null)
      expect(JSON.parse(response.body)).toMatchObject({ code })
      expect(upstream.sockets).toEqual([])
      await eventually(() => rig.requestEvents.length === 1)
      expect(rig.requestEvents).toMatchObject([{ status, completed: true }])
      expect(rig.streamEvents).toEqual([])
    },
  )

  test('is refused whatever the client sends behind it, and the answer arrives', async () => {
    const { rig, upstream } = await startBehind('')
    const client = await shake(rig, `Host: gw.test\r\n${HANDSHAKE}\r\nGET /admin HTTP/1.1\r\n${A}`)
    for (let i = 0; i < 20; i++) client.send('x'.repeat(10_000))
    const response = readResponse(await client.closed())
    expect(response.status).toBe(401)
    expect(JSON.parse(response.body)).toMatchObject({ code: 'credentials_missing' })
    expect(upstream.sockets).toEqual([])
  })

  test.each([
    ['no key', `Sec-WebSocket-Version: 13\r\n`],
    ['a short key', `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n`],
    ['two keys', `Sec-WebSocket-Version: 13\r\n${`Sec-WebSocket-Key: ${KEY}\r\n`.repeat(2)}`],
    ['another version', `Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: ${KEY}\r\n`],
  ])('S-139 with %s is refused, and told the version', async (_what, fields) => {
    const { rig, upstream } = await startBehind('')
    const client = await shake(rig, `${A}Connection: Upgrade\r\nUpgrade: websocket\r\n${fields}`)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(400)
    expect(response.field('sec-websocket-version')).toBe('13')
    expect(JSON.parse(response.body)).toMatchObject({ code: 'handshake_invalid' })
    expect(upstream.sockets).toEqual([])
  })

  test('S-133 to a route that carries none is refused, before anybody is verified', async () => {
    const { rig, upstream } = await startEcho({ websocket: false })
    const client = await shake(rig)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toMatchObject({ code: 'websocket_not_carried' })
    expect([upstream.requests.length, rig.verifications()]).toEqual([0, 0])
  })

  test.each([
    ['to no route', 'GET /elsewhere', 404],
    ['S-124 to another host', 'GET http://evil.test/ws', 400],
    ['to a path that climbs', 'GET /ws/../admin', 400],
  ])('%s is refused', async (_what, line, status) => {
    const { rig, upstream } = await startEcho({ path: '/ws/**' })
    const client = await openRawClient(rig.port)
    client.send(`${line} HTTP/1.1\r\n${A}${HANDSHAKE}\r\n`)
    expect(readResponse(await client.closed()).status).toBe(status)
    expect(upstream.requests).toEqual([])
  })

  test.each([
    ['POST', 'POST /ws HTTP/1.1', 'Content-Length: 5\r\n\r\nhello', 'hello'],
    ['HTTP/1.0', 'GET /ws HTTP/1.0', '\r\n', ''],
  ])('S-139 by %s is an ordinary request', async (_how, line, rest, body) => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(`${line}\r\n${A}${HANDSHAKE}${rest}`)
    expect(await client.until(/ok$/)).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.requests[0]!.values('upgrade')).toEqual([])
    expect(upstream.requests[0]!.body).toBe(body)
  })

  test('S-096 an offer of h2c with a body loses nothing of it', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(
      `POST /x HTTP/1.1\r\n${A}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\nhello`,
    )
    await client.until(/ok$/)
    client.send(`GET /y HTTP/1.1\r\n${A}\r\n`)
    await client.untilCount('\r\n\r\nok', 2)
    expect(upstream.requests.map(({ line, body }) => [line, body])).toEqual([
      ['POST /x HTTP/1.1', 'hello'],
      ['GET /y HTTP/1.1', ''],
    ])
  })

  test('is refused by a server that would upgrade to anything', async () => {
    const { rig, upstream } = await startEcho()
    const server = createServer()
    attachDoor(server, () => rig.proxy)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const client = await openRawClient((server.address() as AddressInfo).port)
    client.send(`GET /x HTTP/1.1\r\n${A}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)
    expect(readResponse(await client.closed()).status).toBe(400)
    expect(upstream.requests).toEqual([])
  })

  test('S-143 that the client gives up ends at the upstream', async () => {
    const { rig, upstream } = await startBehind(() => {})
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const before = upstream.requests.length
      const client = await shake(rig)
      await eventually(() => upstream.requests.length === before + 1)
      client.socket[leave]()
      await eventually(() => upstream.sockets[before]!.destroyed)
    }
    await eventually(() => rig.requestEvents.length === 2)
    expect(rig.requestEvents.map(({ status }) => status)).toEqual([499, 499])
    expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted'])
    expect(rig.streamEvents).toEqual([])
  })
})

describe('an upstream that does not switch', () => {
  test.each([
    [
      'with a length',
      'HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nWWW-Authenticate: Basic\r\nUpgrade: x\r\n\r\nbody',
      401,
    ],
    [
      'in chunks',
      'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n4;x=1\r\nbody\r\n0\r\nX-T: 1\r\n\r\n',
      404,
    ],
    [
      'as though nothing had been asked',
      'HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nbody',
      200,
    ],
  ])('S-136 has its answer told, %s, and both connections end', async (_how, answer, status) => {
    const { rig, upstream } = await startBehind(answer)
    const client = await shake(rig, `${A}${HANDSHAKE}\r\nGET /smuggled HTTP/1.1\r\n${A}`)
    const received = await client.closed()
    const response = readResponse(received)
    expect(response.status).toBe(status)
    expect(response.field('connection')).toBe('close')
    expect(response.field('upgrade')).toBeUndefined()
    expect(response.body.replace(/^4\r\n(.*)\r\n0\r\n\r\n$/s, '$1')).toBe('body')
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(upstream.bytes.join('')).not.toContain('smuggled')
    await eventually(() => upstream.sockets[0]!.destroyed)
    expect(upstream.requests).toHaveLength(1)
    expect(rig.streamEvents).toEqual([])
  })

  test.each([
    ['accepts another key', SWITCHING.replace(ACCEPT, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
    ['accepts nothing', SWITCHING.replace(/Sec-WebSocket-Accept.*\r\n/, '')],
    ['accepts twice', `${SWITCHING}Sec-WebSocket-Accept: ${ACCEPT}\r\n`],
    ['switches to something else', SWITCHING.replace('websocket', 'h2c')],
    ['switches to two protocols', `${SWITCHING}Upgrade: h2c\r\n`],
    ['does not say what it switches to', SWITCHING.replace(/Upgrade: websocket\r\n/, '')],
    ['has a length', `${SWITCHING}Content-Length: 5\r\n`],
    ['has chunks', `${SWITCHING}Transfer-Encoding: chunked\r\n`],
    ['garbles its head', 'HTTP/1.1 101\nUpgrade: websocket\n\n'],
    ['says something else', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('but %s is told as 502', async (_what, head) => {
    const { rig, upstream } = await startBehind(`${head}\r\nsecret`)
    const client = await shake(rig, `${A}${HANDSHAKE}\r\nGET /smuggled HTTP/1.1`)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(502)
    expect(JSON.parse(response.body)).toMatchObject({ code: 'upstream_unreachable' })
    await eventually(() => upstream.sockets[0]!.destroyed)
    expect(upstream.bytes.join('')).not.toContain('smuggled')
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'unreachable' }])
    expect(rig.streamEvents).toEqual([])
  })

  test.each([
    ['not there', (socket: Socket) => void socket.resetAndDestroy(), 502],
    ['silent', () => {}, 504],
  ] as const)('because it is %s is told as such', async (_how, answer, status) => {
    const { rig } = await startBehind(answer, { timeouts: { headMs: 200 } })
    const client = await shake(rig)
    expect(readResponse(await client.closed()).status).toBe(status)
  })

  test('is read no faster than the client reads', { timeout: 60_000 }, async () => {
    const total = 48 * MIB
    let sent = 0
    const { rig } = await startBehind((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
      const fill = (): void => {
        while (sent < total) {
          sent += MIB
          if (!socket.write(Buffer.alloc(MIB))) return
        }
      }
      socket.on('drain', fill)
      fill()
    })
    const client = httpRequest(`${rig.url}/ws`, {
      headers: Object.fromEntries(
        `${A}${HANDSHAKE}`
          .trim()
          .split('\r\n')
          .map((line) => line.split(': ') as [string, string]),
      ),
    })
    const read = await new Promise<number>((resolve, reject) => {
      client.on('response', (response) => {
        response.pause()
        setTimeout(() => {
          expect(sent).toBeLessThan(24 * MIB)
          response.resume()
        }, 300)
        let received = 0
        response.on('data', (chunk: Buffer) => (received += chunk.length))
        response.on('end', () => resolve(received))
      })
      client.on('error', reject)
      client.end()
    })
    expect(read).toBe(total)
  })
})
