import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { createServer as createRawServer } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket, TlsOptions } from 'node:tls'

import { describe, expect, onTestFinished, test, vi } from 'vitest'

import type { UpstreamTls } from '../../src/upstream/index.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'

interface Seen {
  readonly url: string
  readonly host: string | undefined
  readonly serverName: string | false | null | undefined
  readonly clientName: string | undefined
}

/** Answers, and notes by what name it was asked and who asked. */
function noting(seen: Seen[]): RequestListener {
  return (request, response) => {
    const socket = request.socket as Partial<TLSSocket>
    seen.push({
      url: request.url ?? '',
      host: request.headers.host,
      serverName: socket.servername,
      clientName: [socket.getPeerCertificate?.().subject?.CN].flat()[0],
    })
    response.end('ok')
  }
}

async function listen(server: Server, place: string | number): Promise<void> {
  await new Promise<void>((resolve) =>
    typeof place === 'string'
      ? server.listen(place, resolve)
      : server.listen(place, '127.0.0.1', resolve),
  )
  onTestFinished(() => void server.close())
}

async function ask(upstream: Parameters<typeof startRig>[0][number]['upstream']) {
  const rig = await startRig([{ path: '/**', upstream, policy: { token: 'none' } }])
  const client = await openRawClient(rig.port)
  client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}Connection: close\r\n\r\n`)
  return { rig, status: readResponse(await client.closed()).status }
}

describe('a Unix socket', () => {
  function socketPath(): string {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-socket-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    return join(directory, 'app.sock')
  }

  test('carries requests with the client’s Host, under a base path, and checks', async () => {
    const path = socketPath()
    const seen: Seen[] = []
    await listen(createServer(noting(seen)), path)
    const healthCheck = { path: '/healthz', intervalMs: 100 }
    const { status } = await ask({ urls: [`unix://${path}:/base`], healthCheck })
    expect(status).toBe(200)
    expect(seen.find(({ url }) => url === '/base/x')?.host).toBe('gw.test')
    await expect
      .poll(() => seen.find(({ url }) => url === '/base/healthz')?.host, { timeout: 15_000 })
      .toBe('localhost')
  })

  test('is read as strictly as TCP, and a 100 that nobody asked for is left out', async () => {
    const path = socketPath()
    const answers = [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ]
    const raw = createRawServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => void socket.write(answers.shift() ?? ''))
    })
    await listen(raw, path)
    expect((await ask(`unix://${path}`)).status).toBe(200)
    expect((await ask(`unix://${path}`)).status).toBe(502)
    expect(answers).toEqual([])
  })

  test('that is two sockets, is two upstreams', async () => {
    const [first, second]: [Seen[], Seen[]] = [[], []]
    const paths = [socketPath(), socketPath()] as const
    await listen(createServer(noting(first)), paths[0])
    await listen(createServer(noting(second)), paths[1])
    const rig = await startRig([
      { path: '/**', upstream: paths.map((path) => `unix:${path}`), policy: { token: 'none' } },
    ])
    const client = await openRawClient(rig.port)
    for (let count = 1; count <= 2; count++) {
      client.send(`GET /${count} HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
      await client.untilCount(' 200 ', count)
    }
    expect([first.length, second.length]).toEqual([1, 1])
  })

  test('that nobody listens to is an upstream that cannot be reached', async () => {
    const { status, rig } = await ask(`unix://${socketPath()}`)
    expect(status).toBe(502)
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'unreachable' }])
  })
})

const describeTls = hasOpenssl() ? describe : describe.skip

describeTls('an upstream over TLS', () => {
  async function startTls(altName: string, options: TlsOptions = {}) {
    const seen: Seen[] = []
    const { cert, key } = selfSigned('upstream', altName)
    const server = createTlsServer({ cert, key, ...options }, noting(seen))
    server.on('tlsClientError', () => {})
    await listen(server, 0)
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { seen, url, ca: cert.toString() }
  }
  const through = ({ url }: { url: string }, tls?: UpstreamTls) => ask({ urls: [url], tls })

  test('S-190 S-194 R-U9 is not trusted without its authority, whatever the environment says', async () => {
    const upstream = await startTls('IP:127.0.0.1')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => void vi.unstubAllEnvs())
    const healthCheck = { path: '/healthz', intervalMs: 100 }
    const { status, rig } = await ask({ urls: [upstream.url], healthCheck })
    expect(status).toBe(502)
    await expect.poll(rig.up, { timeout: 15_000 }).toEqual([false])
    expect(upstream.seen).toEqual([])
  })

  test('is trusted by its authority, and called by its own name', async () => {
    const upstream = await startTls('IP:127.0.0.1')
    const { ca } = upstream
    expect((await through(upstream, { ca })).status).toBe(200)
    expect(upstream.seen).toEqual([
      { url: '/x', host: new URL(upstream.url).host, serverName: false, clientName: undefined },
    ])
  })

  test('S-190 may be known by another name, which SNI, the certificate and Host agree on', async () => {
    const upstream = await startTls('DNS:app.test')
    const { ca } = upstream
    expect((await through(upstream, { ca })).status).toBe(502)
    expect((await through(upstream, { ca, serverName: 'other.test' })).status).toBe(502)
    expect(upstream.seen).toEqual([])
    expect((await through(upstream, { ca, serverName: 'app.test' })).status).toBe(200)
    const { port } = new URL(upstream.url)
    expect(upstream.seen).toEqual([
      { url: '/x', host: `app.test:${port}`, serverName: 'app.test', clientName: undefined },
    ])
  })

  test('is checked by the same rules', async () => {
    const upstream = await startTls('DNS:app.test')
    const healthCheck = { path: '/healthz', intervalMs: 100 }
    const { ca } = upstream
    const right = await ask({
      urls: [upstream.url],
      healthCheck,
      tls: { ca, serverName: 'app.test' },
    })
    await expect
      .poll(() => upstream.seen.some(({ url }) => url === '/healthz'), { timeout: 15_000 })
      .toBe(true)
    expect(right.rig.up()).toEqual([true])
    const wrong = await ask({ urls: [upstream.url], healthCheck, tls: { ca } })
    await expect.poll(wrong.rig.up, { timeout: 15_000 }).toEqual([false])
  })

  test('may ask who we are', async () => {
    const us = selfSigned('gateway', 'DNS:gateway.test')
    const demands = { requestCert: true, rejectUnauthorized: true, ca: us.cert }
    const upstream = await startTls('IP:127.0.0.1', demands)
    const { ca } = upstream
    expect((await through(upstream, { ca })).status).toBe(502)
    const [cert, key] = [us.cert.toString(), us.key.toString()]
    expect((await through(upstream, { ca, cert, key })).status).toBe(200)
    expect(upstream.seen.map(({ clientName }) => clientName)).toEqual(['gateway'])
  })

  test('S-191 shares no connection with a route that trusts somebody else', async () => {
    const upstream = await startTls('IP:127.0.0.1')
    const rig = await startRig(
      [upstream.ca, selfSigned('other', 'IP:127.0.0.1').cert.toString()].map((ca, index) => ({
        path: `/${index}`,
        upstream: { urls: [upstream.url], tls: { ca } },
        policy: { token: 'none' as const },
      })),
    )
    const client = await openRawClient(rig.port)
    client.send(`GET /0 HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await client.untilCount(' 200 ', 1)
    client.send(`GET /1 HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await client.untilCount(' 502 ', 1)
    expect(upstream.seen).toHaveLength(1)
  })
})
