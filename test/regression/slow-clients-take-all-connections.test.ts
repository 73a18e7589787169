import { expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import type { RawClient } from '../helpers/raw-client.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { eventually } from '../helpers/eventually.ts'

// As many uploads or downloads that drip as there are connections to an upstream, and everybody else got 504, on
// authenticated routes, too.

const MOST = 8

const part = (route: string, text: string) =>
  `POST /${route} HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${text}\r\n\r\n`

async function crowd(head: string, trustedProxies: string[] = []) {
  const upstream = await startRecordingUpstream({
    respond: ({ line }, socket) =>
      void socket.write(
        line.includes('/download')
          ? `HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n${'d'.repeat(30_000_000)}`
          : OK,
      ),
  })
  const rig = await startRig(
    [
      {
        path: '/**',
        upstream: { urls: [upstream.url], maxConnections: MOST },
        policy: { token: 'none' },
        timeouts: { connectMs: 10_000 },
      },
    ],
    { trustedProxies },
  )
  const clients: RawClient[] = []
  for (let index = 0; index < MOST; index++) {
    const client = await openRawClient(rig.port)
    clients.push(client)
    client.send(head)
  }
  const ask = async (from: string) => {
    const client = await openRawClient(rig.port)
    client.send(
      `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: ${from}\r\nConnection: close\r\n\r\n`,
    )
    return readResponse(await client.closed()).status
  }
  return { rig, upstream, clients, ask }
}

test('F3 uploads of short bodies that drip leave connections to others', async () => {
  const { clients, ask, upstream } = await crowd(part('upload', '100') + 'x')
  expect(await ask('10.0.0.1')).toBe(200)
  expect(upstream.requests.some(({ line }) => line === 'GET /x HTTP/1.1')).toBe(true)
  clients[0]?.send('y'.repeat(99))
  await clients[0]?.until('\r\n\r\nok')
  expect(upstream.requests.map(({ body }) => body)).toContain(`x${'y'.repeat(99)}`)
})

test('F3 uploads of one client that drip make room for those of others', async () => {
  const drip = `POST /upload HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: 10.9.9.9\r\nContent-Length: 1000000\r\n\r\nx`
  const { upstream, ask, clients } = await crowd(drip, ['127.0.0.1'])
  await eventually(() => upstream.requests.length === MOST)
  await new Promise((resolve) => setTimeout(resolve, 3_500)) // who is slow is a matter of time
  expect(await ask('10.0.0.1')).toBe(200)
  expect(clients.filter((client) => client.ended() !== 'open')).toHaveLength(1)
})

test('F3 downloads of one client that does not read make room for others', async () => {
  const get = `GET /download HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n`
  const { upstream, ask, clients } = await crowd(get, ['127.0.0.1'])
  for (const client of clients) client.socket.pause()
  await eventually(() => upstream.requests.length === MOST)
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  expect(await ask('10.0.0.1')).toBe(200)
})
