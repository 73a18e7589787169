import type { Socket } from 'node:net'

import { expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import type { RecordedRequest } from '../helpers/recording-upstream.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// A client that knows how to make a healthy upstream break off could have it left out for everybody.

const H = 'Host: gw.test\r\n'

async function startFragile(onHead: (request: RecordedRequest, socket: Socket) => void) {
  const upstream = await startRecordingUpstream({ onHead, respond: () => {} })
  const rig = await startRig([
    {
      path: '/**',
      upstream: { urls: [upstream.url], ejection: { failures: 2, baseMs: 60_000 } },
      policy: { token: 'none' },
      timeouts: { idleBodyMs: 200 },
    },
  ])
  const send = async (bytes: string): Promise<string> => {
    const client = await openRawClient(rig.port)
    client.send(bytes)
    return client.closed()
  }
  return { rig, send }
}

test('uploads that are refused while they are under way do not count', async () => {
  const { rig, send } = await startFragile((_request, socket) => void socket.resetAndDestroy())
  for (let i = 0; i < 4; i++) {
    const body = `Content-Length: 9000\r\nConnection: close\r\n\r\n${'x'.repeat(9000)}`
    expect(await send(`POST /x HTTP/1.1\r\n${H}${body}`)).toMatch(/^HTTP\/1\.1 502 /)
  }
  expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 4 }, () => 'unreachable'),
  )
  expect(rig.up()).toEqual([true])
})

test('responses that stall after their head do not count', async () => {
  const { rig, send } = await startFragile((_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
  })
  for (let i = 0; i < 4; i++) {
    expect(await send(`GET /stalls HTTP/1.1\r\n${H}\r\n`)).toMatch(/abc$/)
  }
  expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 4 }, () => 'timeout'),
  )
  expect(rig.up()).toEqual([true])
})

test('requests without a body that break off count as before', async () => {
  const { rig, send } = await startFragile((_request, socket) => void socket.resetAndDestroy())
  for (let i = 0; i < 2; i++) await send(`GET /x HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)
  expect(rig.up()).toEqual([false])
})

test('a target that the head of the answer repeats does not count, however long that makes it', async () => {
  const { rig, send } = await startFragile((_request, socket) => {
    const fields = Array.from({ length: 10 }, (_, i) => `Link: <${'x'.repeat(7_000)}?page=${i}>`)
    socket.write(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`)
  })
  for (let i = 0; i < 4; i++) {
    expect(await send(`GET /x HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)).toMatch(/ 502 /)
  }
  expect(rig.up()).toEqual([true])
})
