import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { send, startApp, values } from '../helpers/front-app.ts'
import { isInstalled, shipped, startFrontProxy } from '../helpers/front-proxy.ts'
import { ALICE } from '../helpers/onezone.ts'

const MODULES = '/usr/lib/apache2/modules'
const LOADED = ['authn_core', 'authz_user', 'auth_openidc']
  .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so\n`)
  .join('')
const SECRET = 'a-secret-of-twenty-characters'

const isHere = isInstalled('apache') && existsSync(`${MODULES}/mod_auth_openidc.so`)

const openidcTest: typeof test = isHere ? tlsTest : (test.skip as typeof test)

openidcTest(
  'F-31: mod_auth_openidc lets a token pass that introspection says is good, and no more once it was revoked',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-openidc-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const authority = createAuthority('introspection')
    const { cert, key } = authority.issue('127.0.0.1')
    const files = { 'cert.pem': cert, 'key.pem': key, secret: SECRET }
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(directory, name), text, { mode: 0o600 })
    }
    const { onezone, port, token } = await startForwardAuthRig('routes: [{ path: /** }]\n', {
      more: `verdicts: { maxStalenessMs: 3000 }
forwardAuth:
  listen: 127.0.0.1:0
  introspection: { clients: [{ id: apache, secretFile: '${directory}/secret' }] }
  tls: { certFile: '${directory}/cert.pem', keyFile: '${directory}/key.pem' }
`,
    })
    const app = await startApp()
    const front = await startFrontProxy(
      'apache',
      LOADED + shipped('apache/introspection.conf'),
      {
        '127.0.0.1:8080': 'FRONT',
        '127.0.0.1:8181': `127.0.0.1:${port}`,
        '127.0.0.1:3000': `127.0.0.1:${app.port}`,
        '/etc/apache2/tls/onegate-ca.pem': 'DIR/ca.pem',
        'change-me-to-the-secret': SECRET,
      },
      { 'ca.pem': authority.cert },
    )
    const get = (fields: readonly string[]) => send(front, 'GET /a', fields)
    const good = `Authorization: Bearer ${token}`
    expect((await get([])).status).toBe(401)
    expect((await get(['Authorization: Bearer bad'])).status).toBe(401)
    expect(app.seen).toEqual([])

    for (let i = 0; i < 3; i++) {
      expect((await get([good, 'X-Remote-User: root', 'OIDC_access_token: x'])).status).toBe(200)
    }
    expect(app.seen).toHaveLength(3)
    for (const seen of app.seen) {
      expect(values(seen, 'x-remote-user')).toEqual([`usr-${ALICE.id}`])
      expect(JSON.stringify(seen.fields)).not.toContain(token)
    }

    onezone.revokeTemporaryTokens(ALICE)
    await expect.poll(async () => (await get([good])).status, { timeout: 30_000 }).toBe(401)
    const { length } = app.seen
    expect((await get([good])).status).toBe(401)
    expect(app.seen).toHaveLength(length)
  },
)
