import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

import { describe, expect, onTestFinished, test } from 'vitest'

import { eventually } from '../helpers/eventually.ts'
import { startRig, TOKEN } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'

const openssl = hasOpenssl() ? test : test.skip
const FIELDS = `Host: client.test:81\r\nX-Auth-Token: ${TOKEN}\r\n`

describe('the Host towards an upstream', () => {
  test.each([
    ['is the client’s', undefined, 'client.test:81'],
    ['is the client’s with client', 'client', 'client.test:81'],
    ['is its own with own', 'own', null],
    ['is the name that is given', 'app.example.org:8443', 'app.example.org:8443'],
  ])('%s', async (_title, host, expected) => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: { urls: [upstream.url], host } }])
    const client = await openRawClient(rig.port)
    client.send(`GET / HTTP/1.1\r\n${FIELDS}\r\n`)
    await client.until(/ok$/)
    const [request] = upstream.requests
    expect(request?.values('host')).toEqual([expected ?? `127.0.0.1:${upstream.port}`])
    expect(request?.values('x-forwarded-host')).toEqual(['client.test:81'])
  })

  test.each(['App.example.org', 'a b', 'a/b', 'http://a', 'a:b', '', 'a\r\nb'])(
    'cannot be %j',
    async (host) => {
      await expect(
        startRig([{ path: '/**', upstream: { urls: ['http://127.0.0.1:1'], host } }]),
      ).rejects.toThrow(/must be a host in lower case/)
    },
  )

  openssl.each(['client', 'own', 'other.test', undefined])(
    'over TLS is what %j says, but the name that is checked is the upstream’s in any case',
    async (host) => {
      const { cert, key } = selfSigned('app.test', 'DNS:app.test')
      const seen: { host: string | undefined; asked: string | false | undefined; path: string }[] =
        []
      const server = createServer({ cert, key }, (_incoming, outgoing) => outgoing.end('ok'))
      const note = (incoming: IncomingMessage): void => {
        const { servername } = incoming.socket as TLSSocket & {
          servername?: string | false
        }
        seen.push({ host: incoming.headers.host, asked: servername, path: incoming.url ?? '' })
      }
      server.on('request', note).on('upgrade', (incoming: IncomingMessage, socket) => {
        note(incoming)
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      const { port } = server.address() as AddressInfo
      const rig = await startRig([
        {
          path: '/**',
          upstream: {
            urls: [`https://127.0.0.1:${port}`],
            host,
            tls: { ca: cert.toString(), serverName: 'app.test' },
            healthCheck: { path: '/health', intervalMs: 100, host: 'health.test' },
          },
        },
      ])
      const client = await openRawClient(rig.port)
      client.send(`GET /x HTTP/1.1\r\n${FIELDS}\r\n`)
      await client.until(/ok$/)
      const other = await openRawClient(rig.port)
      other.send(
        `GET /ws HTTP/1.1\r\n${FIELDS}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      )
      await other.until('HTTP/1.1 403')
      await eventually(() => seen.some(({ path }) => path === '/health'))
      const expected = {
        client: 'client.test:81',
        own: `app.test:${port}`,
        'other.test': 'other.test',
      }[host ?? 'own']
      for (const { path, host: said, asked } of seen) {
        expect([path, said]).toEqual([path, path === '/health' ? 'health.test' : expected])
        expect(asked).toBe('app.test')
      }
      expect(new Set(seen.map(({ path }) => path)).size).toBe(3)
    },
  )
})

describe('the Host of a health check', () => {
  test.each([
    [{ host: 'app.example.org' }, 'app.example.org'],
    [{ host: 'app.example.org', check: 'health.example.org:1' }, 'health.example.org:1'],
    [{ host: 'client' }, null],
    [{}, null],
  ])('with %j', async ({ host, check }: { host?: string; check?: string }, expected) => {
    const upstream = await startRecordingUpstream()
    await startRig([
      {
        path: '/**',
        upstream: {
          urls: [upstream.url],
          host,
          healthCheck: { path: '/health', intervalMs: 100, host: check },
        },
      },
    ])
    await eventually(() => upstream.requests.length > 0)
    expect(upstream.requests[0]?.values('host')).toEqual([expected ?? `127.0.0.1:${upstream.port}`])
  })
})
