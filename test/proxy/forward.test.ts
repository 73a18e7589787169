import type { Server } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { Rig } from '../helpers/proxy-rig.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import type { RecordingUpstream, RecordingUpstreamOptions } from '../helpers/recording-upstream.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const H = 'Host: gw.test\r\n'
const MIB = 1024 * 1024

/** Times short enough to be waited for. */
const SHORT = { connectMs: 200, headMs: 200, idleBodyMs: 200 }

async function startBetween(
  options: RecordingUpstreamOptions,
  timeouts = {},
): Promise<{ rig: Rig; upstream: RecordingUpstream }> {
  const upstream = await startRecordingUpstream(options)
  const policy = { token: 'none' } as const
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy, timeouts }])
  return { rig, upstream }
}

async function eventually(what: () => boolean, ms = 20_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`did not come true: ${String(what)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Waits until something has begun to grow and grows no more. */
async function stillness(size: () => number): Promise<void> {
  for (let last = -1, still = 0; still < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 25))
    still = size() > 0 && size() === last ? still + 1 : 0
    last = size()
  }
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}

describe('a large body', () => {
  test(
    'S-202 R-U11 goes to a slow reader no faster than it reads',
    { timeout: 60_000 },
    async () => {
      const total = 64 * MIB
      const block = Buffer.alloc(256 * 1024, 'x')
      let sent = 0
      const { rig } = await startBetween({
        respond: (_request, socket) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
          const fill = (): void => {
            while (sent < total) {
              sent += block.length
              if (!socket.write(block)) return
            }
          }
          socket.on('drain', fill)
          fill()
        },
      })
      let read = 0
      const finished = new Promise<void>((resolve, reject) => {
        httpRequest(`${rig.url}/big`, (response) => {
          response.pause()
          const before = process.memoryUsage().arrayBuffers
          stillness(() => sent)
            .then(() => {
              // Kernel buffers of two connections, and some streams' worth of memory; not the body.
              expect(sent).toBeLessThan(24 * MIB)
              expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB)
              response.on('data', (chunk: Buffer) => (read += chunk.length))
              response.on('end', resolve)
              response.on('error', reject)
              response.resume()
            })
            .catch(reject)
        }).end()
      })
      await finished
      expect(read).toBe(total)
    },
  )

  test(
    'S-203 R-U11 comes from a client no faster than the upstream reads',
    { timeout: 60_000 },
    async () => {
      const total = 64 * MIB
      let received = 0
      let read = (): void => {}
      const server = createServer((socket) => {
        socket.pause()
        read = () => socket.resume()
        let head = ''
        socket.on('data', (chunk: Buffer) => {
          if (head.includes('\r\n\r\n')) received += chunk.length
          else {
            head += chunk.toString('latin1')
            if (head.includes('\r\n\r\n')) received += head.length - head.indexOf('\r\n\r\n') - 4
          }
          if (received === total) socket.write(OK)
        })
        socket.on('error', () => {})
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const rig = await startRig([{ path: '/**', upstream, policy: { token: 'none' } }])

      const client = await openRawClient(rig.port)
      client.send(`POST /big HTTP/1.1\r\n${H}Content-Length: ${total}\r\n\r\n`)
      const block = Buffer.alloc(256 * 1024, 'x')
      const before = process.memoryUsage().arrayBuffers
      let taken = 0
      const write = async (): Promise<void> => {
        for (; taken < total; taken += block.length) {
          await new Promise<void>((resolve) => client.socket.write(block, () => resolve()))
        }
      }
      const written = write()
      await stillness(() => taken)
      expect(taken).toBeLessThan(24 * MIB)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB)
      read()
      await written
      expect(readResponse(await client.until(/ok$/)).status).toBe(200)
      expect(received).toBe(total)
    },
  )

  test('arrives part by part, not when it is complete', async () => {
    let upstreamSocket: Socket | null = null
    const { rig } = await startBetween({
      respond: (_request, socket) => {
        upstreamSocket = socket
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      },
    })
    const client = await openRawClient(rig.port)
    client.send(`GET /stream HTTP/1.1\r\n${H}\r\n`)
    await client.until('\r\n\r\n')
    ;(upstreamSocket as unknown as Socket).write('5\r\nfirst\r\n')
    await client.until('first')
    ;(upstreamSocket as unknown as Socket).write('6\r\nsecond\r\n0\r\n\r\n')
    await client.until('second')
  })
})

describe('a client that goes away', () => {
  test('while the upstream thinks, ends the upstream request at once', async () => {
    const { rig, upstream } = await startBetween({ respond: () => {} })
    const client = await openRawClient(rig.port)
    client.send(`GET /slow HTTP/1.1\r\n${H}\r\n`)
    await eventually(() => upstream.requests.length === 1)
    client.socket.resetAndDestroy()
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'aborted' }])
    expect(rig.requestEvents).toMatchObject([{ status: 499, completed: false }])
  })

  test('during a download, ends it', async () => {
    const { rig, upstream } = await startBetween({
      respond: (_request, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MIB}\r\n\r\n`)
        socket.write(Buffer.alloc(MIB))
      },
    })
    const client = await openRawClient(rig.port)
    client.send(`GET /big HTTP/1.1\r\n${H}\r\n`)
    await client.until('\r\n\r\n')
    client.socket.resetAndDestroy()
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    await eventually(() => rig.upstreamEvents.length === 1)
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'aborted' }])
  })

  test.each([
    ['by length', 'Content-Length: 10\r\n\r\nhello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('S-090 during an upload %s, leaves it incomplete at the upstream', async (_how, rest) => {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const { rig, upstream } = await startBetween({})
      const client = await openRawClient(rig.port)
      client.send(`POST /up HTTP/1.1\r\n${H}${rest}`)
      await eventually(() => upstream.bytes[0]?.includes('hello') === true)
      client.socket[leave]()
      await eventually(() => upstream.sockets[0]?.destroyed === true)
      expect(upstream.requests.map(({ complete }) => complete)).toEqual([false])
      expect(upstream.bytes.join('')).not.toContain('\r\n0\r\n')
      expect(upstream.bytes.slice(1).join('')).toBe('')
    }
  })

  test('before the verdict, is not spoken for', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }], {
      verify: () => new Promise(() => {}),
    })
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await eventually(() => rig.verifications() === 1)
    client.socket.resetAndDestroy()
    await eventually(() => rig.requestEvents.length === 1)
    expect(upstream.sockets).toEqual([])
  })
})

