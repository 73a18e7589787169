import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { connect } from 'node:tls'
import { promisify } from 'node:util'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { Logger } from '../../src/logger.ts'
import { silentLogger } from '../../src/logger.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { startClusteredGateway } from '../helpers/clustered-gateway.ts'
import { eventually } from '../helpers/eventually.ts'
import { headers, openFrameClient } from '../helpers/http2-frames.ts'
import { openHttp2, readAnswer } from '../helpers/http2-rig.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { startTls } from '../helpers/tls-gateway.ts'
import { HANDSHAKE, startEchoUpstream } from '../helpers/websocket.ts'

const ON = 'http2: true'
const OPEN_EVENT_STREAMS = 'onegate_open_streams{kind="event-stream"}'
const EVENTS = { 'Content-Type': 'text/event-stream' }

/** An upstream that answers when the test lets it, `/events` at once and without an end. */
async function startSlow() {
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  let waiting = 0
  const { url } = await startHttpServer((request, response) => {
    waiting++
    if (request.url === '/events') return void response.writeHead(200, EVENTS).write('data: 1\n\n')
    void released.then(() => response.end('late'))
  })
  return { url, release, waiting: () => waiting }
}

const slowRoutes = (url: string) => () => `[{ path: /**, token: none, upstream: '${url}' }]`

async function agreedOn(port: number, options: ConnectionOptions): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  const shaken = once(socket, 'secureConnect').then(
    () => true,
    () => false,
  )
  return !(await shaken) ? 'refused' : `${socket.getProtocol()} ${socket.alpnProtocol}`
}

describe('a listener that speaks HTTP/2', () => {
  tlsTest('agrees on it or on HTTP/1.1, as its clients can', async () => {
    const { port } = await startTls(createAuthority('a').issue('gateway'), { settings: ON })
    expect(await agreedOn(port, { ALPNProtocols: ['h2', 'http/1.1'] })).toBe('TLSv1.3 h2')
    expect(await agreedOn(port, { ALPNProtocols: ['http/1.1', 'h2'] })).toBe('TLSv1.3 h2')
    expect(await agreedOn(port, { ALPNProtocols: ['http/1.1'] })).toBe('TLSv1.3 http/1.1')
    expect(await agreedOn(port, {})).toBe('TLSv1.3 false')
    const old = { ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' } as const
    expect(await agreedOn(port, old)).toBe('TLSv1.2 h2')
    expect(await agreedOn(port, { ALPNProtocols: ['spdy/3'] })).toBe('refused')
  })

  tlsTest('tells the upstream of the client, and counts what it carries', async () => {
    const { gateway, upstream } = await startTls(createAuthority('a').issue('gateway'), {
      settings: ON,
    })
    const answer = await readAnswer(openHttp2(gateway.url).request({ ':path': '/x?y' }))
    expect(answer).toMatchObject({ status: 200, code: 0 })
    expect(upstream.seen[0]).toMatchObject({
      url: '/x?y',
      headers: {
        host: new URL(gateway.url).host,
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': new URL(gateway.url).host,
      },
    })
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    expect(metrics).toMatch(/^onegate_requests_total\{.*method="GET",status="200"\} 1$/m)
  })

  tlsTest('speaks it over TLS only, and only where it is switched on', async () => {
    const { port } = await startTls(createAuthority('a').issue('gateway'), { settings: ON })
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    let received = ''
    socket.on('data', (chunk) => (received += chunk.toString('latin1')))
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    await once(socket, 'close')
    expect(received).not.toContain('HTTP')
    const off = await startTls(createAuthority('a').issue('gateway'))
    expect(await agreedOn(off.port, { ALPNProtocols: ['h2'] })).toBe('refused')
  })

  tlsTest('carries WebSockets over HTTP/1.1 as ever', async () => {
    const echo = await startEchoUpstream()
    const { port } = await startTls(createAuthority('a').issue('gateway'), {
      settings: ON,
      routes: slowRoutes(echo.url),
    })
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    socket.write(`GET /ws HTTP/1.1\r\nHost: gw.test\r\n${HANDSHAKE}\r\n`)
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /)
  })

  tlsTest('asks for client certificates as ever', async () => {
    const [authority, clients] = [createAuthority('a'), createAuthority('clients')]
    for (const auth of ['require', 'request']) {
      const { gateway, upstream } = await startTls(authority.issue('gateway'), {
        clientCa: clients.cert,
        settings: `${ON}, clientAuth: ${auth}`,
      })
      const status = async (identity: object): Promise<number> => {
        const session = connectHttp2(gateway.url, { ca: authority.cert, ...identity })
        session.on('error', () => {})
        const answer = readAnswer(session.request({ ':path': '/' }))
        const { status: got } = await answer
        session.destroy()
        return got
      }
      expect(await status(authority.issue('client'))).toBe(0)
      expect(await status({})).toBe(auth === 'request' ? 200 : 0)
      expect(await status(clients.issue('client'))).toBe(200)
      expect(upstream.seen).toHaveLength(auth === 'request' ? 2 : 1)
      await gateway.close()
    }
  })

  tlsTest('shows a new certificate on new connections only', async () => {
    const authority = createAuthority('a')
    const { gateway, port, replace } = await startTls(authority.issue('gateway'), { settings: ON })
    const serial = async (): Promise<string | undefined> => {
      const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, ALPNProtocols: ['h2'] })
      await once(socket, 'secureConnect')
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      return certificate?.serialNumber
    }
    const before = openHttp2(gateway.url)
    await once(before, 'connect')
    const first = await serial()
    replace(authority.issue('gateway'))
    await eventually(async () => (await serial()) !== first)
    expect((await readAnswer(before.request({ ':path': '/' }))).status).toBe(200)
    expect((await readAnswer(openHttp2(gateway.url).request({ ':path': '/' }))).status).toBe(200)
  })
})

