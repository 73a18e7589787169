import type { IncomingMessage, ServerResponse } from 'node:http'

import { expect, onTestFinished, test } from 'vitest'

import type { Door, Outgoing } from '../../src/listener/index.ts'
import { openListener } from '../../src/listener/index.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'

const HANDSHAKE = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

async function open(door: Door) {
  const listener = await openListener({ on: { host: '127.0.0.1', port: 0 }, door })
  onTestFinished(() => listener.drain(0))
  const connect = () => openRawClient(Number(new URL(listener.url).port))
  return { listener, connect }
}

/** Sends the method and the body back, by Node's own classes. */
const echo: Door['serve'] = (incoming, outgoing) => {
  const response = outgoing as unknown as ServerResponse
  response.write(`${incoming.method ?? ''} `)
  ;(incoming as IncomingMessage).pipe(response)
}

test('a door that only serves leaves everything else to Node', async () => {
  const { connect } = await open({ serve: echo })
  const expecting = await connect()
  expecting.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
  expect(await expecting.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 100 /)
  expecting.send('hi')
  expect(await expecting.until(/0\r\n\r\n$/)).toContain('POST ')

  for (const [bytes, status] of [
    ['GET / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\nConnection: close\r\n\r\n', 417],
    [`GET / HTTP/1.1\r\n${HANDSHAKE}\r\n`, 200],
    ['nonsense\r\n\r\n', 400],
  ] as const) {
    const client = await connect()
    client.send(bytes)
    expect(readResponse(await client.until(/\r\n\r\n/)).status, bytes).toBe(status)
  }
})

test('requests of one connection come to a door one after the other', async () => {
  const served: Outgoing[] = []
  const { connect } = await open({ serve: (_incoming, outgoing) => void served.push(outgoing) })
  const client = await connect()
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3))
  for (const count of [1, 2, 3]) {
    await expect.poll(() => served.length).toBe(count)
    served[count - 1]?.end(String(count))
    await client.until(new RegExp(`${count}(?:\r\n|$)`))
  }
  expect(served.length).toBe(3)
})

test('a door is told when requests may come, the one that takes its place too', async () => {
  const opened: string[] = []
  const doorOf = (name: string): Door => ({
    serve: (_incoming, outgoing) => void outgoing.end(name),
    opened: () => void opened.push(name),
  })
  const { listener, connect } = await open(doorOf('first'))
  expect(opened).toEqual(['first'])
  await listener.use(doorOf('second'))
  expect(opened).toEqual(['first', 'second'])
  const client = await connect()
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await client.until('second')).toContain('second')
})
