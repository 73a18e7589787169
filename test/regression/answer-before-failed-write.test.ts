import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createUpstreamPool } from '../../src/upstream/index.ts'
import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// An upstream that refuses an upload answers and closes. The next part of the upload then cannot be written, and that
// took the answer with it: its client got 502.

const TOO_LARGE = 'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n'
const LONG = 'refused '.repeat(6_000)

function chunked(parts: readonly string[]): string {
  const chunks = [...parts, ''].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
  return `${TOO_LARGE}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}`
}

describe('what comes before a reset, when a part of the upload is written first', () => {
  /** The upstream answers the first upload and resets; before that is read, more of the upload is written. */
  async function upload(answer: string, headers: string[] = ['Host', 'up.test']) {
    const body = new PassThrough()
    body.on('error', () => {})
    const upstream = await startRawUpstream((socket, head) => {
      if (!head.includes('/up'))
        return void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      for (let at = 0; at < answer.length; at += 16_384) {
        socket.write(answer.slice(at, at + 16_384))
      }
      socket.resetAndDestroy()
      body.write('more')
    })
    const pool = createUpstreamPool({ host: '127.0.0.1', port: upstream.port, connectMs: 2_000 })
    onTestFinished(() => pool.destroy())
    const origin = upstream.url
    const { settled } = dispatchRecorded(pool, {
      origin,
      path: '/up',
      method: 'PUT',
      body,
      headers,
    })
    const exchange = await settled
    const next = await dispatchRecorded(pool, { origin, path: '/next' }).settled
    return { exchange, next, body, upstream }
  }

  test.each([
    ['by length', `${TOO_LARGE}Content-Length: 7\r\n\r\nrefused`, 'refused'],
    ['in chunks', chunked(['ref', 'used']), 'refused'],
    ['without a body', 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n', ''],
    [
      'of many packets by length',
      `${TOO_LARGE}Content-Length: ${LONG.length}\r\n\r\n${LONG}`,
      LONG,
    ],
    ['of many packets in chunks', chunked([LONG.slice(0, 30_000), LONG.slice(30_000)]), LONG],
    [
      'after a hint',
      `HTTP/1.1 103 Early Hints\r\n\r\n${TOO_LARGE}Content-Length: 2\r\n\r\nno`,
      'no',
    ],
  ])('is the answer: %s', async (_what, answer, text) => {
    const { exchange, next, body, upstream } = await upload(answer)
    expect(exchange).toMatchObject({ status: 413, body: text, outcome: 'end' })
    expect(body.destroyed).toBe(true)
    // The connection serves nobody else, and the next request gets its own answer.
    expect(next).toMatchObject({ status: 200, body: 'ok', outcome: 'end' })
    expect(upstream.sockets.length).toBe(2)
    expect(upstream.received[0]).not.toContain('0\r\n\r\n')
  })

  test('is the answer where the upload has a length', async () => {
    const headers = ['Host', 'up.test', 'Content-Length', '9']
    const { exchange } = await upload(`${TOO_LARGE}Content-Length: 7\r\n\r\nrefused`, headers)
    expect(exchange).toMatchObject({ status: 413, body: 'refused', outcome: 'end' })
  })

  test.each([
    ['by length', `${TOO_LARGE}Content-Length: 9\r\n\r\nrefused`],
    ['in chunks', `${TOO_LARGE}Transfer-Encoding: chunked\r\n\r\n7\r\nrefused\r\n`],
    ['by the end of the connection', `${TOO_LARGE}\r\nrefused`],
  ])('is not taken for complete when it is cut: %s', async (_how, answer) => {
    const { exchange, next } = await upload(answer)
    expect(exchange).toMatchObject({ status: 413, body: 'refused', outcome: 'error' })
    expect(next).toMatchObject({ status: 200, outcome: 'end' })
  })

  test.each([
    ['nothing', ''],
    ['half a head', TOO_LARGE],
    ['a hint', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('is no answer when it is %s', async (_what, answer) => {
    const { exchange, next } = await upload(answer)
    expect(exchange).toMatchObject({ status: null, outcome: 'error' })
    expect(next).toMatchObject({ status: 200, outcome: 'end' })
  })
})

test.each([
  ['whole', `${TOO_LARGE}Content-Length: ${LONG.length}\r\n\r\n${LONG}`, 'end'],
  ['cut', `${TOO_LARGE}Content-Length: ${LONG.length + 1}\r\n\r\n${LONG}`, 'error'],
])(
  'what comes over a Unix socket before it closes is the answer: %s',
  async (_what, answer, outcome) => {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-socket-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const socketPath = join(directory, 'app.sock')
    const body = new PassThrough()
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(answer)
        socket.destroy()
        body.write('more')
      })
    })
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    onTestFinished(() => void server.close())
    const pool = createUpstreamPool({ host: 'localhost', port: 80, socketPath, connectMs: 2_000 })
    onTestFinished(() => pool.destroy())
    const options = { origin: 'http://localhost', method: 'PUT', body }
    const { settled } = dispatchRecorded(pool, options)
    expect(await settled).toMatchObject({ status: 413, body: LONG, outcome })
  },
)

