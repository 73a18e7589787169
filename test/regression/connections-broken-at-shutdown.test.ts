import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { expect, onTestFinished, test } from 'vitest'

import type { Door } from '../../src/listener/index.ts'
import { openListener } from '../../src/listener/index.ts'
import { anyMaterial } from '../helpers/http2-rig.ts'

// The event loop accepts one connection a turn. When a listener was closed, the system broke all that waited for that,
// with the requests that had been sent on them: under a load of short connections that was every one there was.

const CLIENTS = 60

const WELCOME: Door = {
  serve(_incoming, outgoing) {
    outgoing.writeHead(200, [])
    outgoing.end()
  },
}

test.each([
  ['through the fast lane', true, false],
  ['through the server of Node', false, false],
  ['with TLS, through the fast lane', true, true],
  ['with TLS, through the server of Node', false, true],
])('who has connected when it is time to stop is answered, %s', async (_how, fastLane, secure) => {
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door: WELCOME,
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

// Who comes again at once, because an answer ended the connection, came in the turn in which the socket was closed:
// of 20 stops under a load of 48 clients, 10 broke 79 connections.
test.each([
  [1, 0],
  [2, 0],
  [3, 0],
  [20, 0],
  // Long enough for a quiet that nobody has looked at.
  [1, 30],
  [2, 30],
])('who connects %i turns after it is time to stop is answered', async (turns, busyMs) => {
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door: WELCOME,
  })
  const port = Number(new URL(listener.url).port)
  const answer = afterTurns(turns, busyMs).then(() => ask(port))
  const drained = listener.drain(20_000)
  expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  await drained
})

test('who comes with a head of the PROXY protocol when it is time to stop is answered', async () => {
  const unreadable: string[] = []
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door: {
      serve({ socket }, outgoing) {
        outgoing.writeHead(200, ['X-Peer', String(socket.remoteAddress)])
        outgoing.end()
      },
    },
    proxyProtocol: { isProxy: () => true, onUnreadable: () => void unreadable.push('one') },
  })
  const port = Number(new URL(listener.url).port)
  const drained = listener.drain(20_000)
  const answer = await ask(port, 'PROXY TCP4 192.0.2.7 192.0.2.8 1000 80\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Peer: 192\.0\.2\.7\r\n/)
  expect(unreadable).toEqual([])
  await drained
})

test('who calls drain while it is under way waits for the same end', async () => {
  const listener = await openListener({ on: { host: '127.0.0.1', port: 0 }, door: { serve() {} } })
  const client = connect({ port: Number(new URL(listener.url).port), host: '127.0.0.1' })
  onTestFinished(() => void client.destroy())
  client.on('error', () => {}).resume()
  await once(client, 'connect')
  await Promise.all([listener.drain(100), listener.drain(100)])
})

/** Ends each turn behind what else is done in it, but before what waits for the next. */
async function afterTurns(turns: number, busyMs: number): Promise<void> {
  for (let turn = 1; turn <= turns; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  const end = performance.now() + busyMs
  while (performance.now() < end);
}

/** Connects at once, and resolves to all that comes. */
function ask(port: number, before = ''): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const client = connect({ port, host: '127.0.0.1' })
    onTestFinished(() => void client.destroy())
    client.on('data', (data: Buffer) => (text += data.toString()))
    client.on('error', (error) => (text += error.message)).on('close', () => resolve(text))
    client.write(`${before}GET / HTTP/1.1\r\nHost: x\r\n\r\n`)
  })
}
