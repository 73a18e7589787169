import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { silentLogger } from '../../src/logger.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { startClusteredGateway } from '../helpers/clustered-gateway.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startTls } from '../helpers/tls-gateway.ts'

const HEAD = 'PROXY TCP4 203.0.113.5 127.0.0.1 51234 443\r\n'
const HEAD_2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
  Buffer.from([203, 0, 113, 5, 127, 0, 0, 1, 200, 34, 1, 187]),
]).toString('latin1')

const request = (fields = '') => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`

interface Seen {
  readonly headers: Readonly<Record<string, string>>
}

/** A gateway with a public route that trusts loopback, and what each connection is answered. */
async function start(trusted = '127.0.0.1') {
  const warn = vi.fn<(facts: object, message: string) => void>()
  const rig = await startGatewayRig({
    yaml: (upstream) => `
proxyProtocol: true
trustedProxies: ['${trusted}']
routes: [{ path: /open/**, token: none, upstream: '${upstream}' }, { path: /**, upstream: '${upstream}' }]
`,
    logger: { ...silentLogger, warn },
  })
  const port = Number(new URL(rig.gateway.url).port)
  const answer = async (...pieces: string[]) => {
    const client = await openRawClient(port)
    for (const piece of pieces) {
      client.send(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return client
  }
  const get = async (...pieces: string[]) => {
    const client = await answer(...pieces)
    const { status, body } = readResponse(await client.until(/\r\n\r\n.*\}/s))
    return { status, seen: JSON.parse(body.replace(/^[^{]*|[^}]*$/g, '')) as Seen }
  }
  return { ...rig, warn, port, answer, get }
}

const open = (fields = '') => request(fields).replace('GET /', 'GET /open/')

describe('with proxyProtocol, a connection of a trusted proxy', () => {
  test.each([
    ['version 1', [HEAD + open()]],
    ['version 2', [HEAD_2 + open()]],
    ['in pieces', [...HEAD, ...open()]],
    ['version 2 in pieces', [...HEAD_2, ...open()]],
    ['apart from the request', [HEAD, open()]],
  ])('is the client’s: %s', async (_, pieces) => {
    const { get } = await start()
    const { status, seen } = await get(...pieces)
    expect(status).toBe(200)
    expect(seen.headers['x-forwarded-for']).toBe('203.0.113.5')
  })

  test('carries one request after the other, and bodies', async () => {
    const { answer } = await start()
    const post = open('Content-Length: 5\r\n').replace('GET', 'POST') + 'hello'
    const client = await answer(HEAD + post + post, open())
    const text = await client.untilCount('"body":"', 3)
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(3)
    expect(text.match(/"body":"hello"/g)).toHaveLength(2)
  })

  test('decides ip caveats by the address of its client', async () => {
    const { get, onezone } = await start()
    const token = onezone.createTemporaryToken({
      subject: ALICE,
      caveats: [{ type: 'ip', whitelist: ['203.0.113.5'] }],
    })
    const field = `X-Auth-Token: ${token}\r\n`
    expect((await get(HEAD + request(field))).status).toBe(200)
    expect((await get(HEAD.replace('.5', '.6') + request(field))).status).toBe(401)
  })

  test('has no address where the proxy knows none, and nothing that its client says is believed', async () => {
    const { get } = await start()
    const { seen } = await get(`PROXY UNKNOWN\r\n${open('X-Forwarded-For: 198.51.100.7\r\n')}`)
    expect(seen.headers['x-forwarded-for'] ?? '').toBe('')
    const proxy = `\r\n\r\n\0\r\nQUIT\n\x20\0\0\0${open('X-Forwarded-For: 198.51.100.7\r\n')}`
    expect((await get(proxy)).seen.headers['x-forwarded-for']).toBe('198.51.100.7, 127.0.0.1')
  })

  test.each([
    ['a request', open()],
    ['a head in another form', HEAD.replace('\r', '') + open()],
    ['a head of a datagram', HEAD_2.replace('\x21\x11', '\x21\x12') + open()],
  ])('is ended where it begins with %s, and one line says so', async (_, text) => {
    const { answer, upstream, warn } = await start()
    for (let i = 0; i < 2; i++) {
      const client = await answer(text.padEnd(200))
      expect(await client.closed()).toBe('')
    }
    expect(upstream.seen).toEqual([])
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.anything(),
      expect.stringContaining('PROXY protocol'),
    )
  })

  test('that never ends its head is ended', async () => {
    const { answer } = await start()
    const client = await answer('PROXY TCP4 203.0.113.5')
    expect(await client.closed()).toBe('')
  })
})

test('a peer that is not trusted says nothing by a head: it is no request', async () => {
  const { answer, get, upstream } = await start('192.0.2.1')
  const client = await answer(HEAD + open())
  expect(readResponse(await client.closed()).status).toBe(400)
  expect(upstream.seen).toEqual([])
  expect((await get(open())).seen.headers['x-forwarded-for']).toBe('127.0.0.1')
})

tlsTest('the head stands before the handshake, for HTTP/2 too', async () => {
  const authority = createAuthority('a')
  const { port } = await startTls(authority.issue('gateway'), {
    settings: 'http2: true',
    more: 'proxyProtocol: true\ntrustedProxies: [127.0.0.1]\n',
  })
  const shake = async (ALPNProtocols: string[], pieces: string[]): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port })
    onTestFinished(() => void socket.destroy())
    for (const piece of pieces) socket.write(piece, 'latin1')
    const secure = connectTls({ socket, ca: authority.cert, host: '127.0.0.1', ALPNProtocols })
    await once(secure, 'secureConnect')
    return secure
  }
  for (const pieces of [[HEAD], [HEAD_2], [...HEAD]]) {
    const socket = await shake(['http/1.1'], pieces)
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write(request('Connection: close\r\n'))
    await once(socket, 'close')
    expect(text).toContain('"x-forwarded-for":"203.0.113.5"')
  }
  const { connect: connectHttp2 } = await import('node:http2')
  const socket = await shake(['h2'], [HEAD])
  const session = connectHttp2('https://127.0.0.1', { createConnection: () => socket })
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  expect(text).toContain('"x-forwarded-for":"203.0.113.5"')
})

test('workers read it as one process does', { timeout: 120_000 }, async () => {
  const { gateway, token } = await startClusteredGateway(
    'proxyProtocol: true\ntrustedProxies: [127.0.0.1]\n',
  )
  for (let i = 0; i < 4; i++) {
    const client = await openRawClient(Number(new URL(gateway).port))
    client.send(HEAD + request(`X-Auth-Token: ${token}\r\n`))
    expect(await client.until('x-forwarded-for":"')).toContain('"x-forwarded-for":"203.0.113.5"')
  }
})
