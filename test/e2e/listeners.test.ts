import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createGateway, loadConfig } from '../../src/gateway/index.ts'
import type { Identity } from '../helpers/certificates.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { startClusteredGateway } from '../helpers/clustered-gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { readBody } from '../helpers/http-server.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startTls } from '../helpers/tls-gateway.ts'
import { startUpstream } from '../helpers/upstream.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-listeners-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

async function start(settings: (directory: string) => string) {
  const upstream = await startUpstream()
  const directory = temporaryDirectory()
  const file = join(directory, 'onegate.yaml')
  writeFileSync(
    file,
    `
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:9' }
routes: [{ path: /**, token: none, upstream: '${upstream.url}' }]
shutdown: { drainMs: 0 }
${settings(directory)}`,
  )
  const gateway = await createGateway(await loadConfig({ file }))
  onTestFinished(() => gateway.close())
  return { gateway, upstream, directory }
}

/** The upstream's answer over a Unix socket. */
async function askSocket(socketPath: string, headers: Record<string, string> = {}) {
  const sent = request({ socketPath, path: '/x', headers: { Host: 'a', ...headers } }).end()
  const [response] = (await once(sent, 'response')) as Parameters<typeof readBody>
  return JSON.parse(await readBody(response)) as { headers: Record<string, string> }
}

describe('several addresses', () => {
  test('are all served, a Unix socket with its mode among them', async () => {
    const { gateway, directory } = await start(
      (at) => `listen: ['127.0.0.1:0', '127.0.0.1:0', 'unix:${at}/api.sock?mode=660']`,
    )
    expect(gateway.urls).toHaveLength(3)
    expect(new Set(gateway.urls).size).toBe(3)
    expect(gateway.url).toBe(gateway.urls[0])
    for (const url of gateway.urls.slice(0, 2)) expect((await fetch(url)).status).toBe(200)
    expect(gateway.urls[2]).toBe(`unix:${directory}/api.sock`)
    const socket = join(directory, 'api.sock')
    expect(statSync(socket).mode & 0o777).toBe(0o660)
    const answers = await Promise.all([1, 2, 3].map(() => askSocket(socket)))
    expect(answers).toHaveLength(3)
  })

  test('end together when one of them cannot be had', async () => {
    const { gateway } = await start(() => 'listen: 127.0.0.1:0')
    const taken = new URL(gateway.url).host
    await expect(start(() => `listen: ['127.0.0.1:0', '${taken}']`)).rejects.toThrow('EADDRINUSE')
  })

  test('are given by one variable, with commas', async () => {
    const config = await loadConfig({
      env: {
        ONEGATE_LISTEN: '127.0.0.1:1, unix:/run/a.sock?mode=600',
        ONEGATE_ONEZONE_URL: 'https://onezone.example.org',
        ONEGATE_UPSTREAM: 'http://127.0.0.1:3000',
      },
    })
    expect(config.listen).toEqual([
      { host: '127.0.0.1', port: 1 },
      { path: '/run/a.sock', mode: 0o600 },
    ])
  })

  test('are served by workers, too', { timeout: 120_000 }, async () => {
    const directory = temporaryDirectory()
    const { gateway, token } = await startClusteredGateway(
      `trustedProxies: ['unix:']\nhealthPath: /health\n`,
      {},
      undefined,
      undefined,
      `['127.0.0.1:0', 'unix:${directory}/w.sock?mode=600']`,
    )
    const headers = { 'X-Auth-Token': token, 'X-Forwarded-For': '203.0.113.7' }
    expect((await fetch(gateway, { headers })).status).toBe(200)
    for (let i = 0; i < 3; i++) {
      const seen = await askSocket(join(directory, 'w.sock'), headers)
      expect(seen.headers['x-forwarded-for']).toBe('203.0.113.7')
    }
    expect((await fetch(`${gateway}/health`)).status).toBe(200)
  })
})

test('who comes over a Unix socket is believed where "unix:" is a trusted proxy', async () => {
  const { directory } = await start((at) => `listen: unix:${at}/a.sock\ntrustedProxies: ['unix:']`)
  const { headers } = await askSocket(join(directory, 'a.sock'), { 'X-Forwarded-For': '1.2.3.4' })
  expect(headers['x-forwarded-for']).toBe('1.2.3.4')
  const other = await start((at) => `listen: unix:${at}/b.sock`)
  const seen = await askSocket(join(other.directory, 'b.sock'), { 'X-Forwarded-For': '1.2.3.4' })
  expect(seen.headers['x-forwarded-for'] ?? '').toBe('')
})

