import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { startHttpServer } from '../helpers/http-server.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'

const CHECK = { path: '/healthz?deep', intervalMs: 100, timeoutMs: 1_000 }

/** A service whose check is answered by the test, and that counts what else it is asked. */
async function startService(onCheck: RequestListener) {
  const seen = { checks: [] as string[][], others: 0 }
  const { url } = await startHttpServer((request, response) => {
    if (request.url !== '/base/healthz?deep') {
      seen.others += 1
      response.end('ok')
      return
    }
    seen.checks.push(request.rawHeaders)
    onCheck(request, response)
  })
  return { seen, url: `${url}/base` }
}

const well: RequestListener = (_request, response) => void response.end()

describe('a health check', () => {
  test('says nothing of any client, and keeps no connection', async () => {
    const { seen, url } = await startService(well)
    const rig = await startRig([{ path: '/**', upstream: { urls: [url], healthCheck: CHECK } }])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await client.until('ok')
    await expect.poll(() => seen.checks.length).toBeGreaterThan(2)
    for (const fields of seen.checks) {
      expect(fields).toEqual([
        'Host',
        new URL(url).host,
        'User-Agent',
        'onegate-health-check',
        'Accept',
        '*/*',
        'Connection',
        'close',
      ])
    }
    expect(rig.up()).toEqual([true])
  })

  test.each<[string, RequestListener]>([
    ['answers 503', (_request, response) => response.writeHead(503).end()],
    ['redirects', (_request, response) => response.writeHead(302, { Location: '/' }).end()],
    ['does not answer', () => {}],
    ['breaks off', (request) => request.socket.destroy()],
    ['sends no HTTP', (request) => request.socket.end('garbage\r\n\r\n')],
    [
      'switches protocols',
      (request) =>
        request.socket.write('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    ],
    [
      'says again and again that it goes on',
      (request) => {
        const drip = setInterval(() => request.socket.write('HTTP/1.1 102 x\r\n\r\n'), 20)
        request.socket.on('close', () => clearInterval(drip)).on('error', () => {})
      },
    ],
  ])('takes an upstream that %s out, and back when it is well', async (_what, ill) => {
    let isWell = false
    const sick = await startService((request, response) =>
      isWell ? well(request, response) : ill(request, response),
    )
    const good = await startService(well)
    const rig = await startRig([
      { path: '/**', upstream: { urls: [sick.url, good.url], healthCheck: CHECK } },
    ])
    await expect.poll(rig.up, { timeout: 15_000 }).toEqual([false, true])
    const client = await openRawClient(rig.port)
    for (let count = 1; count <= 4; count++) {
      client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
      await client.untilCount('\r\n\r\n', count)
    }
    expect([sick.seen.others, good.seen.others]).toEqual([0, 4])
    isWell = true
    await expect.poll(rig.up, { timeout: 15_000 }).toEqual([true, true])
  })

  test('may expect other statuses than 200 to 299', async () => {
    const odd = await startService((_request, response) => response.writeHead(401).end())
    const usual = await startService(well)
    const healthCheck = { ...CHECK, expect: [401, 404] }
    const rig = await startRig([
      { path: '/**', upstream: { urls: [odd.url, usual.url], healthCheck } },
    ])
    await expect.poll(rig.up, { timeout: 15_000 }).toEqual([true, false])
  })

  test('that fails everywhere takes nobody out', async () => {
    const { seen, url } = await startService((_request, response) => response.writeHead(500).end())
    const rig = await startRig([{ path: '/**', upstream: { urls: [url], healthCheck: CHECK } }])
    await expect.poll(rig.up, { timeout: 15_000 }).toEqual([false])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await client.until('ok')
    expect(seen.others).toBe(1)
  })

  test('does not read more of an answer than its head', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await startRig([{ path: '/**', upstream: { urls: [url], healthCheck: CHECK } }])
    await expect.poll(() => sockets.length, { timeout: 15_000 }).toBeGreaterThan(1)
    await expect.poll(() => sockets[0]?.destroyed).toBe(true)
  })
})
