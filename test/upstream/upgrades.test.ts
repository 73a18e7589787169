import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { expect, onTestFinished, test } from 'vitest'

import type { UpstreamPoolOptions } from '../../src/upstream/index.ts'
import { createUpstreamPool } from '../../src/upstream/index.ts'
import { openUpstreamSocket } from '../../src/upstream/upstream-socket.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'

const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const NO = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'

/** An upstream that answers when the test says so, and requests to upgrade to it. */
async function startBench(options: Partial<UpstreamPoolOptions> = {}) {
  const pending: Socket[] = []
  const heads: string[] = []
  const upstream = await startRawUpstream((socket, head) => {
    heads.push(head)
    pending.push(socket)
  })
  const target = { host: '127.0.0.1', port: upstream.port, connectMs: 20_000 }
  const pool = createUpstreamPool({ ...target, maxConnections: 1, ...options })
  onTestFinished(() => pool.destroy())
  return {
    pool,
    upstream,
    heads,
    paths: () => heads.map((head) => head.split(' ')[1]),
    /** Answers the request that has waited for longest. */
    answer: (bytes: string) => {
      const socket = pending.shift()
      socket?.write(bytes, 'latin1')
      return socket
    },
    plain: (path: string) => dispatchRecorded(pool, { origin: upstream.url, path }),
    /** What is told of a request to upgrade, in order. */
    upgrade: (path: string) => {
      const told: string[] = []
      const taken: Duplex[] = []
      const request = {
        origin: upstream.url,
        path,
        method: 'GET',
        headers: ['Host', 'up.test'],
        body: null,
        headersTimeout: 5_000,
        bodyTimeout: 5_000,
        upgrade: 'websocket' as const,
      }
      pool.dispatch(request, {
        onRequestStart() {},
        onResponseStart: (_controller, status) => void told.push(String(status)),
        onResponseData: (_controller, chunk) => void told.push(chunk.toString()),
        onResponseEnd: () => void told.push('end'),
        onResponseError: (_controller, error) => void told.push(error.message),
        onRequestUpgrade({ rawHeaders }, status, _headers, socket) {
          onTestFinished(() => void socket.destroy())
          told.push(`switched by ${status}`, ...(rawHeaders as string[]))
          taken.push(socket)
          socket.on('error', () => {}).on('data', (part: Buffer) => told.push(part.toString()))
          socket.on('close', () => told.push('closed'))
        },
      })
      return { told, taken }
    },
  }
}

const FIELDS = ['Connection', 'Upgrade', 'Upgrade', 'websocket']

test('a request to upgrade says so once, and nothing else of its connection', async () => {
  const { upgrade, heads } = await startBench({ idleMs: 0 })
  upgrade('/chat')
  await expect.poll(() => heads.length).toBe(1)
  const head = 'GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nHost: up.test'
  expect(heads[0]?.trimEnd()).toBe(head)
})

test('who asked gets the connection, and all that came behind the 101', async () => {
  const { upgrade, heads, answer } = await startBench()
  const { told, taken } = upgrade('/')
  await expect.poll(() => heads.length).toBe(1)
  const socket = answer(`${SWITCH}first words`)
  const received: string[] = []
  socket?.on('data', (part: Buffer) => received.push(part.toString()))
  await expect.poll(() => told).toEqual(['switched by 101', ...FIELDS, 'first words'])
  socket?.write('second')
  taken[0]?.write('hello')
  await expect.poll(() => told.at(-1)).toBe('second')
  await expect.poll(() => received.join('')).toContain('hello')
  socket?.end()
  await expect.poll(() => told.at(-1)).toBe('closed')
})

test('the 101 may come in parts, and behind an interim response', async () => {
  const { upgrade, heads, answer } = await startBench()
  const { told } = upgrade('/')
  await expect.poll(() => heads.length).toBe(1)
  const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n'
  const socket = answer(hints + SWITCH.slice(0, 20))
  await expect.poll(() => told).toEqual(['103'])
  socket?.write(SWITCH.slice(20))
  socket?.write('now')
  await expect.poll(() => told.join(' ')).toBe(`103 switched by 101 ${FIELDS.join(' ')} now`)
})

