import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import { startGateway } from '../helpers/gateway.ts'
import { temporaryDirectory } from '../helpers/programs.ts'
import { freePort, HAS_REDIS, startRedisServer } from '../helpers/redis-server.ts'
import { openReplicas, STORE_SECRET, storeUser } from '../helpers/replicas.ts'
import { startUpstream } from '../helpers/upstream.ts'

/** A real server that asks for a certificate of this authority, and shows one. */
async function startSecureServer() {
  const authority = createAuthority('store authority')
  const [server, client] = [authority.issue('store'), authority.issue('onegate')]
  const directory = temporaryDirectory('store-tls')
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  const port = await freePort()
  const files = [
    ['--tls-cert-file', file('cert.pem', server.cert)],
    ['--tls-key-file', file('key.pem', server.key)],
    ['--tls-ca-cert-file', file('ca.pem', authority.cert)],
  ].flat()
  const redis = await startRedisServer(
    ['--tls-port', String(port), '--tls-auth-clients', 'yes', ...files],
    storeUser(),
  )
  return { redis, url: `rediss://127.0.0.1:${port}`, authority, client }
}

describe.runIf(HAS_REDIS)('a store behind TLS', () => {
  tlsTest('is shared by those whose certificate it takes', async () => {
    const { url, authority, client } = await startSecureServer()
    const { a, b, status, calls, issue } = await openReplicas({
      place: [`url: '${url}'`, 'caFile: ca.pem', 'certFile: cert.pem', 'keyFile: key.pem'].join(
        '\n  ',
      ),
      files: { 'ca.pem': authority.cert, 'cert.pem': client.cert, 'key.pem': client.key },
    })
    // What was written to it before the other looks.
    await eventually(async () => {
      const token = issue()
      expect(await status(a, token)).toBe(200)
      const asked = calls()
      expect(await status(b, token)).toBe(200)
      return calls() === asked
    })
  })

  tlsTest.each([
    ['that is not of our authority', false, true],
    ['which asks for a certificate that there is none', true, false],
  ])('%s is not used, and no request fails', async (_, isTrusted, hasCert) => {
    const { url, authority, client, redis } = await startSecureServer()
    const { url: upstream } = await startUpstream()
    const another = createAuthority('another one')
    const own = hasCert ? 'certFile: cert.pem, keyFile: key.pem, ' : ''
    const gateway = await startGateway({
      onezoneUrl: 'http://127.0.0.1:9',
      yaml: `
routes: [{ path: /**, token: none, upstream: '${upstream}' }]
store: { url: '${url}', caFile: ca.pem, ${own}secretFile: secret }
`,
      files: {
        'ca.pem': (isTrusted ? authority : another).cert,
        'cert.pem': client.cert,
        'key.pem': client.key,
        secret: STORE_SECRET,
      },
    })
    const metrics = async (): Promise<string> => (await fetch(`${gateway.adminUrl}/metrics`)).text()
    await eventually(async () => /operation="time",outcome="error"/.test(await metrics()))
    expect((await fetch(gateway.url)).status).toBe(200)
    expect(await metrics()).toContain('onegate_store_up 0')
    expect(await redis.client.info('commandstats')).not.toMatch(/cmdstat_(time|get|mget|set):/)
  })
})
