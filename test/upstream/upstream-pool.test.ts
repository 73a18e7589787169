import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { PassThrough, Readable } from 'node:stream'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { UpstreamPool, UpstreamPoolOptions } from '../../src/upstream/index.ts'
import { createUpstreamPool } from '../../src/upstream/index.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import type { RawUpstream } from '../helpers/raw-upstream.ts'
import type { DispatchOptions, RecordedExchange } from '../helpers/recorded-exchange.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

interface Bench {
  readonly upstream: RawUpstream
  readonly pool: UpstreamPool
  readonly ask: (options?: Partial<DispatchOptions>) => ReturnType<typeof dispatchRecorded>
}

async function startBench(
  answer: (socket: Socket, head: string, connection: number) => void,
  options: Partial<UpstreamPoolOptions> = {},
): Promise<Bench> {
  const upstream = await startRawUpstream(answer)
  const pool = createUpstreamPool({
    host: '127.0.0.1',
    port: upstream.port,
    connectMs: 2_000,
    ...options,
  })
  onTestFinished(() => pool.destroy())
  return {
    upstream,
    pool,
    ask: (more = {}) => dispatchRecorded(pool, { origin: upstream.url, ...more }),
  }
}

async function eventually(what: () => boolean, ms = 5_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`did not come true: ${String(what)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const answerOk = (socket: Socket): void => void socket.write(OK)

const requestsOf = ({ received }: RawUpstream): number =>
  received.join('').split(' HTTP/1.1\r\n').length - 1

describe('a connection', () => {
  test('serves one request after the other', async () => {
    const { ask, upstream } = await startBench(answerOk)
    for (let i = 0; i < 5; i++) {
      expect(await ask().settled).toMatchObject({ status: 200, body: 'ok', outcome: 'end' })
    }
    expect(upstream.sockets.length).toBe(1)
    expect(requestsOf(upstream)).toBe(5)
  })

  test('never has two requests at a time', async () => {
    const { ask, upstream } = await startBench((socket) => void setTimeout(answerOk, 20, socket))
    await Promise.all(Array.from({ length: 10 }, () => ask().settled))
    expect(upstream.sockets.length).toBe(10)
  })

  test.each([
    ['says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    [
      'promises too little',
      'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['sends more than its length', `${OK}X`],
    ['sends a second response', OK + OK],
    ['has a body where there is none', 'HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok'],
    [
      'goes on after its last chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX',
    ],
  ])('serves no other request when the response %s', async (_how, bytes) => {
    const { ask, upstream } = await startBench((socket) => void socket.write(bytes))
    for (let i = 0; i < 3; i++) expect((await ask().settled).outcome).toBe('end')
    expect(upstream.sockets.length).toBe(3)
    await eventually(() => upstream.sockets.every(({ destroyed }) => destroyed))
  })

  test('ends when something comes on it that was not asked for', async () => {
    const { ask, upstream } = await startBench(answerOk)
    await ask().settled
    upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect((await ask().settled).body).toBe('ok')
  })

  test('serves one request, and says so, where it may not be idle', async () => {
    const { ask, upstream } = await startBench(answerOk, { idleMs: 0 })
    for (let i = 0; i < 3; i++) {
      expect(await ask().settled).toMatchObject({ status: 200, body: 'ok', outcome: 'end' })
    }
    expect(upstream.sockets.length).toBe(3)
    expect(upstream.received.join('').match(/\r\nConnection: close\r\n/g)).toHaveLength(3)
  })

  test('serves no other request when it is as old as it may be, busy or idle', async () => {
    const { ask, upstream } = await startBench(answerOk, { idleMs: 60_000, maxAgeMs: 300 })
    await ask().settled
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    // One that is in use all the time.
    await eventually(() => {
      void ask().settled
      return upstream.sockets.length >= 4
    })
  })

  test('finds its upstream by the look-up that it is given', async () => {
    const names: string[] = []
    const { ask } = await startBench(answerOk, {
      host: 'api.example.org',
      lookup(name, _options, callback) {
        names.push(name)
        callback(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    expect(await ask().settled).toMatchObject({ status: 200 })
    expect(names).toEqual(['api.example.org'])
  })

  test('ends when it was idle for too long', async () => {
    const { ask, upstream } = await startBench(answerOk, { idleMs: 100 })
    await ask().settled
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect((await ask().settled).body).toBe('ok')
    expect(upstream.sockets.length).toBe(2)
  })

  test('that its request has left is not steered by it any more', async () => {
    const { ask } = await startBench((socket, head) => {
      if (head.includes('/slow')) setTimeout(answerOk, 50, socket)
      else answerOk(socket)
    })
    const first = await ask().settled
    const second = ask({ path: '/slow' })
    first.controller?.pause()
    first.controller?.abort(new Error('too late'))
    first.controller?.resume()
    expect(await second.settled).toMatchObject({ outcome: 'end', body: 'ok' })
    expect(first.calls).toEqual(['start', 'head 200', 'data', 'end'])
  })
})

describe('a request on a connection that the upstream has closed meanwhile', () => {
  /** Answers the first request of the first connection, and ends it without a word at the second. */
  const closing =
    (how: 'end' | 'resetAndDestroy', after = '') =>
    (socket: Socket, head: string, connection: number): void => {
      if (connection > 0 || head.includes('/first')) return answerOk(socket)
      socket.write(after)
      setTimeout(() => socket[how](), after === '' ? 0 : 20)
    }

  test.each(['end', 'resetAndDestroy'] as const)('by %s is sent once more', async (how) => {
    const { ask, upstream } = await startBench(closing(how))
    await ask({ path: '/first' }).settled
    expect(await ask().settled).toMatchObject({ status: 200, outcome: 'end' })
    expect(upstream.sockets.length).toBe(2)
    expect(requestsOf(upstream)).toBe(3)
  })

  test('is not sent a third time', async () => {
    const { ask, upstream } = await startBench((socket, head) => {
      if (head.includes('/first')) answerOk(socket)
      else socket.end()
    })
    await ask({ path: '/first' }).settled
    expect((await ask().settled).error?.code).toBe('ERR_UPSTREAM_CLOSED')
    expect(requestsOf(upstream)).toBe(3)
  })

  test.each([
    ['whose method may have an effect twice', { method: 'POST' }, ''],
    ['which has a body', { method: 'PUT', body: Readable.from([Buffer.from('abc')]) }, ''],
    ['of whose response a byte has come', {}, 'H'],
    ['of whose response hints have come', {}, 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('is not sent again, %s', async (_what, options, after) => {
    const { ask, upstream } = await startBench(closing('end', after))
    await ask({ path: '/first' }).settled
    expect((await ask(options).settled).outcome).toBe('error')
    expect(requestsOf(upstream)).toBe(2)
  })

  test.each(['GET', 'DELETE'])(
    'is not sent again when it was the answer that did not come: %s',
    async (method) => {
      const { ask, upstream } = await startBench((socket, head) => {
        if (head.includes('/first')) answerOk(socket)
      })
      await ask({ path: '/first' }).settled
      const { error } = await ask({ method, headersTimeout: 100 }).settled
      expect(error?.code).toBe('ERR_UPSTREAM_HEAD_TIMEOUT')
      expect(upstream.sockets.length).toBe(1)
      expect(requestsOf(upstream)).toBe(2)
    },
  )

  test('is not sent again if the connection was new', async () => {
    const { ask, upstream } = await startBench((socket) => void socket.end())
    expect((await ask().settled).error?.code).toBe('ERR_UPSTREAM_CLOSED')
    expect(requestsOf(upstream)).toBe(1)
  })
})

describe('a response', () => {
  test('has its interim responses told, and no more than are good for anything', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
    const { ask } = await startBench((socket, head) => {
      socket.write((head.includes('/many') ? hint.repeat(1_000) : hint.repeat(3)) + OK)
    })
    expect(await ask().settled).toMatchObject({ interim: [103, 103, 103], status: 200, body: 'ok' })
    const { error, interim } = await ask({ path: '/many' }).settled
    expect(error?.code).toBe('ERR_UPSTREAM_INVALID')
    expect(interim.length).toBeLessThanOrEqual(64)
  })

  test('that switches protocols, which nobody asked for, is refused', async () => {
    const { ask } = await startBench(
      (socket) => void socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${OK}`),
    )
    expect((await ask().settled).error?.code).toBe('ERR_UPSTREAM_INVALID')
  })

  test('is taken without the words to continue that nobody asked for, unless they are many', async () => {
    const word = 'HTTP/1.1 100 Continue\r\n\r\n'
    const { ask, upstream } = await startBench((socket, head) => {
      socket.write((head.includes('/many') ? word.repeat(100) : word + word) + OK)
    })
    for (let i = 0; i < 2; i++) {
      expect(await ask().settled).toMatchObject({ interim: [], status: 200, body: 'ok' })
    }
    expect(upstream.sockets.length).toBe(1)
    expect((await ask({ path: '/many' }).settled).error?.code).toBe('ERR_UPSTREAM_INVALID')
  })

  test('whose head is too long is refused before it is complete', async () => {
    const { ask } = await startBench((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(66_000)}`)
    })
    expect((await ask().settled).error?.code).toBe('ERR_UPSTREAM_HEAD_TOO_LARGE')
  })

  test('without a length ends with its connection, but not by a reset', async () => {
    const { ask } = await startBench((socket, head) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nall of it')
      setTimeout(() => (head.includes('/reset') ? socket.resetAndDestroy() : socket.end()), 20)
    })
    expect(await ask().settled).toMatchObject({ outcome: 'end', body: 'all of it' })
    expect(await ask({ path: '/reset' }).settled).toMatchObject({ outcome: 'error' })
  })

  test('waits while its reader does, and is not late for that', async () => {
    const total = 32 * 1024 * 1024
    let sent = 0
    const { ask } = await startBench((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
      const block = Buffer.alloc(256 * 1024, 'x')
      const fill = (): void => {
        while (sent < total) {
          sent += block.length
          if (!socket.write(block)) return
        }
      }
      socket.on('drain', fill)
      fill()
    })
    let pauses = 0
    const { exchange, settled } = ask({
      bodyTimeout: 100,
      onData(controller) {
        if (pauses++ > 0) return
        controller.pause()
        setTimeout(() => {
          // What the kernel holds, and nothing more.
          expect(sent).toBeLessThan(total / 2)
          expect(exchange.outcome).toBe('open')
          controller.resume()
        }, 500)
      },
    })
    const { outcome, body } = await settled
    expect([outcome, body.length]).toEqual(['end', total])
  })

  test('that is given up halfway ends its connection, and is told as an error once', async () => {
    const { ask, upstream } = await startBench((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n')
    })
    const reason = new Error('enough')
    const { settled } = ask({ onData: (controller) => controller.abort(reason) })
    const exchange = await settled
    expect(exchange.error).toBe(reason)
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(exchange.calls).toEqual(['start', 'head 200', 'data', 'error'])
    expect(exchange.body).toBe('a')
  })
})

describe('a request body', () => {
  test.each([
    ['by length', ['Host', 'up.test', 'Content-Length', '6'], '\r\n\r\nabcdef'],
    ['in chunks', ['Host', 'up.test'], '\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'],
  ])('goes %s', async (_how, headers, end) => {
    const { ask, upstream } = await startBench(() => {})
    const body = Readable.from([Buffer.from('abc'), Buffer.from('def')])
    const { settled } = ask({ method: 'PUT', headers, body })
    await eventually(() => upstream.received[0]?.endsWith(end) === true)
    upstream.sockets[0]?.write(OK)
    expect((await settled).outcome).toBe('end')
  })

  test.each([
    ['longer', '2'],
    ['shorter', '9'],
  ])('that is %s than its length ends the connection', async (_how, length) => {
    const { ask, upstream } = await startBench(() => {})
    const body = Readable.from([Buffer.from('abc')])
    const headers = ['Host', 'up.test', 'Content-Length', length]
    expect((await ask({ method: 'PUT', headers, body }).settled).error?.code).toBe(
      'ERR_REQUEST_INVALID',
    )
    await eventually(() => upstream.sockets.every(({ destroyed }) => destroyed))
  })

  test('that breaks off is never completed', async () => {
    const { ask, upstream } = await startBench(() => {})
    const body = new PassThrough()
    const { settled } = ask({ method: 'PUT', body })
    body.write('abc')
    await eventually(() => upstream.received[0]?.includes('abc') === true)
    const reason = new Error('gone')
    body.destroy(reason)
    expect((await settled).error).toBe(reason)
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(upstream.received[0]).not.toContain('\r\n0\r\n')
  })

  test.each([
    ['of its client', new Error('gone'), undefined],
    ['unsaid', undefined, 'ERR_REQUEST_INVALID'],
  ])(
    'that broke off while it waited is not begun, for a reason %s',
    async (_what, reason, code) => {
      const { ask, upstream } = await startBench(() => {}, { maxConnections: 1 })
      const first = ask()
      const body = new PassThrough()
      body.on('error', () => {})
      const dead = ask({ method: 'PUT', path: '/dead', body })
      const third = ask({ path: '/third' })
      await eventually(() => requestsOf(upstream) === 1)
      body.destroy(reason)
      upstream.sockets[0]?.write(OK)
      await first.settled
      const { error } = await dead.settled
      if (reason === undefined) expect(error?.code).toBe(code)
      else expect(error).toBe(reason)
      expect(dead.exchange.controller?.connected).toBe(false)
      // Whoever waits behind it is served by the same connection.
      await eventually(() => requestsOf(upstream) === 2)
      upstream.sockets[0]?.write(OK)
      expect((await third.settled).outcome).toBe('end')
      expect(upstream.received.join('')).not.toContain('/dead')
      expect(upstream.sockets.length).toBe(1)
    },
  )

  test('that broke off while the connection was made is not begun', async () => {
    const { ask, upstream } = await startBench(answerOk)
    const body = new PassThrough()
    body.on('error', () => {})
    const { settled } = ask({ method: 'PUT', path: '/dead', body })
    body.destroy(new Error('gone'))
    expect((await settled).error?.message).toBe('gone')
    expect((await ask().settled).body).toBe('ok')
    expect(upstream.received.join('')).not.toContain('/dead')
  })

  test('that is answered early leaves a connection that nobody uses again', async () => {
    const { ask, upstream } = await startBench(answerOk)
    const body = new PassThrough()
    const { settled } = ask({ method: 'PUT', body })
    expect((await settled).outcome).toBe('end')
    await ask().settled
    expect(upstream.sockets.length).toBe(2)
    body.end('the rest')
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(upstream.received[0]).toContain('the rest')
  })
})

describe('time runs out', () => {
  test('for a head', async () => {
    const { ask } = await startBench(() => {})
    expect((await ask({ headersTimeout: 100 }).settled).error?.code).toBe(
      'ERR_UPSTREAM_HEAD_TIMEOUT',
    )
  })

  test('for a body that stalls', async () => {
    const { ask } = await startBench((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    })
    const { error, body } = await ask({ bodyTimeout: 100 }).settled
    expect([error?.code, body]).toEqual(['ERR_UPSTREAM_BODY_TIMEOUT', 'abc'])
  })

  test('for a head only after the request has ended', async () => {
    const { ask } = await startBench(() => {})
    const body = new PassThrough()
    const { exchange, settled } = ask({ method: 'PUT', body, headersTimeout: 100 })
    // One that has ended, and began later.
    expect((await ask({ headersTimeout: 100 }).settled).error?.code).toBe(
      'ERR_UPSTREAM_HEAD_TIMEOUT',
    )
    expect(exchange.outcome).toBe('open')
    body.end()
    expect((await settled).error?.code).toBe('ERR_UPSTREAM_HEAD_TIMEOUT')
  })

  test('for a request that waits for a connection', async () => {
    const { ask, upstream } = await startBench(() => {}, { maxConnections: 1, connectMs: 200 })
    const first = ask()
    expect((await ask().settled).error?.code).toBe('ERR_UPSTREAM_BUSY')
    expect(first.exchange.outcome).toBe('open')
    expect(upstream.sockets.length).toBe(1)
  })
})

describe('connections are bounded', () => {
  test('and requests wait in turn', async () => {
    const { ask, upstream } = await startBench((socket) => void setTimeout(answerOk, 5, socket), {
      maxConnections: 2,
    })
    const done: number[] = []
    const all = Array.from({ length: 10 }, async (_, i) => {
      const exchange = await ask({ path: `/${i}` }).settled
      done.push(i)
      return exchange.outcome
    })
    expect(new Set(await Promise.all(all))).toEqual(new Set(['end']))
    expect(upstream.sockets.length).toBe(2)
    expect(done.indexOf(9)).toBeGreaterThan(done.indexOf(1))
  })

  test('and so are requests that wait', async () => {
    const { ask } = await startBench(() => {}, { maxConnections: 1, maxWaiting: 1 })
    ask()
    ask()
    expect((await ask().settled).error?.code).toBe('ERR_UPSTREAM_BUSY')
  })

  test('and a request that is given up does not wait on', async () => {
    const { ask, upstream } = await startBench(() => {}, { maxConnections: 1 })
    const first = ask()
    const second = ask({ path: '/second' })
    second.exchange.controller?.abort(new Error('gone'))
    expect(second.exchange.outcome).toBe('error')
    const third = ask({ path: '/third' })
    await eventually(() => requestsOf(upstream) === 1)
    upstream.sockets[0]?.write(OK)
    await first.settled
    await eventually(() => requestsOf(upstream) === 2)
    upstream.sockets[0]?.write(OK)
    expect((await third.settled).outcome).toBe('end')
    expect(upstream.received[0]).not.toContain('/second')
  })

  test('and one that fails makes room for who waits', async () => {
    const { ask } = await startBench(
      (socket, head) => {
        if (head.includes('/first')) socket.destroy()
        else answerOk(socket)
      },
      { maxConnections: 1 },
    )
    const first = ask({ path: '/first' })
    const second = ask()
    expect((await first.settled).outcome).toBe('error')
    expect((await second.settled).outcome).toBe('end')
  })
})

test('an upstream that is not there is told by the system’s own error', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  await new Promise((resolve) => server.close(resolve))
  const pool = createUpstreamPool({ host: '127.0.0.1', port, connectMs: 1_000 })
  onTestFinished(() => pool.destroy())
  const { settled } = dispatchRecorded(pool, { origin: 'http://up.test' })
  expect((await settled).error?.code).toBe('ECONNREFUSED')
})

test('a request that could be read as two is not sent at all', async () => {
  const { ask, upstream } = await startBench(answerOk)
  const { error } = await ask({ headers: ['Host', 'up.test', 'X', 'a\r\n\r\nGET /y HTTP/1.1'] })
    .settled
  expect(error?.code).toBe('ERR_REQUEST_INVALID')
  expect(upstream.sockets).toEqual([])
})

test('closing breaks off what is under way, and nothing begins any more', async () => {
  const { ask, pool, upstream } = await startBench(() => {}, { maxConnections: 1 })
  const under: Promise<RecordedExchange>[] = [ask().settled, ask().settled]
  await eventually(() => requestsOf(upstream) === 1)
  await pool.destroy()
  const codes = (await Promise.all(under)).map(({ error }) => error?.code)
  expect(codes).toEqual(['ERR_POOL_CLOSED', 'ERR_POOL_CLOSED'])
  expect((await ask().settled).error?.code).toBe('ERR_POOL_CLOSED')
  await eventually(() => upstream.sockets.every(({ destroyed }) => destroyed))
})
