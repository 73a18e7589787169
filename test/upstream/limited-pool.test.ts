import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'

import { Pool } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'

import type { LimitOptions } from '../../src/upstream/limited-pool.ts'
import { withLimit } from '../../src/upstream/limited-pool.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import type { DispatchOptions } from '../helpers/recorded-exchange.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** An upstream that answers when the test says so, behind undici's pool. */
async function startBench(options: Partial<LimitOptions> = {}) {
  const pending: { socket: Socket; line: string }[] = []
  const lines: string[] = []
  const upstream = await startRawUpstream((socket, head) => {
    const line = /^\S+ \S+/m.exec(head)?.[0] ?? ''
    lines.push(line)
    pending.push({ socket, line })
  })
  const maxConnections = options.maxConnections ?? 1
  const inner = new Pool(upstream.url, { connections: maxConnections, pipelining: 1 })
  const pool = withLimit(inner, { maxConnections, waitMs: 20_000, ...options })
  onTestFinished(() => pool.destroy())
  return {
    pool,
    upstream,
    lines,
    ask: (path: string, more: Partial<DispatchOptions> = {}) =>
      dispatchRecorded(pool, { origin: upstream.url, path, ...more }),
    answer: (bytes = OK) => void pending.shift()?.socket.write(bytes),
  }
}

describe('requests beyond the limit', () => {
  test('wait, and are sent in turn', async () => {
    const { ask, lines, answer, upstream } = await startBench({ maxConnections: 2 })
    const all = ['/0', '/1', '/2', '/3', '/4'].map((path) => ask(path))
    for (let sent = 2; sent <= 5; sent++) {
      await expect.poll(() => lines.length).toBe(sent)
      answer()
    }
    answer()
    for (const { settled } of all) expect(await settled).toMatchObject({ status: 200, body: 'ok' })
    expect(lines.toSorted()).toEqual(['GET /0', 'GET /1', 'GET /2', 'GET /3', 'GET /4'])
    expect(upstream.sockets.length).toBe(2)
  })

  test('go on when the one before them failed', async () => {
    const { ask, lines, answer, upstream } = await startBench()
    const first = ask('/first')
    const second = ask('/second')
    await expect.poll(() => lines).toEqual(['GET /first'])
    upstream.sockets[0]?.destroy()
    expect((await first.settled).outcome).toBe('error')
    await expect.poll(() => lines).toEqual(['GET /first', 'GET /second'])
    answer()
    answer()
    expect((await second.settled).outcome).toBe('end')
  })

  test('fail when too many wait, and say which setting it is', async () => {
    const { ask } = await startBench({ maxWaiting: 1 })
    ask('/first')
    ask('/second')
    const { error } = await ask('/third').settled
    expect(error?.code).toBe('ERR_UPSTREAM_BUSY')
    expect(error?.message).toContain('maxConnections: 1')
  })

  test('fail when they have waited for too long, and are not sent later', async () => {
    const { ask, lines, answer } = await startBench({ waitMs: 50 })
    const first = ask('/first')
    const { error, controller } = await ask('/second').settled
    expect(error?.code).toBe('ERR_UPSTREAM_BUSY')
    expect(error?.message).toContain('maxConnections: 1')
    expect(controller?.connected).toBe(false)
    await expect.poll(() => lines).toEqual(['GET /first'])
    answer()
    await first.settled
    const third = ask('/third')
    await expect.poll(() => lines).toEqual(['GET /first', 'GET /third'])
    answer()
    expect((await third.settled).outcome).toBe('end')
  })

  test('leave at once when they are given up, or have lost their body', async () => {
    const { ask, lines, answer } = await startBench({ maxWaiting: 1 })
    const first = ask('/first')
    const given = ask('/lost')
    const reason = new Error('given up')
    given.exchange.controller?.abort(reason)
    expect((await given.settled).error).toBe(reason)
    given.exchange.controller?.abort(new Error('again'))
    const body = new PassThrough()
    const silent = ask('/lost', { method: 'PUT', body })
    body.destroy()
    expect((await silent.settled).error?.code).toBe('ERR_REQUEST_INVALID')
    const dead = new PassThrough()
    dead.on('error', () => {}).destroy(reason)
    expect((await ask('/lost', { method: 'PUT', body: dead }).settled).error).toBe(reason)

    const last = ask('/last')
    await expect.poll(() => lines).toEqual(['GET /first'])
    answer()
    await first.settled
    await expect.poll(() => lines).toEqual(['GET /first', 'GET /last'])
    answer()
    expect((await last.settled).calls).toEqual(['start', 'start', 'head 200', 'data', 'end'])
    expect(silent.exchange.calls).toEqual(['start', 'error'])
  })

  test('are not sent when they are given up while their connection is made', async () => {
    const { ask, lines, answer, upstream } = await startBench()
    const first = ask('/first')
    const second = ask('/second')
    await expect.poll(() => lines).toEqual(['GET /first'])
    upstream.sockets[0]?.destroy()
    await first.settled
    const reason = new Error('given up')
    second.exchange.controller?.abort(reason)
    expect((await second.settled).error).toBe(reason)
    const third = ask('/third')
    await expect.poll(() => lines.at(-1)).toBe('GET /third')
    expect(lines).not.toContain('GET /second')
    answer()
    answer()
    expect((await third.settled).outcome).toBe('end')
  })

  test('fail when the connections are closed', async () => {
    const { ask, pool } = await startBench()
    const first = ask('/first')
    const second = ask('/second')
    await pool.destroy()
    expect((await second.settled).error?.code).toBe('ERR_POOL_CLOSED')
    expect((await first.settled).outcome).toBe('error')
    expect((await ask('/third').settled).outcome).toBe('error')
  })
})

test('a connection that was upgraded no longer counts', async () => {
  const { pool, upstream, lines, answer } = await startBench()
  const upgraded: string[] = []
  for (let times = 1; times <= 3; times++) {
    pool.dispatch(
      {
        origin: upstream.url,
        path: `/${times}`,
        method: 'GET',
        headers: ['Host', 'up.test'],
        body: null,
        headersTimeout: 5_000,
        bodyTimeout: 5_000,
        upgrade: 'websocket',
      },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd() {},
        onResponseError: (_controller, error) => void upgraded.push(error.message),
        onRequestUpgrade(_controller, _status, _headers, socket) {
          onTestFinished(() => void socket.destroy())
          upgraded.push(`/${times}`)
        },
      },
    )
  }
  for (let times = 1; times <= 3; times++) {
    await expect.poll(() => lines.length).toBe(times)
    answer('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  }
  await expect.poll(() => upgraded).toEqual(['/1', '/2', '/3'])
  expect(upstream.sockets.every(({ destroyed }) => !destroyed)).toBe(true)
})
