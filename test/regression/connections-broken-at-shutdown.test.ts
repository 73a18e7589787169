import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { expect, onTestFinished, test } from 'vitest'

import { openListener } from '../../src/listener/index.ts'
import { anyMaterial } from '../helpers/http2-rig.ts'

// The event loop accepts one connection a turn. When a listener was closed, the system broke all that waited for that,
// with the requests that had been sent on them: under a load of short connections that was every one there was.

const CLIENTS = 60

test.each([
  ['through the fast lane', true, false],
  ['through the server of Node', false, false],
  ['with TLS, through the fast lane', true, true],
  ['with TLS, through the server of Node', false, true],
])('who has connected when it is time to stop is answered, %s', async (_how, fastLane, secure) => {
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door: {
      serve(_incoming, outgoing) {
        outgoing.writeHead(200, [])
        outgoing.end()
      },
    },
    tls: secure ? { material: anyMaterial(), clientAuth: 'none', http2: false } : undefined,
    fastLane,
  })
  const port = Number(new URL(listener.url).port)
  const sockets: Socket[] = []
  const answers = Array.from({ length: CLIENTS }, async () => {
    const below = connect({ port, host: '127.0.0.1' }).on('error', () => {})
    sockets.push(below)
    const client = secure ? connectTls({ socket: below, rejectUnauthorized: false }) : below
    let text = ''
    client.on('data', (data: Buffer) => (text += data.toString())).on('error', () => {})
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => client.once('close', resolve))
    return text.split('\r\n').filter((line) => /^HTTP|^Connection/i.test(line))
  })
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  await once(sockets[0] as Socket, 'connect')
  const drained = listener.drain(20_000)
  // Else it would prove nothing.
  expect(listener.figures().connections).toBeLessThan(CLIENTS / 2)
  const alike = Array.from({ length: CLIENTS }, () => ['HTTP/1.1 200 OK', 'Connection: close'])
  expect(await Promise.all(answers)).toEqual(alike)
  await drained
})
