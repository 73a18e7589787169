import type { Socket } from 'node:net'

import { describe, expect, test } from 'vitest'

import { eventually } from '../helpers/eventually.ts'
import { AUTHENTICATED, othersAnswered } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { shake, startBehind, startEcho } from '../helpers/websocket-rig.ts'
import {
  ACCEPT,
  BINARY,
  encodeFrame,
  HANDSHAKE,
  KEY,
  openWebSocket,
  SWITCHING,
  TEXT,
} from '../helpers/websocket.ts'

const A = AUTHENTICATED
const MIB = 1024 * 1024
/** More frames of a mebibyte than four buffers of the system hold, of 32 MiB each where Linux lets them grow. */
const MOST_FRAMES = 160

/** Whether all of it leaves the process before it is clear that nothing moves any more. */
async function isTaken(socket: Socket, bytes: Buffer): Promise<boolean> {
  const written = new Promise<true>((resolve) => void socket.write(bytes, () => resolve(true)))
  const stuck = new Promise<false>((resolve) => setTimeout(resolve, 1_000, false))
  return Promise.race([written, stuck])
}

describe('a WebSocket', () => {
  test('S-134 carries what both sides say, in both directions', async () => {
    const { rig, upstream } = await startEcho()
    const client = await openWebSocket(rig.port, A)
    client.send(TEXT, 'hello')
    await client.until(() => client.texts().length === 1)
    upstream.ends[0]!.send(TEXT, 'unasked')
    await client.until(() => client.texts().length === 2)
    expect(client.texts()).toEqual(['hello', 'unasked'])
    expect(upstream.ends[0]!.texts()).toEqual(['hello'])
    expect(upstream.ends[0]!.frames[0]!.masked).toBe(true)
    expect(rig.requestEvents).toMatchObject([{ routeId: 'route-0', status: 101, completed: true }])
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'ok' }])
    expect(rig.streamEvents).toEqual([{ kind: 'websocket', routeId: 'route-0', phase: 'begun' }])
  })

  test('S-134 reaches the upstream with identity, without credential, and otherwise as it was', async () => {
    const { rig, upstream } = await startEcho()
    await openWebSocket(
      rig.port,
      `${A}X-Onedata-Subject-Id: bob\r\nX-Hop: 1\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nOrigin: https://example.org\r\nKeep-Alive: x\r\n`,
      '/ws/a%20b?x=1&access_token=no',
    )
    const { url, headers, rawHeaders } = upstream.requests[0]!
    expect(url).toBe('/ws/a%20b?x=1&access_token=no')
    expect(headers).toMatchObject({
      host: 'gw.test',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': KEY,
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'chat, superchat',
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      origin: 'https://example.org',
      'x-onedata-subject-id': 'alice',
      'x-forwarded-for': '127.0.0.1',
    })
    const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
    expect(names.filter((name) => /^(?:authorization|keep-alive|upgrade)$/.test(name))).toEqual([
      'upgrade',
    ])
    expect(names.filter((name) => name === 'x-onedata-subject-id')).toHaveLength(1)
  })

  test('gets the fields of the upstream’s 101, without those for the hop and those of the gateway', async () => {
    const { rig } = await startBehind(
      `${SWITCHING}Sec-WebSocket-Protocol: chat\r\nX-Onedata-Subject-Id: eve\r\nKeep-Alive: x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n`,
    )
    const { fields, status } = readResponse((await openWebSocket(rig.port, A)).head)
    expect(status).toBe(101)
    expect(fields.filter(([name]) => name !== 'date')).toEqual([
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['sec-websocket-accept', ACCEPT],
      ['sec-websocket-protocol', 'chat'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ])
  })

  test('S-135 keeps what comes before the 101 until then, and hands it on whole', async () => {
    let answer = (): void => {}
    const { rig, upstream } = await startBehind((socket) => {
      answer = () => void socket.write(`${SWITCHING}\r\n`)
    })
    const early = encodeFrame(TEXT, 'early', true).toString('latin1')
    const client = await shake(rig, `${A}${HANDSHAKE}\r\n${early}GET /admin HTTP/1.1`)
    await eventually(() => upstream.requests.length === 1)
    client.send('\r\nmore')
    await othersAnswered(rig)
    expect(upstream.bytes[0]).toMatch(/\r\n\r\n$/)
    answer()
    await eventually(() => upstream.bytes[0]!.endsWith('more'))
    const [head = '', ...rest] = upstream.bytes[0]!.split('\r\n\r\n')
    expect(head).toMatch(/^GET \/ws HTTP\/1\.1\r\n/)
    expect(rest.join('\r\n\r\n')).toBe(`${early}GET /admin HTTP/1.1\r\n\r\nmore`)
  })

  test('is not one of the connections that other requests use', async () => {
    const { rig, upstream } = await startBehind((socket) => void socket.write(`${SWITCHING}\r\n`))
    await openWebSocket(rig.port, A)
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${A}\r\n`)
    await eventually(() => upstream.requests.length === 2)
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([0, 1])
  })

  test('lets each side wait for the slower one', { timeout: 60_000 }, async () => {
    const { rig, upstream } = await startEcho()
    const client = await openWebSocket(rig.port, A)
    await eventually(() => upstream.ends.length === 1)
    const server = upstream.ends[0]!
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      to.socket.pause()
      const frame = encodeFrame(BINARY, Buffer.alloc(MIB), from === client)
      let taken = 0
      while (taken < MOST_FRAMES && (await isTaken(from.socket, frame))) taken++
      // All that the system takes for two connections, whatever its buffers, and some streams' worth of memory.
      expect(taken).toBeLessThan(MOST_FRAMES)
      const frames = to.frames.length
      to.socket.resume()
      await to.until(() => to.frames.length - frames === taken + 1, 30_000)
      expect(to.frames.every(({ payload }) => payload.length === MIB)).toBe(true)
    }
  })

  test('passes an end on as an end, and what the other side has yet to say too', async () => {
    const upstreamDone = await startEcho()
    const first = await openWebSocket(upstreamDone.rig.port, A)
    await eventually(() => upstreamDone.upstream.ends.length === 1)
    const server = upstreamDone.upstream.ends[0]!
    first.socket.end(encodeFrame(TEXT, 'last words', true))
    await server.until(() => !server.isOpen())
    expect(server.texts()).toEqual(['last words'])
    await first.until(() => first.texts().length === 1)
    expect(first.texts()).toEqual(['last words'])
    server.socket.end()
    await eventually(() => first.socket.closed)
    await eventually(() => upstreamDone.rig.streamEvents.length === 2)
    expect(upstreamDone.rig.streamEvents[1]).toMatchObject({ phase: 'ended' })
  })

  test('S-143 ends on one side when it breaks on the other', async () => {
    const { rig, upstream } = await startEcho()
    const client = await openWebSocket(rig.port, A)
    await eventually(() => upstream.ends.length === 1)
    client.socket.resetAndDestroy()
    await upstream.ends[0]!.closed()
    await eventually(() => rig.streamEvents.length === 2)
    expect(rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'client' })
    const second = await openWebSocket(rig.port, A)
    await eventually(() => upstream.ends.length === 2)
    upstream.ends[1]!.socket.resetAndDestroy()
    await second.closed()
    await eventually(() => rig.streamEvents.length === 4)
    expect(rig.streamEvents[3]).toMatchObject({ phase: 'ended', why: 'upstream' })
  })

  test('R-U12 is ended after timeouts.idleStreamMs without a byte, and not before', async () => {
    const { rig, upstream } = await startEcho({ timeouts: { idleStreamMs: 800 } })
    const client = await openWebSocket(rig.port, A)
    await eventually(() => upstream.ends.length === 1)
    const silent = await openWebSocket(rig.port, A)
    await eventually(() => {
      client.send(TEXT, 'still here')
      return silent.closing() !== null
    })
    expect(client.closing()).toBeNull()
    await client.closed()
    expect(client.closing()).toEqual([1001, 'idle'])
    await upstream.ends[0]!.closed()
    expect(upstream.ends[0]!.closing()?.[0]).toBe(1001)
    await eventually(() => rig.streamEvents.length === 4)
    const ended = { phase: 'ended', why: 'idle' }
    expect(rig.streamEvents.slice(2)).toMatchObject([ended, ended])
  })

  test('may follow other requests on its connection', async () => {
    const { rig, upstream } = await startEcho()
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${A}\r\n`)
    await client.until(/ok$/)
    client.send(`GET /x HTTP/1.1\r\n${A}\r\nGET /ws HTTP/1.1\r\n${A}${HANDSHAKE}\r\n`)
    client.send(encodeFrame(TEXT, 'hello', true).toString('latin1'))
    await client.until('hello')
    expect(client.received().match(/HTTP\/1\.1 \d+/g)).toEqual([
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 101',
    ])
    expect(upstream.ends[0]!.texts()).toEqual(['hello'])
  })
})

test(
  'S-143 a thousand handshakes that are given up leave nothing behind',
  { timeout: 60_000 },
  async () => {
    const { rig, upstream } = await startEcho()
    const connections = (): Promise<number> =>
      new Promise((resolve) => rig.server.getConnections((_error, count) => resolve(count)))
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => shake(rig)))
      for (const [i, client] of clients.entries()) {
        if (i % 2 === 0) client.socket.destroy()
        else client.socket.resetAndDestroy()
      }
    }
    await eventually(async () => (await connections()) === 0)
    await eventually(() => upstream.ends.every((end) => !end.isOpen()))
    // Node counts a connection out before it tells that it has closed.
    const open = (): number =>
      rig.streamEvents.reduce((sum, { phase }) => sum + (phase === 'begun' ? 1 : -1), 0)
    await expect.poll(open).toBe(0)
  },
)
