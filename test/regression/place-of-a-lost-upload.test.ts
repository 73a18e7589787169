import { PassThrough } from 'node:stream'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createUpstreamPool } from '../../src/upstream/index.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

// An upload that had come to its end while it waited for a connection kept its place there, and others were turned
// away.

/** A pool with one connection, and a place for one more request. */
async function startNarrow() {
  const upstream = await startRecordingUpstream({ respond: () => {} })
  const dispatcher = createUpstreamPool({
    host: '127.0.0.1',
    port: upstream.port,
    connectMs: 20_000,
    maxConnections: 1,
    maxWaiting: 1,
  })
  onTestFinished(() => dispatcher.destroy())
  const lines = () => upstream.requests.map(({ line }) => line)
  return { upstream, dispatcher, lines }
}

test('a request whose body is destroyed leaves at once, however it came to that', async () => {
  const { upstream, dispatcher, lines } = await startNarrow()
  const ask = (path: string, body: PassThrough | null = null) =>
    dispatchRecorded(dispatcher, { origin: upstream.url, path, method: 'PUT', body })
  const first = ask('/first')
  await expect.poll(lines).toHaveLength(1)

  const reason = new Error('gone')
  for (const when of ['before', 'while it waits']) {
    const body = new PassThrough()
    body.on('error', () => {})
    if (when === 'before') body.destroy(reason)
    const lost = ask('/lost', body)
    if (when !== 'before') body.destroy(reason)
    expect((await lost.settled).error).toBe(reason)
    expect(lost.exchange.controller?.connected).toBe(false)
  }
  const ended = new PassThrough()
  const silent = ask('/lost', ended)
  ended.destroy()
  expect((await silent.settled).error?.code).toBe('ERR_REQUEST_INVALID')

  const last = ask('/last')
  upstream.sockets[0]?.write(OK)
  expect((await first.settled).outcome).toBe('end')
  await expect.poll(lines).toHaveLength(2)
  upstream.sockets[0]?.write(OK)
  expect(await last.settled).toMatchObject({ status: 200, outcome: 'end' })
  expect(lines()).toEqual(['PUT /first HTTP/1.1', 'PUT /last HTTP/1.1'])
  expect(upstream.sockets).toHaveLength(1)
})

test('a body that is lost after its turn has come is the connection’s business', async () => {
  const { upstream, dispatcher, lines } = await startNarrow()
  const ask = (path: string, body: PassThrough | null = null) =>
    dispatchRecorded(dispatcher, { origin: upstream.url, path, method: 'PUT', body })
  const first = ask('/first')
  const body = new PassThrough()
  body.on('error', () => {})
  const second = ask('/second', body)
  await expect.poll(lines).toHaveLength(1)
  upstream.sockets[0]?.write(OK)
  await first.settled
  await expect.poll(lines).toHaveLength(2)
  body.destroy(new Error('gone'))
  expect((await second.settled).calls).toEqual(['start', 'error'])
  await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true)
})

describe('an upload that waits behind the gateway', () => {
  test.each([
    ['whose client goes away', true],
    ['whose client sends no more', false],
  ])('%s gives its place to the next one', async (_what, leaves) => {
    const { upstream, dispatcher, lines } = await startNarrow()
    const timeouts = { idleBodyMs: leaves ? 20_000 : 100 }
    const rig = await startRig([{ path: '/**', upstream: upstream.url, timeouts, dispatcher }])
    const send = async (request: string) => {
      const client = await openRawClient(rig.port)
      client.send(`${request} HTTP/1.1\r\n${AUTHENTICATED}`)
      return client
    }
    const first = await send('GET /first')
    first.send('\r\n')
    await expect.poll(lines).toHaveLength(1)
    const lost = await send('POST /lost')
    lost.send('Content-Length: 10\r\nExpect: 100-continue\r\n\r\nabc')
    await expect.poll(rig.verifications).toBe(2)
    if (leaves) lost.socket.destroy()
    await expect.poll(() => rig.upstreamEvents.length, { timeout: 10_000 }).toBe(1)

    const last = await send('GET /last')
    last.send('Connection: close\r\n\r\n')
    await expect.poll(rig.verifications).toBe(3)
    upstream.sockets[0]?.write(OK)
    await expect.poll(lines).toHaveLength(2)
    upstream.sockets[0]?.write(OK)
    expect(readResponse(await last.closed()).status).toBe(200)
    if (!leaves) expect(readResponse(await lost.closed()).status).toBe(504)
    expect(lost.received()).not.toContain('100 Continue')
    // Neither the upstream nor Onezone hears of it again, and it is not the upstream's fault.
    expect(lines()).toEqual(['GET /first HTTP/1.1', 'GET /last HTTP/1.1'])
    expect(rig.verifications()).toBe(3)
    expect(rig.up()).toEqual([true])
  })
})
