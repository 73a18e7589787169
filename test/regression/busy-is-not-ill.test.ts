import { expect, test } from 'vitest'

import { eventually } from '../helpers/eventually.ts'
import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

// Clients that take up all connections to a healthy upstream made it look as if it took none.

const EVENTS =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
const MAX_CONNECTIONS = 256

async function crowd(count: number) {
  const upstreams = await Promise.all(
    Array.from({ length: count }, () =>
      startRecordingUpstream({
        respond: ({ line }, socket) => void socket.write(line.includes('/sse') ? EVENTS : OK),
      }),
    ),
  )
  const [crowded] = upstreams
  const base = { policy: { token: 'none' }, timeouts: { connectMs: 300 } } as const
  const ejection = { failures: 2, baseMs: 60_000 }
  const urls = upstreams.map(({ url }) => url)
  const rig = await startRig([{ path: '/**', upstream: { urls, ejection }, ...base }])
  // In turn, so that each upstream gets as many; those of the others end, and so make room.
  for (let i = 0; i < MAX_CONNECTIONS * count; i++) {
    const client = await openRawClient(rig.port)
    client.send(`GET /${i % count === 0 ? 'sse' : 'x'} HTTP/1.1\r\nHost: gw.test\r\n\r\n`)
    await client.until('\r\n\r\n')
  }
  await eventually(() => crowded?.sockets.length === MAX_CONNECTIONS)
  const ask = async () => {
    const client = await openRawClient(rig.port)
    client.send('POST /x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
    return readResponse(await client.closed())
  }
  return { rig, ask }
}

test('an upstream all of whose connections are in use is not left out for that', async () => {
  const { rig, ask } = await crowd(1)
  const answers = await Promise.all([ask(), ask(), ask(), ask()])
  expect(answers.map(({ status }) => status)).toEqual([504, 504, 504, 504])
  expect(rig.up()).toEqual([true])
})

test('a request that found no free connection goes to another upstream', async () => {
  const { rig, ask } = await crowd(2)
  const answers = await Promise.all([ask(), ask(), ask(), ask()])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(rig.upstreamEvents.filter(({ retried }) => retried === true)).toHaveLength(2)
  expect(rig.up()).toEqual([true, true])
})
