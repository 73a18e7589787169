import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'

import { describe, expect, onTestFinished } from 'vitest'

import { createHttp2Sessions } from '../../src/listener/http2-sessions.ts'
import { createTlsServer } from '../../src/tls/index.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import type { FrameClient } from '../helpers/http2-frames.ts'
import {
  ACK,
  block,
  CONTINUATION,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  headers,
  HEADERS,
  openFrameClient,
  PING,
  PRIORITY,
  reset,
  SETTINGS,
  uint32,
  WINDOW_UPDATE,
} from '../helpers/http2-frames.ts'
import { GET, POST, startHttp2Rig } from '../helpers/http2-rig.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const REFUSED_STREAM = 7
const ENHANCE_YOUR_CALM = 11

async function start(answers = true) {
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) => void (answers && socket.write(OK)),
  })
  const rig = await startHttp2Rig([{ path: '/**', upstream: upstream.url }])
  /** Somebody else's requests are answered all the while. */
  const expectServed = async (): Promise<void> => {
    const other = await openFrameClient({ port: rig.port })
    const before = upstream.requests.length
    other.send(headers(1, GET))
    if (answers) expect((await other.over(1)).statuses).toEqual([200])
    else await eventually(() => upstream.requests.length > before)
    other.socket.destroy()
  }
  return { upstream, rig, expectServed }
}

/** Sends the same again and again until the connection is over; the number of times is bounded. */
async function flood(client: FrameClient, times: number, next: (turn: number) => Buffer) {
  let sent = 0
  for (; sent < times && !isOver(client); sent++) {
    client.send(next(sent))
    if (sent % 20 === 19) await new Promise((resolve) => setImmediate(resolve))
  }
  await eventually(() => isOver(client))
  return sent
}

const isOver = (client: FrameClient): boolean => client.goaway() !== null || client.closed()

describe('one connection', () => {
  tlsTest('has at most 100 requests under way', async () => {
    const { rig, upstream, expectServed } = await start(false)
    const client = await openFrameClient({ port: rig.port })
    const ids = Array.from({ length: 130 }, (_, i) => 2 * i + 1)
    client.send(...ids.map((id) => headers(id, GET)))
    await eventually(() => ids.filter((id) => client.stream(id).reset !== null).length === 30)
    for (const id of ids.slice(100)) expect(client.stream(id).reset).toBe(REFUSED_STREAM)
    await eventually(() => upstream.requests.length === 100)
    expect(client.closed()).toBe(false)
    await expectServed()
  })

  tlsTest('that goes on asking for more is ended', async () => {
    const { rig, upstream } = await start(false)
    const client = await openFrameClient({ port: rig.port })
    await flood(client, 5_000, (turn) => headers(2 * turn + 1, GET))
    expect(upstream.requests.length).toBeLessThanOrEqual(100)
    await eventually(() => client.closed())
  })

  tlsTest('that resets its requests at once is ended (CVE-2023-44487)', async () => {
    const { rig, upstream, expectServed } = await start()
    const client = await openFrameClient({ port: rig.port })
    await flood(client, 20_000, (turn) =>
      Buffer.concat([headers(2 * turn + 1, GET), reset(2 * turn + 1)]),
    )
    expect(upstream.requests.length).toBeLessThan(1_000)
    await eventually(() => client.closed())
    await expectServed()
  })

  tlsTest('that resets its requests when they are under way is ended', async () => {
    const { rig, upstream, expectServed } = await start(false)
    const client = await openFrameClient({ port: rig.port })
    for (let id = 1; id < 2_000 && !isOver(client); id += 2) {
      client.send(headers(id, GET))
      await eventually(() => upstream.requests.length > (id - 1) / 2 || isOver(client))
      client.send(reset(id))
    }
    await eventually(() => isOver(client))
    expect([ENHANCE_YOUR_CALM, null]).toContain(client.goaway())
    expect(upstream.requests.length).toBeLessThan(1_000)
    await eventually(() => client.closed())
    await expectServed()
  })

  tlsTest.each<[string, (id: number) => Buffer]>([
    ['a window that grows by nothing', (id) => frame(WINDOW_UPDATE, 0, id, uint32(0))],
    ['a window that grows beyond bounds', (id) => frame(WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1))],
    ['a body that is longer than it says', (id) => data(id, 'abc', 0)],
  ])('that has its requests reset by %s is ended (CVE-2025-8671)', async (_title, provoke) => {
    const { rig, upstream, expectServed } = await start(false)
    const client = await openFrameClient({ port: rig.port })
    await flood(client, 20_000, (turn) => {
      const id = 2 * turn + 1
      const head = headers(id, [...POST, ['content-length', '1']], 0)
      return Buffer.concat([head, provoke(id)])
    })
    expect(upstream.requests.length).toBeLessThan(1_500)
    await eventually(() => client.closed())
    await expectServed()
  })

  tlsTest('that sends malformed requests again and again is ended', async () => {
    const { rig, upstream } = await start()
    const client = await openFrameClient({ port: rig.port })
    await flood(client, 5_000, (turn) => headers(2 * turn + 1, [...GET, ['connection', 'x']]))
    expect(upstream.requests).toEqual([])
    await eventually(() => client.closed())
  })

  tlsTest('whose head goes on for ever is ended', async () => {
    const { rig, expectServed } = await start()
    const client = await openFrameClient({ port: rig.port })
    client.send(frame(HEADERS, END_STREAM, 1, block(GET)))
    const sent = await flood(client, 10_000, (turn) =>
      frame(CONTINUATION, 0, 1, block([[`x-${turn}`, 'y']])),
    )
    expect(sent).toBeLessThan(10_000)
    await expectServed()
  })

  tlsTest('whose head unpacks to very much costs little, and is reset', async () => {
    const { rig, upstream, expectServed } = await start()
    const client = await openFrameClient({ port: rig.port })
    // One field of 4 000 bytes goes into the table (RFC 7541 §6.2.1); each byte after that is that field again.
    const stored = Buffer.concat([
      Buffer.from([0x40]),
      block([['x', 'y'.repeat(4_000)]]).subarray(1),
    ])
    const bomb = Buffer.concat([block(GET), stored, Buffer.alloc(10_000, 0xbe)])
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, bomb))
    await eventually(() => client.stream(1).reset !== null || isOver(client))
    expect(upstream.requests).toEqual([])
    await expectServed()
  })

  tlsTest.each<[string, () => Buffer]>([
    ['PING', () => frame(PING, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', () => frame(SETTINGS, 0, 0)],
  ])('that wants one answer to %s after the other is ended', async (_title, next) => {
    const { rig, expectServed } = await start()
    const client = await openFrameClient({ port: rig.port })
    const sent = await flood(client, 20_000, next)
    expect(sent).toBeLessThan(20_000)
    await eventually(() => client.closed())
    await expectServed()
  })

  tlsTest('that begins with something else is ended', async () => {
    const { rig } = await start()
    const preface = Buffer.from('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n')
    const client = await openFrameClient({ port: rig.port, preface })
    await eventually(() => client.closed())
    expect(client.stream(1).statuses).toEqual([])
  })
})