describe('healthPath', () => {
  test('is answered without a token, on any host, and goes to no upstream', async () => {
    const upstream = await startUpstream()
    const gateway = await startGateway({
      onezoneUrl: 'http://127.0.0.1:9',
      yaml: `
healthPath: /healthz
routes: [{ path: /**, upstream: '${upstream.url}' }]
`,
    })
    const healthz = (init?: RequestInit) => fetch(`${gateway.url}/healthz`, init)
    const response = await healthz()
    expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect((await healthz({ method: 'HEAD' })).status).toBe(200)
    const posted = await healthz({ method: 'POST', body: 'x' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    const client = await openRawClient(Number(new URL(gateway.url).port))
    client.send('GET /healthz HTTP/1.0\r\n\r\n')
    expect(readResponse(await client.closed()).status).toBe(200)
    const haproxy = await openRawClient(Number(new URL(gateway.url).port))
    haproxy.send('OPTIONS /healthz HTTP/1.0\r\n\r\n')
    expect(readResponse(await haproxy.closed()).status).toBe(200)
    expect((await fetch(`${gateway.url}/healthz/`)).status).toBe(401)
    expect(upstream.seen).toEqual([])
  })

  test('turns when the gateway is being stopped, while requests are still served', async () => {
    const upstream = await startUpstream()
    const gateway = await startGateway({
      onezoneUrl: 'http://127.0.0.1:9',
      yaml: `
healthPath: /h
routes: [{ path: /**, token: none, upstream: '${upstream.url}' }]
shutdown: { readinessDelayMs: 1500, drainMs: 0 }
`,
    })
    expect((await fetch(`${gateway.url}/h`)).status).toBe(200)
    void gateway.close()
    const response = await fetch(`${gateway.url}/h`)
    expect([response.status, await response.text()]).toEqual([503, 'draining\n'])
    expect((await fetch(gateway.url)).status).toBe(200)
  })
})

test('clientIdleMs ends connections on which nothing more is asked', async () => {
  const { gateway } = await start(() => 'listen: 127.0.0.1:0\nclientIdleMs: 1000')
  const client = await openRawClient(Number(new URL(gateway.url).port))
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(readResponse(await client.closed()).status).toBe(200)
})

tlsTest('plain HTTP on a port that speaks TLS gets an answer that can be read', async () => {
  const { port, upstream } = await startTls(createAuthority('a').issue('gateway'))
  const client = await openRawClient(port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Auth-Token: secret\r\n\r\n')
  const response = readResponse(await client.closed())
  expect(response.status).toBe(400)
  expect(response.field('content-type')).toBe('application/problem+json')
  expect(JSON.parse(response.body)).toMatchObject({
    code: 'request_invalid',
    detail: 'This port speaks HTTPS, and the request came in plain HTTP.',
  })
  expect(upstream.seen).toEqual([])
})

describe('several certificates', () => {
  async function startNamed() {
    const authority = createAuthority('a')
    const issue = (...names: string[]): Identity =>
      authority.issue(names[0] ?? '', { names: names.map((name) => `DNS:${name}`).join(',') })
    const first = authority.issue('first')
    const wild = issue('*.example.org')
    const api = issue('api.example.org', 'api.example.com')
    const directory = temporaryDirectory()
    for (const [name, { cert, key }] of Object.entries({ wild, api })) {
      writeFileSync(join(directory, `${name}.pem`), cert)
      writeFileSync(join(directory, `${name}.key`), key)
    }
    const pair = (name: string) =>
      `{ certFile: ${directory}/${name}.pem, keyFile: ${directory}/${name}.key }`
    const tls = await startTls(first, {
      settings: `certificates: [${pair('wild')}, ${pair('api')}]`,
    })
    const subjectFor = async (servername: string | undefined): Promise<string> => {
      const socket = connectTls({
        port: tls.port,
        host: '127.0.0.1',
        servername,
        rejectUnauthorized: false,
      })
      onTestFinished(() => void socket.destroy())
      await once(socket, 'secureConnect')
      return socket.getPeerX509Certificate()?.subject ?? ''
    }
    return { ...tls, issue, subjectFor, directory }
  }

  tlsTest('are chosen by the name that a client asks for', async () => {
    const { subjectFor } = await startNamed()
    expect(await subjectFor('api.example.org')).toBe('CN=api.example.org')
    expect(await subjectFor('api.example.com')).toBe('CN=api.example.org')
    expect(await subjectFor('other.example.org')).toBe('CN=*.example.org')
    expect(await subjectFor('localhost')).toBe('CN=first')
    expect(await subjectFor('nobody.example')).toBe('CN=first')
    expect(await subjectFor(undefined)).toBe('CN=first')
  })

  tlsTest('are read anew with the first one', async () => {
    const { subjectFor, issue, directory, gateway, load } = await startNamed()
    const { cert, key } = issue('new.example.org', 'api.example.org')
    writeFileSync(join(directory, 'api.pem'), cert)
    writeFileSync(join(directory, 'api.key'), key)
    await gateway.reload(load)
    expect(await subjectFor('api.example.org')).toBe('CN=new.example.org')
    expect(await subjectFor('localhost')).toBe('CN=first')
  })
})
