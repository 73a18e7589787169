import { expect, test } from 'vitest'

import { createHeapRoom } from '../../src/verification/heap-room.ts'
import { createClientLimiter } from '../../src/proxy/client-limits.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// There was no limit on what one address had open or sent.

const yaml = (limits: string) => (upstream: string) => `
listen: 127.0.0.1:0
limits: ${limits}
routes: [{ path: /**, token: none, upstream: '${upstream}' }]
`

test('an address gets no more connections than it may have, until one has ended', async () => {
  const { gateway } = await startGatewayRig({ yaml: yaml('{ connectionsPerAddress: 2 }') })
  const port = Number(new URL(gateway.url).port)
  const ask = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n'
  const first = await openRawClient(port)
  const second = await openRawClient(port)
  for (const client of [first, second]) {
    client.send(ask)
    await client.until('200 OK')
  }
  const third = await openRawClient(port)
  third.send(ask)
  expect(await third.closed()).toBe('')
  first.socket.destroy()
  await expect
    .poll(async () => {
      const next = await openRawClient(port)
      next.send(ask)
      return next.until('200 OK')
    })
    .toContain('200 OK')
})

test('requests of an address beyond its rate are 429, and nobody else’s', async () => {
  const { gateway, upstream } = await startGatewayRig({
    yaml: (url) => `trustedProxies: [127.0.0.1]${yaml('{ requestsPerAddressPerSecond: 1 }')(url)}`,
  })
  const statusOf = async (address: string) =>
    (await fetch(gateway.url, { headers: { 'X-Forwarded-For': address } })).status
  const statuses: number[] = []
  for (let index = 0; index < 12; index++) statuses.push(await statusOf('10.0.0.1'))
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200))
  expect(statuses).toContain(429)
  expect(await statusOf('10.0.0.2')).toBe(200)
  expect(upstream).toBeDefined()
})

test('WebSockets are counted until they end', () => {
  const limiter = createClientLimiter({ webSocketsPerAddress: 2 }, createFakeClock())
  const close = limiter.openWebSocket('10.0.0.1')
  expect(limiter.openWebSocket('10.0.0.1')).not.toBeNull()
  expect(limiter.openWebSocket('10.0.0.1')).toBeNull()
  expect(limiter.openWebSocket('10.0.0.2')).not.toBeNull()
  close?.()
  close?.()
  expect(limiter.openWebSocket('10.0.0.1')).not.toBeNull()
  expect(limiter.openWebSocket('10.0.0.1')).toBeNull()
})

test('R-P8 with the heap nearly full, new tokens are not asked about', () => {
  const clock = createFakeClock()
  let used = 0.84
  const demandRoom = createHeapRoom(clock, () => used)
  demandRoom()
  used = 0.86
  demandRoom() // measured a moment ago
  clock.advance(100)
  expect(demandRoom).toThrow('nearly full')
  used = 0.5
  clock.advance(100)
  demandRoom()
})

test('S-080 a megabyte of chunk extensions is no body', async () => {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
  const client = await openRawClient(rig.port)
  client.send('POST /x HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n')
  client.send(`1;${'e'.repeat(100)}\r\nx\r\n`.repeat(10_000) + '0\r\n\r\n')
  expect(readResponse(await client.closed()).status).toBe(400)
  expect(upstream.requests.every(({ complete }) => !complete)).toBe(true)
})

test('S-080 a body in chunks of one byte is one', async () => {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
  const client = await openRawClient(rig.port)
  client.send('POST /x HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n')
  client.send(`1\r\nx\r\n`.repeat(50_000) + '0\r\n\r\n')
  await client.until('\r\n\r\nok')
  expect(upstream.requests[0]?.body).toHaveLength(50_000)
})
