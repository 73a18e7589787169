import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createGateway, loadConfig } from '../../src/gateway/index.ts'
import type { Logger } from '../../src/logger.ts'
import { silentLogger } from '../../src/logger.ts'
import { eventually } from '../helpers/eventually.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startKeepAliveLoad } from '../helpers/keep-alive-load.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startUpstream } from '../helpers/upstream.ts'

/** An upstream that answers when it is told to, and a gateway in front of it. */
async function startWaiting(drainMs: number, logger?: Logger) {
  const waiting: (() => void)[] = []
  const upstream = await startHttpServer((_request, response) => {
    waiting.push(() => response.end('late'))
  })
  const yaml = `
shutdown: { drainMs: ${drainMs} }
routes: [{ path: /**, token: none, upstream: '${upstream.url}' }]
`
  const gateway = await startGateway({ onezoneUrl: 'http://127.0.0.1:9', yaml }, { logger })
  const client = await openRawClient(Number(new URL(gateway.url).port))
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => waiting.length === 1)
  return {
    gateway,
    client,
    answer: () => waiting.forEach((answer) => answer()),
  }
}

/** Whether anybody listens there. */
function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

describe('a gateway that is being closed', () => {
  test('R-P1 is alive but not ready, finishes what is under way, and announces the end', async () => {
    const { gateway, client, answer } = await startWaiting(10_000)
    const statusOf = async (path: string) => (await fetch(`${gateway.adminUrl}${path}`)).status
    expect(await statusOf('/readyz')).toBe(200)
    let closed = false
    const closing = gateway.close().then(() => (closed = true))
    expect(await statusOf('/readyz')).toBe(503)
    expect(await (await fetch(`${gateway.adminUrl}/readyz`)).text()).toBe('draining\n')
    expect(await statusOf('/livez')).toBe(200)
    await eventually(async () => !(await accepts(gateway.url)))
    expect(closed).toBe(false)
    answer()
    const answered = await client.closed()
    expect(answered).toMatch(/^HTTP\/1\.1 200 [^]*\r\nconnection: close\r\n[^]*late/i)
    await closing
    expect(await accepts(gateway.adminUrl)).toBe(false)
  })

  test('cuts what takes longer than shutdown.drainMs, and says how much that was', async () => {
    const lines: [object, string][] = []
    const warn = (facts: object, message: string): void => void lines.push([facts, message])
    const { gateway, client } = await startWaiting(100, { ...silentLogger, warn })
    const begun = performance.now()
    await gateway.close()
    expect(performance.now() - begun).toBeGreaterThan(90)
    expect(await client.closed()).toBe('')
    expect(await accepts(gateway.url)).toBe(false)
    const facts = { connections: 1, drainMs: 100 }
    expect(lines).toEqual([[facts, 'the time to drain is over: connections were cut']])
  })

  test('R-P2 closes connections on which nothing is under way, however quiet', async () => {
    const { gateway, answer } = await startWaiting(60_000)
    const silent = await openRawClient(Number(new URL(gateway.url).port))
    const closing = gateway.close()
    await silent.closed()
    expect(silent.received()).toBe('')
    answer()
    await closing
  })

  test('closes a connection as it falls idle, long before it is cut', async () => {
    const { gateway, client, answer } = await startWaiting(60_000)
    const closing = gateway.close()
    answer()
    expect(await client.closed()).toContain('late')
    await closing
  })

  test('R-P1 R-P7 loses no request of clients that use their connections without a pause', async () => {
    const upstream = await startUpstream()
    const yaml = `
shutdown: { drainMs: 25000 }
routes: [{ path: /**, token: none, upstream: '${upstream.url}' }]
`
    const gateway = await startGateway({ onezoneUrl: 'http://127.0.0.1:9', yaml })
    const load = startKeepAliveLoad(gateway.url, 16)
    await eventually(() => load.answered() > 200)
    await Promise.all([gateway.close(), load.refused])
    const { lost, turnedAway, refused } = await load.stop()
    expect(lost).toEqual([])
    expect(turnedAway).toBe(0)
    expect(refused).toBe(16)
  })

  test('lets an upload come to its end', async () => {
    const upstream = await startUpstream()
    const yaml = `
shutdown: { drainMs: 25000 }
routes: [{ path: /**, token: none, upstream: '${upstream.url}' }]
`
    const gateway = await startGateway({ onezoneUrl: 'http://127.0.0.1:9', yaml })
    const client = await openRawClient(Number(new URL(gateway.url).port))
    client.send(
      'POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    )
    const closing = gateway.close()
    while (await accepts(gateway.url));
    client.send('3\r\ndef\r\n0\r\n\r\n')
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 /)
    expect(upstream.seen.map(({ body }) => body)).toEqual(['abcdef'])
    await closing
  })

  test('says so first, and accepts requests for shutdown.readinessDelayMs', async () => {
    const upstream = await startUpstream()
    const yaml = `
shutdown: { readinessDelayMs: 1500 }
routes: [{ path: /**, token: none, upstream: '${upstream.url}' }]
`
    const gateway = await startGateway({ onezoneUrl: 'http://127.0.0.1:9', yaml })
    const closing = gateway.close()
    expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(503)
    const response = await fetch(gateway.url)
    expect(response.status).toBe(200)
    expect(response.headers.get('connection')).not.toBe('close')
    await closing
    expect(await accepts(gateway.url)).toBe(false)
  })

  test('may be closed twice', async () => {
    const { gateway, answer } = await startWaiting(10_000)
    const both = Promise.all([gateway.close(), gateway.close()])
    answer()
    await both
  })
})

describe('a gateway that is closed', () => {
  test('holds no connection to upstream or Onezone', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const toOnezone = await startRelay(onezone.port)
    const toUpstream = await startRelay(Number(new URL(upstream.url).port))
    const gateway = await startGateway({ onezoneUrl: toOnezone.url, upstream: toUpstream.url })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const response = await fetch(gateway.url, {
      headers: { 'X-Auth-Token': token, Connection: 'close' },
    })
    await response.arrayBuffer()
    expect(response.status).toBe(200)
    expect([toOnezone.open(), toUpstream.open()]).toEqual([1, 1])
    await gateway.close()
    await eventually(() => toOnezone.open() + toUpstream.open() === 0)
  })

  /** Counts the connections that go through it. */
  async function startRelay(port: number): Promise<{ url: string; open: () => number }> {
    const open = new Set<Socket>()
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      open.add(near)
      near.on('close', () => {
        open.delete(near)
        far.destroy()
      })
      far.on('close', () => near.destroy())
      for (const socket of [near, far]) socket.on('error', () => {})
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    const { port: own } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${own}`, open: () => open.size }
  }
})

describe('a gateway that cannot start', () => {
  test('because its port is taken leaves no admin listener behind', async () => {
    const taken = await startHttpServer((_request, response) => response.end())
    const free = await startHttpServer((_request, response) => response.end())
    await new Promise((resolve) => free.server.close(resolve))
    const config = await loadConfig({
      env: {
        ONEGATE_LISTEN: new URL(taken.url).host,
        ONEGATE_ADMIN_LISTEN: new URL(free.url).host,
        ONEGATE_ONEZONE_URL: 'http://127.0.0.1:9',
        ONEGATE_UPSTREAM: 'http://127.0.0.1:9',
      },
    })
    await expect(createGateway(config)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await accepts(free.url)).toBe(false)
  })
})
