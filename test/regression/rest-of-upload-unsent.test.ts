import type { AddressInfo } from 'node:net'
import { createServer, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

import { expect, onTestFinished, test, vi } from 'vitest'

import { createUpstreamPool } from '../../src/upstream/index.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'

// An upload that had come to its end, but not left yet, did not keep its connection from the next request. That one
// waited behind it, and got whatever else the upstream had to say about the upload.

const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** The first connection is not read after the first packet; all others are answered. */
async function startUpstream() {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    if (sockets.length === 1) socket.once('data', () => void socket.pause())
    else socket.on('data', () => void socket.write(ok('second')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, port: (server.address() as AddressInfo).port }
}

test('a connection with a part of an upload unsent serves nobody else', async () => {
  const upstream = await startUpstream()
  const pool = createUpstreamPool({ host: '127.0.0.1', port: upstream.port, connectMs: 5_000 })
  onTestFinished(() => pool.destroy())
  const written = vi.spyOn(Socket.prototype, '_write')
  onTestFinished(() => written.mockRestore())
  const origin = `http://127.0.0.1:${upstream.port}`
  const body = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
  const upload = dispatchRecorded(pool, { origin, path: '/up', method: 'POST', body })
  await expect.poll(() => written.mock.contexts.length).toBeGreaterThan(0)
  const [socket] = written.mock.contexts.filter(
    (each): each is Socket => each instanceof Socket && 'bearsWriteErrors' in each,
  )

  // Until the buffers of the system are full: less than what would make the pool wait is left then.
  const mostParts = 10_000
  for (let parts = 0; socket?.writableLength === 0 && parts < mostParts; parts++) {
    body.write('x'.repeat(6_000))
    for (let turns = 0; turns < 3; turns++) await turn()
  }
  expect(socket?.writableLength).toBeGreaterThan(0)
  body.end()
  await expect.poll(() => body.readableEnded).toBe(true)

  upstream.sockets[0]?.write(ok('first'))
  expect(await upload.settled).toMatchObject({ status: 200, body: 'first', outcome: 'end' })
  const next = dispatchRecorded(pool, { origin, path: '/next' })
  upstream.sockets[0]?.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  expect(await next.settled).toMatchObject({ status: 200, body: 'second', outcome: 'end' })
})