test('64 KiB behind the 101, and what follows, arrive in order', async () => {
  const { upgrade, heads, answer } = await startBench()
  const { told } = upgrade('/')
  await expect.poll(() => heads.length).toBe(1)
  const sent = Array.from({ length: 40_000 }, (_, at) => String(at)).join(' ')
  answer(SWITCH + sent)
  await expect.poll(() => told.slice(1 + FIELDS.length).join('')).toBe(sent)
})

test('another answer is told as that to any request, and its connection ends', async () => {
  const { upgrade, heads, answer, upstream } = await startBench()
  const first = upgrade('/1')
  await expect.poll(() => heads.length).toBe(1)
  answer(NO)
  await expect.poll(() => first.told).toEqual(['403', 'no', 'end'])
  await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
  const second = upgrade('/2')
  await expect.poll(() => heads.length).toBe(2)
  answer(SWITCH)
  await expect.poll(() => second.told).toEqual(['switched by 101', ...FIELDS])
})

test.each([
  ['ends the connection', 'HTTP/1.1 101 No\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n'],
  ['has a body', 'HTTP/1.1 101 No\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno'],
  ['is of HTTP/1.0', 'HTTP/1.0 101 No\r\nUpgrade: websocket\r\n\r\n'],
])('a 101 that %s is refused', async (_how, bytes) => {
  const { upgrade, heads, answer, upstream } = await startBench()
  const { told, taken } = upgrade('/')
  await expect.poll(() => heads.length).toBe(1)
  answer(bytes)
  await expect.poll(() => told).toHaveLength(1)
  expect(told[0]).toContain('the response of the upstream was refused')
  expect(taken).toEqual([])
  await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
})

test('one that was upgraded no longer counts, and is not ended with the others', async () => {
  const { pool, upgrade, heads, answer, upstream } = await startBench()
  const all = ['/1', '/2', '/3'].map(upgrade)
  for (const [at, { told }] of all.entries()) {
    await expect.poll(() => heads.length).toBe(at + 1)
    answer(SWITCH)
    await expect.poll(() => told[0]).toBe('switched by 101')
  }
  await pool.destroy()
  upstream.sockets.forEach((socket) => socket.write('still here'))
  for (const { told } of all) await expect.poll(() => told.at(-1)).toBe('still here')
})

test('requests to upgrade wait for each other, and no others wait for them', async () => {
  const { pool, upgrade, plain, paths, answer } = await startBench()
  const [first, second] = [upgrade('/1'), upgrade('/2')]
  await expect.poll(() => paths()).toEqual(['/1'])
  expect(pool.waiting).toBe(1)
  const other = plain('/other')
  await expect.poll(() => paths()).toEqual(['/1', '/other'])
  answer(NO)
  answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  expect(await other.settled).toMatchObject({ status: 200, body: 'ok' })
  await expect.poll(() => paths()).toEqual(['/1', '/other', '/2'])
  answer(SWITCH)
  await expect.poll(() => second.told[0]).toBe('switched by 101')
  expect(first.told).toEqual(['403', 'no', 'end'])
})

test('where the connections are closed, those under way break off, and none begins', async () => {
  const { pool, upgrade, heads } = await startBench()
  const [first, second] = [upgrade('/1'), upgrade('/2')]
  await expect.poll(() => heads.length).toBe(1)
  await pool.destroy()
  const closed = 'the connections to the upstream were closed'
  await expect.poll(() => [first.told, second.told]).toEqual([[closed], [closed]])
  expect(upgrade('/3').told).toEqual([closed])
})

test('what comes at once beyond the size of the buffer is told behind what fills it', async () => {
  const upstream = await startRawUpstream(() => {})
  const buffer = Buffer.alloc(8)
  const told: string[] = []
  const socket = openUpstreamSocket(
    { host: '127.0.0.1', port: upstream.port, connectMs: 20_000 },
    {
      buffer,
      asStream: true,
      onRead: (count) => told.push(buffer.toString('latin1', 0, count)) > 0,
      onConnect() {},
      onWriteError() {},
    },
  )
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  await expect.poll(() => upstream.sockets.length).toBe(1)
  upstream.sockets[0]?.write('eight at a time, in order')
  await expect.poll(() => told.join('')).toBe('eight at a time, in order')
  expect(told.slice(0, 3)).toEqual(['eight at', ' a time,', ' in orde'])
})