describe('while it runs', () => {
  tlsTest(
    'requests under way end by the old settings, new ones on the same connection go by the new',
    async () => {
      const slow = await startSlow()
      const lines: unknown[][] = []
      const warn: Logger['warn'] = (...line) => void lines.push(line)
      const rig = await startTls(createAuthority('a').issue('gateway'), {
        settings: ON,
        routes: slowRoutes(slow.url),
        logger: { ...silentLogger, warn },
      })
      const session = openHttp2(rig.gateway.url)
      const old = readAnswer(session.request({ ':path': '/slow' }))
      await eventually(() => slow.waiting() === 1)
      rig.write(
        'onegate.yaml',
        `
onezone: { url: 'http://127.0.0.1:9' }
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
tls: { certFile: cert.pem, keyFile: key.pem }
reload: { intervalMs: 100 }
routes: [{ path: /new, token: none, upstream: '${rig.upstream.url}' }]
`,
      )
      expect(await rig.gateway.reload(rig.load)).toBe('applied')
      expect(JSON.stringify(lines)).toContain('["tls.http2"]')
      expect((await readAnswer(session.request({ ':path': '/new' }))).status).toBe(200)
      expect((await readAnswer(session.request({ ':path': '/slow' }))).status).toBe(404)
      slow.release()
      expect(await old).toMatchObject({ status: 200, code: 0 })
      expect(session.closed).toBe(false)
    },
  )

  tlsTest(
    'draining finishes what is under way, ends event streams, and asks for nothing more',
    async () => {
      const slow = await startSlow()
      const { gateway } = await startTls(createAuthority('a').issue('gateway'), {
        settings: ON,
        routes: slowRoutes(slow.url),
        more: 'shutdown: { drainMs: 25000 }\n',
      })
      const [session, idle] = [openHttp2(gateway.url), openHttp2(gateway.url)]
      const events = readAnswer(session.request({ ':path': '/events' }))
      const late = readAnswer(session.request({ ':path': '/slow' }))
      await Promise.all([once(idle, 'connect'), eventually(() => slow.waiting() === 2)])
      const told = once(session, 'goaway')
      const closing = gateway.close()
      expect((await told)[0]).toBe(0)
      expect(await events).toMatchObject({ status: 200, code: 0 })
      slow.release()
      expect(await late).toMatchObject({ status: 200, code: 0, body: Buffer.from('late') })
      await closing
      await eventually(() => session.destroyed && idle.destroyed)
    },
  )

  tlsTest('draining cuts what is left at the end of its time', async () => {
    const slow = await startSlow()
    const { gateway } = await startTls(createAuthority('a').issue('gateway'), {
      settings: ON,
      routes: slowRoutes(slow.url),
      more: 'shutdown: { drainMs: 1000 }\n',
    })
    const session = openHttp2(gateway.url)
    const cut = readAnswer(session.request({ ':path': '/slow' }))
    await eventually(() => slow.waiting() === 1)
    await gateway.close()
    expect((await cut).status).toBe(0)
    await eventually(() => session.destroyed)
  })
})