/** Sessions on their own, which are soon idle. */
async function startSessions(idleMs: number, silenceMs?: number) {
  const { cert, key } = createAuthority('a').issue('gateway')
  let closed = 0
  const sessions = createHttp2Sessions({
    idleMs,
    silenceMs,
    onRequest: (incoming, outgoing) => {
      outgoing.on('close', () => closed++)
      if (incoming.url === '/wait') return
      outgoing.writeHead(200, [])
      outgoing.end('ok')
    },
  })
  const server = createTlsServer(
    {},
    {
      material: { cert, key, clientCa: undefined, validUntilMs: Infinity },
      clientAuth: 'none',
      handshakeTimeoutMs: 10_000,
      onHttp2: (socket) => sessions.take(socket),
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const connections = promisify(server.getConnections.bind(server)) as () => Promise<number>
  return { connections, closed: () => closed, port: (server.address() as AddressInfo).port }
}

describe('a session', () => {
  tlsTest('without requests is ended after a while, and says so', async () => {
    const { port } = await startSessions(300)
    const client = await openFrameClient({ port })
    client.send(headers(1, GET))
    expect((await client.over(1)).statuses).toEqual([200])
    await eventually(() => client.closed())
    expect(client.goaway()).toBe(0)
  })

  tlsTest('with a request is not', async () => {
    const { port } = await startSessions(300)
    const [busy, idle] = [await openFrameClient({ port }), await openFrameClient({ port })]
    busy.send(headers(1, [...GET.slice(0, 3), [':path', '/wait']]))
    await eventually(() => idle.closed())
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(busy.closed()).toBe(false)
  })

  tlsTest('whose client takes nothing any more is ended all the same', async () => {
    const { port, connections } = await startSessions(300)
    const client = await openFrameClient({ port })
    client.socket.pause()
    client.send(headers(1, GET))
    // The rest of a head never comes.
    client.send(frame(HEADERS, 0, 3, block(GET)))
    client.socket.allowHalfOpen = true
    await eventually(async () => (await connections()) === 0)
  })

  tlsTest.each([
    ['sends on a stream that has ended', data(1, 'x', 0)],
    ['sends on a stream that never began', data(99, 'x', 0)],
    ['makes a stream wait for itself', frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 1, 0]))],
  ])('whose client %s and goes away, is ended, and its requests with it', async (_title, error) => {
    const { port, connections, closed } = await startSessions(60_000, 1_500)
    const client = await openFrameClient({ port })
    client.send(headers(1, [...GET.slice(0, 3), [':path', '/wait']]))
    client.send(error)
    await eventually(() => client.goaway() !== null)
    expect(client.goaway()).not.toBe(0)
    client.socket.destroy()
    await eventually(async () => (await connections()) === 0)
    expect(closed()).toBe(1)
  })

  tlsTest('with a request is asked whether its client is there, and ended if not', async () => {
    const { port, closed } = await startSessions(60_000, 3_000)
    const [there, gone] = [await openFrameClient({ port }), await openFrameClient({ port })]
    for (const client of [there, gone]) {
      client.send(headers(1, [...GET.slice(0, 3), [':path', '/wait']]))
    }
    let answered = 0
    await eventually(() => {
      const asked = there.frames.filter(({ type, flags }) => type === PING && flags !== ACK)
      for (; answered < asked.length; answered++) {
        there.send(frame(PING, ACK, 0, asked[answered]?.payload))
      }
      return gone.closed() && answered > 1
    })
    expect(there.closed()).toBe(false)
    expect(closed()).toBe(1)
  })
})