describe('an upload', () => {
  test('R-U5 that is answered early gets its answer, and the connection ends', async () => {
    const { rig, upstream } = await startBetween({
      ignoreBody: true,
      onHead: (_request, socket) =>
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'),
    })
    const client = await openRawClient(rig.port)
    client.send(`POST /up HTTP/1.1\r\n${H}Content-Length: ${10 * MIB}\r\n\r\n`)
    const block = Buffer.alloc(256 * 1024, 'x')
    const writer = setInterval(() => client.socket.write(block), 5)
    onTestFinished(() => clearInterval(writer))
    const response = readResponse(await client.until('big'))
    expect(response.status).toBe(413)
    expect(response.field('connection')).toBe('close')
    await client.closed()
    expect(upstream.requests.length).toBe(1)
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'ok' }])
  })

  test('R-U5 does not spoil the connection when it ends after its early answer', async () => {
    const { rig } = await startBetween({
      ignoreBody: true,
      onHead: (_request, socket) => void socket.write(OK),
    })
    const client = await openRawClient(rig.port)
    client.send(`POST /up HTTP/1.1\r\n${H}Content-Length: 10\r\n\r\nhello`)
    await client.until('ok')
    client.send('worldGET /next HTTP/1.1\r\n\r\n')
    await client.closed()
    expect(client.received().match(/HTTP\/1\.1/g)?.length).toBe(1)
  })

  test('S-082 that stalls is given up, here and at the upstream', async () => {
    const { rig, upstream } = await startBetween({}, SHORT)
    const client = await openRawClient(rig.port)
    client.send(`POST /up HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(408)
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(upstream.requests[0]?.complete).toBe(false)
  })

  test('S-077 whose framing breaks is refused, and incomplete at the upstream', async () => {
    const { rig, upstream } = await startBetween({})
    const client = await openRawClient(rig.port)
    client.send(`POST /up HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
    await eventually(() => upstream.bytes[0]?.includes('hello') === true)
    client.send('XX\r\nGET /smuggled HTTP/1.1\r\n\r\n')
    expect(readResponse(await client.closed()).status).toBe(400)
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(upstream.requests.map(({ complete }) => complete)).toEqual([false])
  })

  test('S-089 longer than its length is followed by what is no request', async () => {
    const { rig, upstream } = await startBetween({})
    const client = await openRawClient(rig.port)
    client.send(`POST /up HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabcX`)
    client.send('\x00\r\n\r\n')
    await client.closed()
    expect(upstream.requests.map(({ body }) => body)).toEqual(['abc'])
    expect(upstream.requests.length).toBe(1)
  })
})

describe('an upstream that fails', () => {
  test('R-U1 by not being there, is told as 502', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const rig = await startRig([
      { path: '/**', upstream: `http://127.0.0.1:${port}`, policy: { token: 'none' } },
    ])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${H}\r\n`)
    await client.until('upstream_unreachable')
    client.send(`POST /x HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc`)
    await client.untilCount(' 502 ', 2)
    expect(client.received().match(/ 502 /g)?.length).toBe(2)
    expect(client.ended()).toBe('open')
    expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(['unreachable', 'unreachable'])
  })

  test('R-U2 by not answering, is told as 504', async () => {
    const { rig } = await startBetween({ respond: () => {} }, SHORT)
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${H}\r\n`)
    const response = readResponse(await client.until('"upstream_timeout"'))
    expect(response.status).toBe(504)
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'timeout' }])
  })

  test('R-U2 by stalling within a body, breaks the response off', async () => {
    const { rig } = await startBetween(
      {
        respond: (_r, socket) =>
          void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
      },
      SHORT,
    )
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${H}\r\n`)
    expect(readResponse(await client.closed()).body).toBe('abc')
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'timeout' }])
  })

  test.each(['GET', 'POST'])(
    'R-U3 by a reset before the head, is told %s once as 502',
    async (method) => {
      const { rig, upstream } = await startBetween({
        respond: (_r, socket) => socket.resetAndDestroy(),
      })
      const client = await openRawClient(rig.port)
      client.send(`${method} /x HTTP/1.1\r\n${H}\r\n`)
      expect(readResponse(await client.until('upstream_unreachable')).status).toBe(502)
      expect(upstream.requests.length).toBe(1)
    },
  )
})

test('a client that reads nothing for too long is given up', { timeout: 30_000 }, async () => {
  const { rig, upstream } = await startBetween(
    {
      respond: (_request, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MIB}\r\n\r\n`)
        socket.write(Buffer.alloc(64 * MIB))
      },
    },
    { ...SHORT, headMs: 2_000 },
  )
  const client = await openRawClient(rig.port)
  client.socket.pause()
  client.send(`GET /big HTTP/1.1\r\n${H}\r\n`)
  await eventually(() => upstream.sockets[0]?.destroyed === true)
  expect(await connectionsOf(rig.server)).toBe(0)
})
