import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'

import type { OnedataProxyOptions, StreamEvent } from '../../src/proxy/index.ts'
import { onedataProxy } from '../../src/proxy/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { collectGarbage } from '../helpers/collect-garbage.ts'
import { eventually } from '../helpers/eventually.ts'
import { readBody, startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { HANDSHAKE, openWebSocket, startEchoUpstream, TEXT } from '../helpers/websocket.ts'
import { withoutTypes } from '../helpers/without-types.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MIB = 1024 * 1024

/** An app of Hono's on a free port, whose paths below `/api` are the proxy's. */
async function startApp(options: Partial<OnedataProxyOptions> & { readonly upstream: string }) {
  const onezone = await startOnezone()
  const streamEvents: StreamEvent[] = []
  const proxy = onedataProxy({
    onezoneUrl: options.verification === undefined ? onezone.url : undefined,
    onStream: (event) => streamEvents.push(event),
    ...options,
  })
  const app = new Hono()
    .get('/own', (c) => c.text('own'))
    .get('/slow', () => new Promise<Response>(() => {}))
    .use('/read/*', async (c, next) => {
      await c.req.text()
      await next()
    })
    .all('/read/*', proxy)
    .all('/api/*', proxy)
    .onError((error, c) => c.text(error.message, 500))
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  }) as Server
  server.on('upgrade', proxy.upgrade)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await proxy.close()
  })
  const { port } = server.address() as AddressInfo
  const token = onezone.createTemporaryToken({ subject: ALICE })
  return { onezone, proxy, streamEvents, port, url: `http://127.0.0.1:${port}`, token }
}

