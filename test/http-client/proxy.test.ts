import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

import { describe, expect, onTestFinished, test } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import { proxyFor } from '../../src/http-client/index.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'

/** A proxy that connects to one server whatever it is asked for, and the heads that it got. */
async function startProxy(target: string, status = 200) {
  const asked: IncomingMessage[] = []
  const sockets: Duplex[] = []
  const { url, server } = await startHttpServer((_request, response) => response.end())
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    asked.push(request)
    client.on('error', () => {})
    if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    const { hostname, port } = new URL(target)
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.destroy())
    sockets.push(client, upstream)
  })
  // The server has let go of them.
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  return { url, asked }
}

describe('a client with a proxy', () => {
  test('reaches its server through it, and tells it who it is', async () => {
    const onezone = await startOnezone()
    const { url, asked } = await startProxy(onezone.url)
    const proxy = url.replace('http://', 'http://user:p%40ss@')
    const client = createOnezoneClient({
      url: 'http://onezone.localhost',
      allowInsecureHttp: true,
      proxy,
    })
    onTestFinished(() => client.close())
    const token = onezone.createTemporaryToken({ subject: ALICE })
    for (let i = 0; i < 2; i++) {
      await expect(client.verifyAccessToken({ token, peerIp: null })).resolves.toBeDefined()
    }
    expect(new Set(asked.map(({ url: target }) => target))).toEqual(
      new Set(['onezone.localhost:80']),
    )
    expect(asked[0]?.headers['proxy-authorization']).toBe(
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    )
    expect(onezone.calls().verifyAccessToken).toBe(2)
  })

  test.each([
    ['refuses', 407, 'the proxy answered 407'],
    ['is not there', 0, 'ECONNREFUSED'],
  ])('names one that %s, and none of its credentials', async (_, status, reason) => {
    const { url } = await startProxy('http://127.0.0.1:9', status || 200)
    const proxy = new URL(status === 0 ? 'http://127.0.0.1:9' : url)
    Object.assign(proxy, { username: 'user', password: 'secret' })
    const client = createOnezoneClient({ url: 'https://onezone.example.org', proxy: proxy.href })
    onTestFinished(() => client.close())
    const error: unknown = await client
      .verifyAccessToken({ token: 'MDAx', peerIp: null })
      .catch((reason_: unknown) => reason_)
    expect(String(error)).toContain(`https://onezone.example.org through the proxy ${proxy.origin}`)
    expect(String(error)).toContain(reason)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)).not.toContain(
      'secret',
    )
  })

  test.each(['ftp://a', 'http://a/path', 'nonsense with blanks'])('cannot have %j', (proxy) => {
    const make = () => createOnezoneClient({ url: 'https://onezone.example.org', proxy })
    expect(make).toThrow('"proxy" must be the URL of an HTTP proxy')
    expect(make).not.toThrow(proxy)
  })
})

describe('the proxy of the environment', () => {
  const HTTPS = { HTTPS_PROXY: 'http://p:3128', HTTP_PROXY: 'http://q:3128' }
  test.each([
    ['https://onezone.example.org', HTTPS, 'http://p:3128'],
    ['http://onezone.localhost', HTTPS, 'http://q:3128'],
    ['https://onezone.example.org', { https_proxy: 'low:1', ...HTTPS }, 'low:1'],
    ['https://onezone.example.org', {}, undefined],
    ['https://onezone.example.org', { HTTPS_PROXY: '' }, undefined],
    ['https://127.0.0.1', HTTPS, undefined],
    ['https://localhost:8443', HTTPS, undefined],
    ['https://[::1]', HTTPS, undefined],
    ['https://onezone.example.org', { ...HTTPS, NO_PROXY: '*' }, undefined],
    ['https://onezone.example.org', { ...HTTPS, NO_PROXY: 'a, example.org' }, undefined],
    ['https://onezone.example.org', { ...HTTPS, NO_PROXY: '.example.org' }, undefined],
    ['https://onezone.example.org', { ...HTTPS, NO_PROXY: '*.EXAMPLE.org' }, undefined],
    ['https://onezone.example.org', { ...HTTPS, no_proxy: 'onezone.example.org:443' }, undefined],
    [
      'https://onezone.example.org',
      { ...HTTPS, NO_PROXY: 'onezone.localhost:80' },
      HTTPS.HTTPS_PROXY,
    ],
    ['https://onezone.example.org', { ...HTTPS, NO_PROXY: 'zone.example.org' }, HTTPS.HTTPS_PROXY],
    ['https://10.1.2.3', { ...HTTPS, NO_PROXY: '10.0.0.0/8' }, undefined],
    ['https://11.1.2.3', { ...HTTPS, NO_PROXY: '10.0.0.0/8,1.2.3' }, HTTPS.HTTPS_PROXY],
    ['https://[fd00::1]', { ...HTTPS, NO_PROXY: 'fd00::/8' }, undefined],
  ])('for %s with %j is %s', (url, variables, expected) => {
    expect(proxyFor(url, variables)?.url).toBe(expected)
  })

  test('is that of a configuration; what is none is told with its variable', async () => {
    const text = 'onezone: { url: "https://o.example" }\nupstream: http://127.0.0.1:1\n'
    const directory = await directoryWith({ 'c.yaml': text })
    const load = (HTTPS_PROXY: string) =>
      loadConfig({ file: `${directory}/c.yaml`, env: { HTTPS_PROXY } })
    expect((await load('proxy:3128')).verifier.proxy).toBe('http://proxy:3128/')
    await expect(load('socks5://user:secret@p')).rejects.toThrow(
      /^HTTPS_PROXY: must be the URL of an HTTP proxy, e\.g\. http:\/\/proxy\.example\.org:3128$/,
    )
  })
})
