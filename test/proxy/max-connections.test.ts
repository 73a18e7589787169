import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { UpstreamOptions } from '../../src/upstream/index.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'
import type { Rig } from '../helpers/proxy-rig.ts'
import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { openWebSocket, SWITCHING, HANDSHAKE } from '../helpers/websocket.ts'

const HOST = 'Host: gw.test\r\n'

const answer: RequestListener = (request, response) => {
  if (request.url !== '/events') {
    response.end('ok')
    return
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  response.write('data: first\n\n')
}

/** Accepts WebSockets, but never answers those at `/slow`. */
function upgrade({ url, socket }: IncomingMessage): void {
  socket.on('error', () => {})
  if (url !== '/slow') socket.write(`${SWITCHING}\r\n`)
}

async function listen(server: Server, place: string | number): Promise<void> {
  server.on('upgrade', upgrade)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) =>
    typeof place === 'string'
      ? server.listen(place, resolve)
      : server.listen(place, '127.0.0.1', resolve),
  )
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

const KINDS: Record<string, () => Promise<UpstreamOptions>> = {
  async http() {
    const server = createServer(answer)
    await listen(server, 0)
    return { urls: [`http://127.0.0.1:${portOf(server)}`] }
  },
  async unix() {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-socket-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'app.sock')
    await listen(createServer(answer), path)
    return { urls: [`unix://${path}`] }
  },
  async https() {
    const { cert, key } = selfSigned('upstream', 'IP:127.0.0.1')
    const server = createTlsServer({ cert, key }, answer)
    await listen(server, 0)
    return { urls: [`https://127.0.0.1:${portOf(server)}`], tls: { ca: cert.toString() } }
  },
}

const kinds = Object.keys(KINDS).filter((kind) => kind !== 'https' || hasOpenssl())

describe.each(kinds)('all connections to an upstream over %s', (kind) => {
  async function start(connectMs: number) {
    const warnings: unknown[] = []
    const silent = (): void => {}
    const upstream = await KINDS[kind]?.()
    if (upstream === undefined) throw new Error(`there is no ${kind}`)
    const rig = await startRig(
      [
        {
          path: '/**',
          upstream: { ...upstream, maxConnections: 1 },
          policy: { token: 'none' },
          timeouts: { connectMs },
        },
      ],
      {
        logger: {
          debug: silent,
          info: silent,
          warn: (facts) => void warnings.push(facts),
          error: silent,
        },
      },
    )
    return { rig, warnings }
  }

  const openStream = async ({ port }: Rig) => {
    const client = await openRawClient(port)
    client.send(`GET /events HTTP/1.1\r\n${HOST}\r\n`)
    await client.until('data: first\n\n')
    return client
  }

  const ask = async ({ port }: Rig, request = 'GET /x') => {
    const client = await openRawClient(port)
    client.send(`${request} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
    return client
  }

  test('may be held by event streams; others are told 504, and the log the setting', async () => {
    const { rig, warnings } = await start(300)
    await openStream(rig)
    const clients = [await ask(rig), await ask(rig, 'POST /x')]
    for (const client of clients) expect(readResponse(await client.closed()).status).toBe(504)
    expect(warnings).toHaveLength(1) // strangers can cause it, so it is limited
    for (const warning of warnings) {
      expect(warning).toMatchObject({
        cause: 'ERR_UPSTREAM_BUSY',
        reason: expect.stringContaining('maxConnections: 1'),
      })
    }
    expect(rig.up()).toEqual([true])
  })

  test('are there for those that wait when the stream ends', async () => {
    const { rig } = await start(20_000)
    const stream = await openStream(rig)
    const clients = [await ask(rig), await ask(rig, 'POST /x')]
    stream.socket.resetAndDestroy()
    for (const client of clients) expect(readResponse(await client.closed()).status).toBe(200)
  })

  test('are not those of WebSockets, be they open or asked for', async () => {
    const { rig } = await start(20_000)
    const open = [
      await openWebSocket(rig.port, HOST),
      await openWebSocket(rig.port, HOST),
      await openWebSocket(rig.port, HOST),
    ]
    const slow = await openRawClient(rig.port)
    slow.send(`GET /slow HTTP/1.1\r\n${HOST}${HANDSHAKE}\r\n`)
    expect(readResponse(await (await ask(rig)).closed()).status).toBe(200)
    await openStream(rig)
    expect(open.every((socket) => socket.isOpen())).toBe(true)
    expect(slow.received()).toBe('')
  })
})
