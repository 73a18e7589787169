import { once } from 'node:events'
import { symlinkSync, unlinkSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { connect } from 'node:tls'

import { describe, expect, onTestFinished } from 'vitest'

import { silentLogger } from '../../src/logger.ts'
import type { Authority } from '../helpers/certificates.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import { readBody } from '../helpers/http-server.ts'
import { startTls } from '../helpers/tls-gateway.ts'

/** Shakes hands; a string is the code of what went wrong until the connection was of use. */
async function shakeHands(options: ConnectionOptions): Promise<TLSSocket | string> {
  const socket = connect({ host: '127.0.0.1', ...options })
  onTestFinished(() => void socket.destroy())
  try {
    await once(socket, 'secureConnect')
    // With TLS 1.3 a client hears only afterwards that its certificate was refused.
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await Promise.race([
      once(socket, 'data'),
      once(socket, 'close').then(() =>
        Promise.reject(Object.assign(new Error(), { code: 'CLOSED' })),
      ),
    ])
    return socket
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

async function serialOf(port: number, authority: Authority): Promise<string | undefined> {
  const socket = await shakeHands({ port, ca: authority.cert })
  return typeof socket === 'string' ? socket : socket.getPeerX509Certificate()?.serialNumber
}

async function get(url: string, options: ConnectionOptions): Promise<string> {
  const sent = request(url, { ...options, agent: false }).end()
  const [response] = (await once(sent, 'response')) as Parameters<typeof readBody>
  return readBody(response)
}

describe('a TLS listener', () => {
  tlsTest('carries requests, and tells the upstream that they came by https', async () => {
    const authority = createAuthority('a')
    const { gateway, upstream } = await startTls(authority.issue('gateway'))
    expect(gateway.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    await get(`${gateway.url}/x`, { ca: authority.cert })
    expect(upstream.seen[0]?.headers['x-forwarded-proto']).toBe('https')
  })

  tlsTest(
    'S-193 S-262 speaks TLS 1.2 and 1.3 and nothing older, and HTTP/1.1 and nothing newer',
    async () => {
      const authority = createAuthority('a')
      const { port } = await startTls(authority.issue('gateway'))
      const spoken = async (options: ConnectionOptions) => {
        const socket = await shakeHands({ port, ca: authority.cert, ...options })
        return typeof socket === 'string'
          ? socket
          : `${socket.getProtocol()} ${socket.alpnProtocol}`
      }
      expect(await spoken({})).toBe('TLSv1.3 false')
      expect(await spoken({ ALPNProtocols: ['h2', 'http/1.1'] })).toBe('TLSv1.3 http/1.1')
      expect(await spoken({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 false')
      expect(await spoken({ ALPNProtocols: ['h2'] })).toMatch(/^ERR_SSL_|^ECONNRESET/)
      const old = {
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      } as const
      expect(await spoken(old)).toMatch(/^ERR_SSL_|^ECONNRESET/)
    },
  )

  tlsTest('S-195 drains although somebody never finishes the handshake', async () => {
    const { port, gateway } = await startTls(createAuthority('a').issue('gateway'), {
      more: 'shutdown: { drainMs: 25000 }\n',
    })
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    socket.write(Buffer.from([0x16, 0x03, 0x01]))
    await Promise.all([gateway.close(), new Promise((resolve) => socket.once('close', resolve))])
  })

  tlsTest('shows a new certificate when its files change, on new connections only', async () => {
    const authority = createAuthority('a')
    const { port, replace, gateway } = await startTls(authority.issue('gateway', { days: 2 }))
    const open = await shakeHands({ port, ca: authority.cert })
    const first = await serialOf(port, authority)
    const expiry = async () => {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
      return Number(
        /^onegate_tls_certificate_expiry_seconds\{listener="traffic"\} (\S+)$/m.exec(text)?.[1],
      )
    }
    const endsInDays = async () => Math.round(((await expiry()) - Date.now() / 1000) / 86_400)
    expect(await endsInDays()).toBe(2)
    replace(authority.issue('gateway', { days: 30 }))
    await eventually(async () => (await serialOf(port, authority)) !== first)
    await eventually(async () => (await endsInDays()) === 30)
    if (typeof open === 'string') return expect.unreachable(open)
    open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(String(await once(open, 'data'))).toMatch(/^HTTP\/1\.1 200/)
  })

  tlsTest('follows a symbolic link that is replaced, as Kubernetes does it', async () => {
    const authority = createAuthority('a')
    const { port, directory, write } = await startTls(authority.issue('gateway'))
    const first = await serialOf(port, authority)
    const { cert, key } = authority.issue('gateway')
    write('next-cert.pem', cert)
    write('next-key.pem', key)
    for (const name of ['cert.pem', 'key.pem']) {
      unlinkSync(join(directory, name))
      symlinkSync(`next-${name}`, join(directory, name))
    }
    await eventually(async () => (await serialOf(port, authority)) !== first)
  })

  tlsTest('S-196 keeps the last good pair, and says what is wrong with the new one', async () => {
    const lines: unknown[][] = []
    const logger = { ...silentLogger, error: (...line: unknown[]) => void lines.push(line) }
    const authority = createAuthority('a')
    const { port, write, replace, gateway, load } = await startTls(authority.issue('gateway'), {
      logger,
    })
    const first = await serialOf(port, authority)
    const said = async (message: string): Promise<void> => {
      await eventually(() => lines.some((line) => String(line[1]).includes(message)))
      lines.length = 0
    }
    write('key.pem', authority.issue('somebody else').key)
    await said('tls.keyFile names a file whose key does not belong to the certificate of certFile')
    write('cert.pem', 'nonsense')
    await said('tls.certFile names a file that holds no PEM certificates')
    expect(await gateway.reload(load)).toBe('refused')
    expect(await serialOf(port, authority)).toBe(first)
    const next = authority.issue('gateway')
    replace(next)
    await eventually(async () => (await serialOf(port, authority)) !== first)
    expect(JSON.stringify(lines)).not.toContain(next.key.slice(40, 80))
  })
})

describe('with client certificates', () => {
  tlsTest('required, nobody passes without a valid one', async () => {
    const [authority, clients] = [createAuthority('a'), createAuthority('clients')]
    const { port, upstream } = await startTls(authority.issue('gateway'), {
      clientCa: clients.cert,
    })
    const asks = { port, ca: authority.cert }
    expect(await shakeHands(asks)).toBeTypeOf('string')
    expect(await shakeHands({ ...asks, ...authority.issue('client') })).toBeTypeOf('string')
    expect(await shakeHands({ ...asks, maxVersion: 'TLSv1.2' })).toBeTypeOf('string')
    expect(upstream.seen).toHaveLength(0)
    expect(await shakeHands({ ...asks, ...clients.issue('client') })).not.toBeTypeOf('string')
    expect(upstream.seen).toHaveLength(1)
  })

  tlsTest('requested, one that is not valid is worse than none', async () => {
    const [authority, clients] = [createAuthority('a'), createAuthority('clients')]
    const { port, upstream } = await startTls(authority.issue('gateway'), {
      clientCa: clients.cert,
      settings: 'clientAuth: request',
    })
    const asks = { port, ca: authority.cert }
    expect(await shakeHands({ ...asks, ...authority.issue('client') })).toBeTypeOf('string')
    expect(upstream.seen).toHaveLength(0)
    expect(await shakeHands(asks)).not.toBeTypeOf('string')
    expect(await shakeHands({ ...asks, ...clients.issue('client') })).not.toBeTypeOf('string')
    expect(upstream.seen).toHaveLength(2)
  })

  tlsTest(
    'S-191 an authority that is replaced is no longer believed, even in a resumed session',
    async () => {
      const [authority, before, after] = ['a', 'before', 'after'].map(createAuthority)
      if (!authority || !before || !after) return expect.unreachable()
      const { port, write, gateway } = await startTls(authority.issue('gateway'), {
        clientCa: before.cert,
      })
      const client = { port, ca: authority.cert, ...before.issue('client') }
      const socket = await shakeHands(client)
      if (typeof socket === 'string') return expect.unreachable(socket)
      const session = socket.getSession()
      write('ca.pem', after.cert)
      const newcomer = { port, ca: authority.cert, ...after.issue('client') }
      await eventually(async () => typeof (await shakeHands(newcomer)) !== 'string')
      expect(await shakeHands({ ...client, session })).toBeTypeOf('string')
      await gateway.close()
    },
  )
})