describe('a Hono app with onedataProxy', () => {
  test('forwards a request with its subject, and without its token', async () => {
    const upstream = await startUpstream()
    const { url, token } = await startApp({ upstream: upstream.url })
    const response = await fetch(`${url}/api/x?q=1`, {
      method: 'PUT',
      body: 'hello',
      headers: { 'X-Auth-Token': token, 'X-Onedata-Subject-Id': 'root' },
    })
    expect(response.status).toBe(200)
    const { method, url: target, headers, body } = upstream.seen[0]!
    expect([method, target, body]).toEqual(['PUT', '/api/x?q=1', 'hello'])
    expect(headers).toMatchObject({
      'x-onedata-subject-id': 'alice',
      'x-forwarded-for': '127.0.0.1',
    })
    expect(JSON.stringify(upstream.seen)).not.toContain(token)
    expect(await (await fetch(`${url}/own`)).text()).toBe('own')
  })

  test.each([
    ['without a token', {}, 401, 'credentials_missing'],
    ['with a bad one', { 'X-Auth-Token': 'nonsense' }, 401, 'token_malformed'],
  ])('answers a request %s itself', async (_what, headers, status, code) => {
    const upstream = await startUpstream()
    const { url } = await startApp({ upstream: upstream.url })
    const response = await fetch(`${url}/api/x`, { headers: headers as Record<string, string> })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(upstream.seen).toEqual([])
  })

  test('streams an upload of 100 MiB without holding it', async () => {
    let received = 0
    const { url: upstream } = await startHttpServer((request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length))
      request.on('end', () => response.end(String(received)))
    })
    const { url, token } = await startApp({ upstream })
    const upload = httpRequest(`${url}/api/x`, {
      method: 'POST',
      headers: { 'X-Auth-Token': token, 'Content-Length': 100 * MIB },
    })
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>
    const part = Buffer.alloc(256 * 1024, 'x')
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let sent = 0; sent < 100 * MIB; sent += part.length) {
      if (!upload.write(part)) await once(upload, 'drain')
      // What was held once is collected sooner or later; how soon depends on the version of Node.
      if (sent % (8 * MIB) === 0) collectGarbage()
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    upload.end()
    const [response] = await answered
    expect([response.statusCode, await readBody(response)]).toEqual([200, String(100 * MIB)])
    expect(most).toBeLessThan(50 * MIB)
  })

  test('is not told more of an upload than the upstream takes', async () => {
    let go = (): void => {}
    const { url: upstream } = await startHttpServer((request, response) => {
      go = () => request.resume()
      request.on('end', () => response.end('ok'))
    })
    const { url, token } = await startApp({ upstream })
    const upload = httpRequest(`${url}/api/x`, {
      method: 'POST',
      headers: { 'X-Auth-Token': token, 'Content-Length': 100 * MIB },
    })
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>
    let sent = 0
    const sending = (async () => {
      const part = Buffer.alloc(256 * 1024, 'x')
      for (; sent < 100 * MIB; sent += part.length) {
        if (!upload.write(part)) await once(upload, 'drain')
      }
      upload.end()
    })()
    await expect.poll(() => upload.writableNeedDrain && upload.socket?.writableLength).toBeTruthy()
    expect(sent).toBeLessThan(100 * MIB)
    go()
    await expect
      .poll(() => {
        go()
        return sent
      })
      .toBe(100 * MIB)
    await sending
    const [response] = await answered
    expect(response.statusCode).toBe(200)
    response.resume()
  })

  test('ends an event stream when its token is revoked', async () => {
    const { url: upstream } = await startHttpServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
    })
    const { url, token, onezone, streamEvents } = await startApp({
      upstream,
      verdicts: { maxStalenessMs: 2_500 },
    })
    const response = await fetch(`${url}/api/x`, { headers: { 'X-Auth-Token': token } })
    const reader = response.body!.getReader()
    const { value } = await reader.read()
    expect(Buffer.from(value!).toString()).toBe('data: 1\n\n')
    onezone.revokeTemporaryTokens(ALICE)
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    expect(streamEvents.map(({ phase }) => phase)).toEqual(['begun', 'ended'])
    expect(streamEvents[1]).toMatchObject({ why: 'refused' })
  })

  test('carries a WebSocket that the server hands over', async () => {
    const upstream = await startEchoUpstream()
    const { port, token, streamEvents } = await startApp({ upstream: upstream.url })
    const client = await openWebSocket(
      port,
      `Host: gw.test\r\nX-Auth-Token: ${token}\r\n`,
      '/api/ws',
    )
    client.send(TEXT, 'hello')
    await client.until(() => client.texts().length === 1)
    expect(client.texts()).toEqual(['hello'])
    expect(streamEvents).toMatchObject([{ kind: 'websocket', phase: 'begun' }])
  })

  test('refuses a WebSocket without a token, or beyond its path', async () => {
    const upstream = await startEchoUpstream()
    const { port, token } = await startApp({ upstream: upstream.url, path: '/api/**' })
    for (const [path, fields, status] of [
      ['/api/ws', '', 401],
      ['/ws', `X-Auth-Token: ${token}\r\n`, 404],
    ] as const) {
      const client = await openRawClient(port)
      client.send(`GET ${path} HTTP/1.1\r\nHost: gw.test\r\n${fields}${HANDSHAKE}\r\n`)
      expect(readResponse(await client.closed()).status).toBe(status)
    }
    expect(upstream.ends).toEqual([])
  })

  test('ends a connection that is upgraded before the app has answered what came first', async () => {
    const upstream = await startEchoUpstream()
    const { port, token, url } = await startApp({ upstream: upstream.url })
    const client = await openRawClient(port)
    client.send('GET /slow HTTP/1.1\r\nHost: gw.test\r\n\r\n')
    client.send(
      `GET /api/ws HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${token}\r\n${HANDSHAKE}\r\n`,
    )
    expect(await client.closed()).toBe('')
    expect(await (await fetch(`${url}/own`)).text()).toBe('own')
  })

  test('says why it cannot forward a body that was read before', async () => {
    const upstream = await startUpstream()
    const { url, token } = await startApp({ upstream: upstream.url })
    const response = await fetch(`${url}/read/x`, {
      method: 'POST',
      body: 'hello',
      headers: { 'X-Auth-Token': token },
    })
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('nothing may read it before')
    expect(upstream.seen).toEqual([])
  })

  test('leaves a verification that is shared to its owner', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const verification = createVerification({ onezone: { url: onezone.url } })
    onTestFinished(() => verification.close())
    const first = await startApp({ upstream: upstream.url, verification })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await first.proxy.close()
    const second = await startApp({ upstream: upstream.url, verification })
    const response = await fetch(`${second.url}/api/x`, { headers: { 'X-Auth-Token': token } })
    expect(response.status).toBe(200)
  })

  test.each([
    ['nothing', undefined, /needs options/],
    ['no verifier', { upstream: 'http://127.0.0.1:1' }, /exactly one of "onezoneUrl"/],
    ['no upstream', { onezoneUrl: 'http://127.0.0.1:1' }, /upstream/],
    [
      'a path that can never match',
      { onezoneUrl: 'http://127.0.0.1:1', upstream: 'http://127.0.0.1:1', path: 'api' },
      /path/,
    ],
  ])('refuses %s at construction', (_what, options, message) => {
    expect(() => onedataProxy(options as unknown as OnedataProxyOptions)).toThrow(message)
  })

  test('says that it needs node-server where there is none', async () => {
    const proxy = onedataProxy({ onezoneUrl: 'http://127.0.0.1:1', upstream: 'http://127.0.0.1:1' })
    onTestFinished(() => proxy.close())
    const app = new Hono().all('*', proxy).onError((error, c) => c.text(error.message, 500))
    expect(await (await app.request('/x')).text()).toContain('needs a server of @hono/node-server')
  })
})

test('the sample of the documentation forwards for alice and nobody else', async () => {
  const page = readFileSync(join(ROOT, 'docs/proxy-in-hono.md'), 'utf8')
  const sample = /^```ts\n(\/\/ proxy\.ts\n.*?)^```/ms.exec(page)?.[1] ?? ''
  const directory = mkdtempSync(join(tmpdir(), 'onegate-proxy-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  // The build, by the path of the entry, since no package is linked here.
  const entry = join(ROOT, 'dist/proxy/index.js')
  const script = withoutTypes(sample.replace("'onegate/proxy'", `'${entry}'`))
  writeFileSync(join(directory, 'proxy.js'), script)
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const { url: free, server } = await startHttpServer(() => {})
  await new Promise((resolve) => server.close(resolve))
  const app = spawn(process.execPath, ['proxy.js'], {
    cwd: directory,
    env: {
      ...process.env,
      ONEZONE_URL: onezone.url,
      UPSTREAM: upstream.url,
      PORT: new URL(free).port,
    },
    stdio: 'inherit',
  })
  onTestFinished(() => void app.kill())
  const ask = (headers: Record<string, string> = {}) =>
    fetch(`${free}/x`, { headers }).then(
      ({ status }) => status,
      () => 0,
    )
  await eventually(async () => (await ask()) === 401)
  expect(upstream.seen).toEqual([])
  const token = onezone.createTemporaryToken({ subject: ALICE })
  expect(await ask({ 'X-Auth-Token': token })).toBe(200)
  expect(upstream.seen[0]?.headers['x-onedata-subject-id']).toBe('alice')
})
