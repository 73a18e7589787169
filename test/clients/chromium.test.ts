import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { readBody, startHttpServer } from '../helpers/http-server.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { hasProgram, startProgram, temporaryDirectory } from '../helpers/programs.ts'
import { encodeFrame, TEXT } from '../helpers/websocket.ts'

const chromium = hasProgram('chromium', '--version') ? describe : describe.skip

/** Tries everything, and tells what came of it. */
const SCRIPT = `
  const { gateway, token } = JSON.parse(document.querySelector('#about').textContent)
  const said = {}
  const read = async (name, url, init) => {
    try {
      const response = await fetch(gateway + url, init)
      said[name] = [response.status, response.headers.get('www-authenticate') !== null, (await response.text()).slice(0, 400)]
    } catch (error) {
      said[name] = String(error)
    }
  }
  const event = () => new Promise((resolve) => {
    const source = new EventSource(gateway + '/events')
    source.onmessage = ({ data }) => { source.close(); resolve(data) }
    source.onerror = () => { source.close(); resolve('error') }
  })
  const speak = (protocols) => new Promise((resolve) => {
    const socket = new WebSocket(gateway.replace('http', 'ws') + '/live', protocols)
    socket.onmessage = ({ data }) => { resolve([socket.protocol, data]); socket.close() }
    socket.onerror = () => resolve('error')
  })
  const protocol = 'onedata.token.' + btoa(token).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
  const main = async () => {
    await read('good', '/api/x', { method: 'PUT', headers: { 'X-Auth-Token': token, 'Content-Type': 'text/plain' }, body: 'hi' })
    await read('bad', '/api/x', { headers: { 'X-Auth-Token': 'x' } })
    await read('closed', '/closed/x', { headers: { 'X-Auth-Token': token } })
    said.event = await event()
    said.live = await speak([protocol, 'chat'])
    said.stranger = await speak(['chat'])
    await fetch('/said', { method: 'POST', body: JSON.stringify(said) })
  }
  main()
`

chromium('Chromium', { timeout: 120_000 }, () => {
  test('may fetch across origins, gets events, and opens an authenticated WebSocket', async () => {
    const seen: string[] = []
    const api = createServer((request, response) => {
      seen.push(
        `${request.method} ${request.url} ${String(request.headers['x-onedata-subject-id'])}`,
      )
      if (request.url !== '/events') {
        void readBody(request).then((body) => response.end(`you said ${body}`))
        return
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: something happened\n\n')
    })
    const offered: (string | undefined)[] = []
    api.on('upgrade', (request, socket) => {
      offered.push(request.headers['sec-websocket-protocol'])
      seen.push(`WS ${request.url} ${String(request.headers['x-onedata-subject-id'])}`)
      const key = String(request.headers['sec-websocket-key'])
      const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
      const accept = createHash('sha1')
        .update(key + guid)
        .digest('base64')
      socket.on('error', () => {})
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`,
      )
      socket.write(encodeFrame(TEXT, 'welcome', false))
      socket.resume()
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      api.closeAllConnections()
      api.close()
    })
    const upstream = `http://127.0.0.1:${(api.address() as AddressInfo).port}`

    const onezone = await startOnezone()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    let tell: (said: Record<string, unknown>) => void = () => {}
    const told = new Promise<Record<string, unknown>>((resolve) => (tell = resolve))
    const page = await startHttpServer(async (request, response) => {
      if (request.url === '/said') {
        tell(JSON.parse(await readBody(request)) as Record<string, unknown>)
        response.end()
        return
      }
      response.writeHead(200, { 'Content-Type': 'text/html' })
      const about = JSON.stringify({ gateway: gateway.url, token })
      response.end(
        `<!doctype html><script id="about" type="application/json">${about}</script><script>${SCRIPT}</script>`,
      )
    })
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes:
  - { path: /api/**, cors: { origins: ['${page.url}'] }, upstream: '${upstream}' }
  - { path: /events, token: none, cors: { origins: ['${page.url}'] }, upstream: '${upstream}' }
  - { path: /live, credentials: [websocket-protocol], upstream: '${upstream}' }
  - { path: /closed/**, upstream: '${upstream}' }
`,
    })
    const home = temporaryDirectory('chromium')
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    startProgram('chromium', [...flags, `--user-data-dir=${home}/profile`, page.url], home)

    expect(await told).toEqual({
      good: [200, false, 'you said hi'],
      bad: [401, true, expect.stringContaining('"token_malformed"')],
      closed: 'TypeError: Failed to fetch',
      event: 'something happened',
      live: ['chat', 'welcome'],
      stranger: 'error',
    })
    expect(seen).toEqual(['PUT /api/x alice', 'GET /events ', 'WS /live alice'])
    expect(offered).toEqual(['chat'])
  })
})
