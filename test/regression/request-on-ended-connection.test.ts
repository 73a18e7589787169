import { Socket } from 'node:net'
import { Readable } from 'node:stream'

import { expect, onTestFinished, test, vi } from 'vitest'

import { createUpstreamPool } from '../../src/upstream/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'

// Between the end of an idle connection and the news of it, a request could be put on it, and failed.

test('a request that comes right when its connection is ended gets another one', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const pool = createUpstreamPool({
    host: '127.0.0.1',
    port: upstream.port,
    connectMs: 2_000,
    idleMs: 100,
  })
  onTestFinished(() => pool.destroy())
  const origin = upstream.url
  await dispatchRecorded(pool, { origin }).settled

  let late: ReturnType<typeof dispatchRecorded> | null = null
  const destroy = vi.spyOn(Socket.prototype, 'destroy')
  onTestFinished(() => destroy.mockRestore())
  destroy.mockImplementation(function (this: Socket, ...given) {
    destroy.mockRestore()
    const { remotePort } = this
    this.destroy(...given)
    expect(remotePort).toBe(upstream.port)
    const body = Readable.from([Buffer.from('abc')])
    late = dispatchRecorded(pool, { origin, method: 'POST', body })
    return this
  })
  await eventually(() => late !== null)
  const { settled } = late as unknown as ReturnType<typeof dispatchRecorded>
  expect(await settled).toMatchObject({ status: 200, outcome: 'end' })
  expect(upstream.sockets.length).toBe(2)
})
