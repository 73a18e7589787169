import { connect } from 'node:tls'

import { expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { startBench } from '../helpers/proxy-rows.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { startTls } from '../helpers/tls-gateway.ts'

const A = AUTHENTICATED

test('a client that says its last word with its request gets the answer', async () => {
  let answer = (): void => {}
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) => {
      answer = () => void socket.write(OK)
    },
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  client.socket.end(`POST /x HTTP/1.1\r\n${A}Content-Length: 3\r\n\r\nabc`)
  await expect.poll(() => upstream.requests[0]?.complete).toBe(true)
  answer()
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/)
  await expect.poll(() => rig.requestEvents.map(({ status }) => status)).toEqual([200])
})

test('and the answers to all that it has pipelined, and then the connection ends', async () => {
  const { rig, upstream } = await startBench()
  const client = await openRawClient(rig.port)
  client.socket.end(`GET /app/x HTTP/1.1\r\n${A}\r\n`.repeat(3))
  expect((await client.closed()).match(/HTTP\/1\.1 \d+/g)).toEqual(
    Array<string>(3).fill('HTTP/1.1 200'),
  )
  expect(upstream.requests).toHaveLength(3)
})

test('a connection that ends without a request is closed', async () => {
  const { rig } = await startBench()
  const client = await openRawClient(rig.port)
  client.socket.end()
  expect(await client.closed()).toBe('')
})

test('S-090 an upload that ends too soon reaches nobody as a whole', async () => {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  client.socket.end(`POST /x HTTP/1.1\r\n${A}Content-Length: 9\r\n\r\nabc`)
  await client.closed()
  await expect.poll(() => upstream.sockets.every(({ destroyed }) => destroyed)).toBe(true)
  expect(upstream.requests.some(({ complete }) => complete)).toBe(false)
})

test('a client that is gone is noticed', async () => {
  const upstream = await startRecordingUpstream({ respond: () => {} })
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  client.send(`GET /x HTTP/1.1\r\n${A}\r\n`)
  await expect.poll(() => upstream.requests.length).toBe(1)
  client.socket.resetAndDestroy()
  await expect.poll(() => rig.requestEvents.map(({ status }) => status)).toEqual([499])
  await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
})

tlsTest('and over TLS as well', async () => {
  const { port } = await startTls(createAuthority('127.0.0.1'))
  const received = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      socket.end('GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n'),
    )
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', () => {}).on('close', () => resolve(text))
  })
  expect(received).toMatch(/^HTTP\/1\.1 200 /)
})
