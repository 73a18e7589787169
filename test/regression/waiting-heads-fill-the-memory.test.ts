import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { attachDoor } from '../../src/listener/attach-door.ts'
import type { Outgoing } from '../../src/listener/index.ts'
import { openRawClient } from '../helpers/raw-client.ts'

// 500 heads of 14 kB behind a slow answer took 13.5 MB of the gateway's memory, on each connection.

const HEADS = 500
const FIELDS = Array.from({ length: 14 }, (_, index) => `X-F${index}: ${'v'.repeat(980)}\r\n`)

async function startServer() {
  const waiting: Outgoing[] = []
  const state = { handedOver: 0, hold: true }
  const server = createServer({ maxHeaderSize: 32 * 1024 })
  server.on('request', () => void state.handedOver++)
  const order: string[] = []
  attachDoor(server, () => ({
    serve(incoming, outgoing) {
      order.push(incoming.url ?? '')
      if (state.hold) waiting.push(outgoing)
      else outgoing.end('ok')
    },
  }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, state, waiting, order }
}

test('F2 behind a slow answer no more heads are read than fit into 64 KiB and one read', async () => {
  const server = await startServer()
  const client = await openRawClient(server.port)
  for (let index = 0; index < HEADS; index++) {
    client.send(`GET /${index} HTTP/1.1\r\nHost: gw.test\r\n${FIELDS.join('')}\r\n`)
  }
  await expect.poll(() => server.state.handedOver).toBeGreaterThan(1)
  // A bystander's request takes the same way, and is answered when all that is to be read has been.
  for (let round = 0; round < 3; round++) {
    const bystander = await openRawClient(server.port)
    server.state.hold = false
    bystander.send('GET /bystander HTTP/1.1\r\nHost: gw.test\r\n\r\n')
    await bystander.until('ok')
    server.state.hold = true
  }
  expect(server.state.handedOver).toBeLessThan(15)
  expect(client.ended()).toBe('open')

  server.state.hold = false
  for (const outgoing of server.waiting) outgoing.end('ok')
  await client.untilCount('\r\n\r\nok', HEADS)
  const own = server.order.filter((url) => url !== '/bystander')
  expect(own).toEqual(Array.from({ length: HEADS }, (_, index) => `/${index}`))
})

test('F2 a body behind them arrives whole', async () => {
  const server = await startServer()
  const client = await openRawClient(server.port)
  const body = 'b'.repeat(300_000)
  client.send(`GET /0 HTTP/1.1\r\nHost: gw.test\r\n\r\n`)
  for (let index = 1; index < 10; index++) {
    client.send(`GET /${index} HTTP/1.1\r\nHost: gw.test\r\n${FIELDS.join('')}\r\n`)
  }
  client.send(
    `POST /last HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  client.send('GET /after HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
  await expect.poll(() => server.waiting.length).toBe(1)
  server.state.hold = false
  server.waiting[0]?.end('ok')
  const received = await client.closed()
  expect(received.split('\r\n\r\nok')).toHaveLength(13)
  expect(server.order.at(-1)).toBe('/after')
})
