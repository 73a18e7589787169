import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createGateway } from '../../src/gateway/index.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'

tlsTest(
  'the door speaks TLS, and only to those who show a certificate of its authority',
  async () => {
    const authority = createAuthority('proxies')
    const stranger = createAuthority('strangers').issue('127.0.0.1')
    const { directory, load, token } = await startForwardAuthRig()
    const own = authority.issue('127.0.0.1')
    const file = (name: string, text: string) => {
      writeFileSync(join(directory, name), text)
      return name
    }
    const yaml = `trustedProxies: [127.0.0.1]
reload: { intervalMs: 100 }
forwardAuth:
  listen: 127.0.0.1:0
  tls:
    certFile: ${file('cert.pem', own.cert)}
    keyFile: ${file('key.pem', own.key)}
    clientCaFile: ${file('ca.pem', authority.cert)}
routes: [{ path: /** }]
`
    const gateway = await createGateway(await load(yaml))
    onTestFinished(() => gateway.close())
    const url = new URL(gateway.forwardAuthUrl ?? '')
    expect(url.protocol).toBe('https:')
    const [path, fields] = describeRequest('caddy')
    const ask = (identity?: { readonly cert: string; readonly key: string }) =>
      new Promise<{ status: number; serial: string }>((resolve, reject) => {
        get(
          {
            host: url.hostname,
            port: url.port,
            path,
            ca: authority.cert,
            agent: false,
            headers: ['Host', 'door', ...fields, 'X-Auth-Token', token],
            ...identity,
          },
          (answer) => {
            answer.resume()
            const socket = answer.socket as import('node:tls').TLSSocket
            const serial = socket.getPeerX509Certificate()?.serialNumber ?? ''
            resolve({ status: answer.statusCode ?? 0, serial })
          },
        ).on('error', reject)
      })
    const proxy = authority.issue('proxy')
    const first = await ask(proxy)
    expect(first.status).toBe(200)
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    const ends = /^onegate_tls_certificate_expiry_seconds\{listener="forward_auth"\} (\S+)$/m.exec(
      metrics,
    )
    expect(Number(ends?.[1])).toBe(Date.parse(new X509Certificate(own.cert).validTo) / 1000)
    await expect(ask()).rejects.toThrow()
    await expect(ask(stranger)).rejects.toThrow()
    await expect
      .poll(async () => (await fetch(`${gateway.adminUrl}/metrics`)).text())
      .toMatch(/^onegate_tls_handshake_failures_total [1-9]/m)

    // The files are watched as those of the traffic listener are.
    const next = authority.issue('127.0.0.1')
    file('cert.pem', next.cert)
    file('key.pem', next.key)
    await gateway.reload(() => load(yaml))
    const second = await ask(proxy)
    expect(second.status).toBe(200)
    expect(second.serial).not.toBe(first.serial)
  },
)

test('a question has an id: that of the front proxy, or a new one, in the answer and in the body of a refusal', async () => {
  const { ask, token } = await startForwardAuthRig()
  const [path, fields] = describeRequest('caddy')
  const granted = await ask(path, [...fields, 'X-Auth-Token', token, 'X-Request-Id', 'from-caddy'])
  expect(granted.headers['x-request-id']).toBe('from-caddy')
  const refused = await ask(path, [...fields, 'X-Request-Id', 'from-caddy-2'])
  expect(refused.headers['x-request-id']).toBe('from-caddy-2')
  expect(refused.body).toContain('"requestId":"from-caddy-2"')
  const anew = await ask(path, fields)
  expect(anew.headers['x-request-id']).toMatch(/^[0-9a-f]{12}-\w+$/)
})

test('settings of the door that make no sense are found by the check', async () => {
  const { load } = await startForwardAuthRig()
  const problemsOf = async (forwardAuth: string) =>
    String(
      await load(
        `trustedProxies: [127.0.0.1]\nforwardAuth: ${forwardAuth}\nroutes: [{ path: /** }]\n`,
      ).catch((error: unknown) => error),
    )
  expect(await problemsOf(`{ listen: '127.0.0.1:1', grpcListen: '127.0.0.1:1' }`)).toContain(
    'forwardAuth.grpcListen: is the same as "forwardAuth.listen"',
  )
  expect(await problemsOf(`{ listen: '127.0.0.1:1', introspection: { clients: [] } }`)).toContain(
    'forwardAuth.introspection.clients: is empty',
  )
  expect(
    await problemsOf(
      `{ listen: '127.0.0.1:1', introspection: { clients: [{ id: a, secretFile: none }] } }`,
    ),
  ).toContain('clients[0].secretFile: names a file that does not exist')
  expect(
    await problemsOf(`{ listen: '127.0.0.1:1', tls: { certFile: none, keyFile: none } }`),
  ).toContain('forwardAuth.tls.certFile: names a file that')
})