describe('with two workers', () => {
  tlsTest('each speaks it, and draining loses nothing', async () => {
    const slow = await startSlow()
    const { cert, key } = createAuthority('a').issue('gateway')
    const rig = await startClusteredGateway(
      `tls: { certFile: cert.pem, keyFile: key.pem, ${ON} }\nshutdown: { drainMs: 25000 }`,
      { 'cert.pem': cert, 'key.pem': key },
      slow.url,
    )
    const sessions = Array.from({ length: 6 }, () => openHttp2(rig.gateway))
    const ask = (session: ClientHttp2Session) =>
      readAnswer(session.request({ ':path': '/slow', 'x-auth-token': rig.token }))
    const refused = sessions[0]?.request({ ':path': '/slow' })
    expect(refused === undefined || (await readAnswer(refused)).status).toBe(401)
    const answers = sessions.flatMap((session) => [ask(session), ask(session)])
    await eventually(() => slow.waiting() === 12)
    const stopped = rig.stop()
    await Promise.all(sessions.map((session) => once(session, 'goaway')))
    slow.release()
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 200, code: 0 })
    }
    await stopped
  })

  tlsTest('a client that only half-closes its connection leaves nothing behind', async () => {
    const slow = await startSlow()
    const { cert, key } = createAuthority('a').issue('gateway')
    const rig = await startClusteredGateway(
      `tls: { certFile: cert.pem, keyFile: key.pem, ${ON} }\nshutdown: { drainMs: 20000 }`,
      { 'cert.pem': cert, 'key.pem': key },
      slow.url,
    )
    const client = await openFrameClient({ port: Number(new URL(rig.gateway).port) })
    const fields = {
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': 'gw.test',
      ':path': '/events',
    }
    client.send(headers(1, [...Object.entries(fields), ['x-auth-token', rig.token]]))
    await eventually(() => client.stream(1).body !== '')
    client.socket.end()
    await eventually(() => client.closed())
    await eventually(async () => (await rig.sample(OPEN_EVENT_STREAMS)) === 0)
  })
})

describe('curl', () => {
  test('gets answers by HTTP/2', async (context) => {
    const run = promisify(execFile)
    const version = await run('curl', ['--version']).catch(() => ({ stdout: '' }))
    if (!version.stdout.includes('HTTP2')) {
      process.stderr.write('Skipped: there is no curl that speaks HTTP/2.\n')
      return context.skip()
    }
    const { gateway, upstream } = await startTls(createAuthority('a').issue('gateway'), {
      settings: ON,
    })
    const curl = async (...more: string[]): Promise<string> => {
      const write = ['-w', ' %{http_version} %{http_code}', '-o', '/dev/null']
      const { stdout } = await run('curl', ['-sk', '--http2', ...write, ...more])
      return stdout.trim()
    }
    expect(await curl(`${gateway.url}/x`)).toBe('2 200')
    expect(await curl('-d', 'a=b', `${gateway.url}/x`)).toBe('2 200')
    expect(await curl('-d', 'x'.repeat(100_000), '-H', 'Expect: 100-continue', gateway.url)).toBe(
      '2 200',
    )
    expect(await curl('--http1.1', gateway.url)).toBe('1.1 200')
    expect(upstream.seen.map(({ body }) => body.length)).toEqual([0, 3, 100_000, 0])
  })
})
