import { request } from 'node:https'

import { describe, expect } from 'vitest'

import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import type { FrontProxyName } from '../helpers/front-proxy.ts'
import { isInstalled, shipped, startFrontProxy } from '../helpers/front-proxy.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'

const FILES: readonly [FrontProxyName, string, Readonly<Record<string, string>>][] = [
  [
    'nginx',
    'nginx/reverse-proxy.conf',
    { '/etc/nginx/tls/fullchain.pem': 'DIR/cert.pem', '/etc/nginx/tls/privkey.pem': 'DIR/key.pem' },
  ],
  ['haproxy', 'haproxy/reverse-proxy.cfg', { '/etc/haproxy/tls.pem': 'DIR/both.pem' }],
  [
    'caddy',
    'caddy/reverse-proxy.Caddyfile',
    { '/etc/caddy/tls/fullchain.pem': 'DIR/cert.pem', '/etc/caddy/tls/privkey.pem': 'DIR/key.pem' },
  ],
  [
    'apache',
    'apache/reverse-proxy.conf',
    {
      '/etc/apache2/tls/fullchain.pem': 'DIR/cert.pem',
      '/etc/apache2/tls/privkey.pem': 'DIR/key.pem',
    },
  ],
]

describe.each(FILES.filter(([name]) => isInstalled(name)))(
  '%s in front of onegate',
  (name, file, certs) => {
    tlsTest(
      'ends TLS, passes what onegate says, and no client has its way with the identity',
      async () => {
        const { gateway, onezone, upstream, token } = await startGatewayRig({
          yaml: (url) =>
            `trustedProxies: [127.0.0.1]\nroutes: [{ path: '/**', upstream: '${url}' }]`,
        })
        const authority = createAuthority('front')
        const { cert, key } = authority.issue('front')
        const front = await startFrontProxy(
          name,
          shipped(file),
          {
            '127.0.0.1:8080': `127.0.0.1:${new URL(gateway.url).port}`,
            '127.0.0.1:8443': 'FRONT',
            ...certs,
          },
          { 'cert.pem': cert, 'key.pem': key, 'both.pem': cert + key },
        )
        const get = (path: string, headers: Record<string, string>) =>
          new Promise<{ status: number; body: string }>((resolve, reject) => {
            const options = { host: '127.0.0.1', port: front, path, headers, ca: authority.cert }
            request({ ...options, agent: false }, (answer) => {
              let body = ''
              answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
              answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
            })
              .on('error', reject)
              .end()
          })

        const refused = await get('/a', { 'X-Onedata-Subject-Id': 'root' })
        expect(refused.status).toBe(401)
        expect(refused.body).toContain('credentials_missing')
        expect(upstream.seen).toEqual([])

        const passed = await get('/a%20b%2Fc?d=%2F', {
          'X-Auth-Token': token,
          'X-Forwarded-For': '6.6.6.6',
          'X-Onedata-Subject-Id': 'root',
          X_Onedata_Subject_Id: 'root',
          Connection: 'close, X-Onedata-Subject-Id, X-Forwarded-For',
        })
        expect(passed.status).toBe(200)
        const [seen] = upstream.seen
        expect(seen?.url).toBe('/a%20b%2Fc?d=%2F')
        expect(seen?.headers).toMatchObject({
          'x-onedata-subject-id': 'alice',
          'x-forwarded-proto': 'https',
          'x-real-ip': '127.0.0.1',
        })
        expect(JSON.stringify(seen)).not.toContain('root')
        expect(JSON.stringify(seen)).not.toContain(token)

        const elsewhere = onezone.createTemporaryToken({
          subject: { type: 'user', id: 'alice' },
          caveats: [{ type: 'ip', whitelist: ['6.6.6.6/32'] }],
        })
        expect(
          (await get('/a', { 'X-Auth-Token': elsewhere, 'X-Forwarded-For': '6.6.6.6' })).status,
        ).toBe(401)
        expect(upstream.seen).toHaveLength(1)
      },
    )
  },
)