test('what came before a request is no answer to one whose head cannot be written', async () => {
  const upstream = await startRawUpstream((socket, _head, connection) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    if (connection === 0) first.resolve(socket)
  })
  const first = createGate<Socket>()
  const pool = createUpstreamPool({ host: '127.0.0.1', port: upstream.port, connectMs: 2_000 })
  onTestFinished(() => pool.destroy())
  const ask = (path: string) =>
    dispatchRecorded(pool, { origin: upstream.url, path, method: 'POST', body: null }).settled
  await ask('/first')
  const socket = await first.promise
  socket.write('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n')
  socket.resetAndDestroy()
  // In the same turn, so that the pool has read nothing yet.
  expect((await ask('/second')).status).not.toBe(408)
})

function createGate<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve: (value: T) => resolve(value) }
}

describe('a client whose upload is refused', () => {
  const POST = 'POST /up HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 60000\r\n'

  async function send(
    refuse: (socket: Socket, more: () => void) => void,
    { fields = '', first = 'x'.repeat(10_000) } = {},
  ) {
    const upstream = await startRecordingUpstream({
      ignoreBody: true,
      onHead: (_request, socket) => refuse(socket, () => client.send('x'.repeat(10_000))),
    })
    const rig = await startRig([
      {
        path: '/**',
        upstream: upstream.url,
        policy: { token: 'none' },
        timeouts: { idleBodyMs: 5_000 },
      },
    ])
    const client = await openRawClient(rig.port)
    client.send(`${POST}${fields}\r\n${first}`)
    return { client, rig, upstream }
  }

  const refusal = `${TOO_LARGE}X-Limit: 5000\r\nContent-Length: ${LONG.length}\r\n\r\n${LONG}`
  const refuseThen = (close: (socket: Socket) => void) => (socket: Socket, more: () => void) => {
    more()
    socket.write(refusal)
    close(socket)
  }

  test.each([
    ['resets', (socket: Socket) => void socket.resetAndDestroy()],
    ['closes without reading', (socket: Socket) => void socket.pause().end(() => socket.destroy())],
    ['ends its side', (socket: Socket) => void socket.end()],
    ['only says so', () => {}],
  ])('gets status, fields and body from an upstream that %s', async (_how, close) => {
    const { client, rig, upstream } = await send(refuseThen(close))
    const answer = readResponse(await client.closed())
    expect([answer.status, answer.field('x-limit'), answer.body]).toEqual([413, '5000', LONG])
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'ok' }])
    expect(rig.up()).toEqual([true])
    expect(upstream.requests).toHaveLength(1)
  })

  test('gets it while it sends slowly, and after it was told to continue', async () => {
    const { client } = await send(
      (socket) => {
        socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        setTimeout(() => {
          socket.write(refusal)
          socket.resetAndDestroy()
        }, 100)
      },
      { fields: 'Expect: 100-continue\r\n', first: '' },
    )
    const continued = 'HTTP/1.1 100 Continue\r\n\r\n'
    await client.until(continued)
    const timer = setInterval(() => client.send('x'), 10)
    onTestFinished(() => clearInterval(timer))
    const text = await client.closed()
    expect(text.startsWith(continued)).toBe(true)
    const { status, body } = readResponse(text.slice(continued.length))
    expect([status, body]).toEqual([413, LONG])
  })

  test('gets an answer that came in one piece', async () => {
    const { client, rig, upstream } = await send((socket, more) => {
      more()
      socket.write(`${TOO_LARGE}Content-Length: 7\r\n\r\nrefused`)
      socket.resetAndDestroy()
    })
    const { status, body } = readResponse(await client.closed())
    expect([status, body]).toEqual([413, 'refused'])
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'ok' }])
    expect(upstream.requests).toHaveLength(1)
  })

  test('gets 502 where there was no answer', async () => {
    const { client, rig } = await send((socket, more) => {
      more()
      socket.resetAndDestroy()
    })
    expect(readResponse(await client.closed()).status).toBe(502)
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'unreachable' }])
  })

  test('sees that an answer was cut', async () => {
    const { client, rig } = await send((socket, more) => {
      more()
      socket.write(`${TOO_LARGE}Content-Length: 9\r\n\r\nrefused`)
      socket.resetAndDestroy()
    })
    const answer = readResponse(await client.closed())
    expect([answer.status, answer.field('content-length'), answer.body]).toEqual([
      413,
      '9',
      'refused',
    ])
    await expect.poll(() => rig.requestEvents.map(({ completed }) => completed)).toEqual([false])
  })
})
