import { connect } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// A connection that the fast lane had read from was handed over to Node's server, which read past it: neither way of
// reading knew when the other had stopped. Long uploads stalled, or were read without bound.

const MIB = 1024 * 1024
const HEAD = `POST /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: ${24 * MIB}\r\n\r\n`

test.each([0, 1_000, 60_000])(
  'an upload of 24 MiB of which %i bytes came with its head arrives, time and again',
  async (before) => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    for (let round = 1; round <= 4; round++) {
      const client = await openRawClient(rig.port)
      client.socket.write(Buffer.concat([Buffer.from(HEAD), Buffer.alloc(before)]))
      await new Promise((resolve) => setImmediate(resolve))
      client.socket.write(Buffer.alloc(24 * MIB - before))
      await client.until('HTTP/1.1 200')
      expect(upstream.requests.at(-1)?.body.length).toBe(24 * MIB)
      client.socket.destroy()
    }
  },
)

test('one that the upstream does not read is read no further', async () => {
  const upstream = await startRecordingUpstream({
    ignoreBody: true,
    onHead: (_request, socket) => void socket.pause(),
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const read: number[] = []
  rig.server.on('connection', (socket) => {
    const sweep = setInterval(() => read.push(socket.bytesRead), 20)
    onTestFinished(() => clearInterval(sweep))
  })
  const client = connect(rig.port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  client.write(HEAD)
  client.write(Buffer.alloc(24 * MIB))
  const isStill = (): boolean => new Set(read.slice(-15)).size === 1 && read.length > 20
  await expect.poll(() => upstream.requests.length > 0 && isStill()).toBe(true)
  expect(read.at(-1)).toBeLessThan(16 * MIB)
})
