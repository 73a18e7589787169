import { writeFile } from 'node:fs/promises'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { GatewayConfig } from '../../src/config/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { shownConfig } from '../../src/config/shown-config.ts'
import { createGateway } from '../../src/gateway/index.ts'
import { inOneGo } from '../../src/slices.ts'
import type { State } from '../../src/state/index.ts'
import { directoryWith, SERVICE_TOKEN } from '../config/config-directory.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { ADMIN_TOKEN, startAdminRig } from './admin-rig.ts'

describe('GET /state', () => {
  test('says how the gateway is, in one document', async () => {
    const { gateway, use, token } = await startAdminRig()
    await use(token)
    await use('nonsense')
    const response = await fetch(`${gateway.adminUrl}/state`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const state = (await response.json()) as State
    expect(state).toMatchObject({
      ready: true,
      unreadiness: null,
      health: 'good',
      workers: null,
      verifier: { backend: 'onezone', breaker: 'closed', calls: { ok: 1, refused: 0, fault: 0 } },
      verdicts: { granted: 1, violations: 0, staleness: { boundMs: 10_000 } },
      samples: { intervalMs: 5_000 },
      reload: { last: null },
    })
    expect(state.signs.map(({ name }) => name)).toEqual([
      'gateway',
      'verifier',
      'watch',
      'store',
      'upstreams',
      'settings',
      'certificate',
      'reload',
    ])
    expect(state.routes.find(({ id }) => id === 'api')).toMatchObject({
      path: '/api/**',
      token: 'access',
      requests: 2,
      status4xx: 1,
      refusals: { token_malformed: 1 },
    })
    // What the client sent as text is not in it: neither path nor subject.
    expect(Object.keys(state.refusals?.[0] ?? {}).sort()).toEqual(
      'caveat client code count fingerprint lastAt requestId route status'.split(' '),
    )
    expect(JSON.stringify(state)).not.toContain(token.slice(-40))
  })

  test('is computed once for all who look within a second, and not sent to who has it', async () => {
    const { gateway } = await startAdminRig()
    const first = await fetch(`${gateway.adminUrl}/state`)
    const tag = first.headers.get('etag') ?? ''
    const again = await fetch(`${gateway.adminUrl}/state`, { headers: { 'If-None-Match': tag } })
    // On a loaded machine a second may have passed.
    expect([again.status, again.headers.get('etag') === tag]).toEqual(
      again.status === 304 ? [304, true] : [200, false],
    )
  })

  test('stands behind the guard, as the orders do', async () => {
    const { gateway, post } = await startAdminRig({ adminToken: ADMIN_TOKEN })
    expect((await fetch(`${gateway.adminUrl}/state`)).status).toBe(401)
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
    expect((await fetch(`${gateway.adminUrl}/state`, { headers })).status).toBe(200)
    // A name of somebody else's that leads here.
    expect((await post('/state', '', { Host: 'evil.example', ...headers }, 'GET')).status).toBe(403)
  })

  test('a reload that was refused is bad, says why, and is over when the file is mended', async () => {
    const { gateway, file } = await startAdminRig()
    const state = async (): Promise<State> =>
      (await fetch(`${gateway.adminUrl}/state`)).json() as Promise<State>
    const broken = await directoryWith({ 'onegate.yaml': 'routes: 7' })
    await gateway.reload(() => loadConfig({ file: `${broken}/onegate.yaml` }))
    await expect.poll(async () => (await state()).health).toBe('bad')
    const { reload } = await state()
    expect(reload.last).toMatchObject({ outcome: 'refused' })
    expect(reload.last?.problems.join()).toContain('routes')
    await gateway.reload(() => loadConfig({ file }))
    await expect.poll(async () => (await state()).health).toBe('good')
  })
})

test('says where each setting was given, and where it stands when the file has changed', async () => {
  const onezone = await startOnezone()
  const text = `onezone: { url: '${onezone.url}' }\nadminListen: 127.0.0.1:0\nlisten: 127.0.0.1:0\nupstream: http://127.0.0.1:9\n`
  const directory = await directoryWith({ 'onegate.yaml': text })
  const file = `${directory}/onegate.yaml`
  const load = () => loadConfig({ file, env: { ONEGATE_LOG_LEVEL: 'error' } })
  const gateway = await createGateway(await load())
  onTestFinished(() => gateway.close())
  const origins = async () =>
    ((await (await fetch(`${gateway.adminUrl}/state`)).json()) as State).origins
  expect(await origins()).toEqual({
    'verifier.url': `${file}:1`,
    adminListen: `${file}:2`,
    listen: `${file}:3`,
    'routes[0].upstream.urls': `${file}:4`,
    'log.level': 'ONEGATE_LOG_LEVEL',
  })
  await writeFile(file, `# all is the same, two lines further down\n\n${text}`)
  expect(await gateway.reload(load)).toBe('unchanged')
  await expect.poll(async () => (await origins())?.['verifier.url']).toBe(`${file}:3`)
  await writeFile(file, `realm: 7\n${text}`)
  expect(await gateway.reload(load)).toBe('refused')
  await expect.poll(async () => (await origins())?.['verifier.url']).toBe(`${file}:3`)
})

describe('adminPage', () => {
  const statusOfPage = async (adminPage: string, adminListen = '127.0.0.1:0'): Promise<number> => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const yaml = `adminListen: '${adminListen}'\nupstream: '${upstream.url}'\n${adminPage}`
    const gateway = await startGateway({ onezoneUrl: onezone.url, yaml })
    const { port } = new URL(gateway.adminUrl)
    return (await fetch(`http://127.0.0.1:${port}/`)).status
  }

  test('the page is there on a loopback address, unless it is said that it is not', async () => {
    expect(await statusOfPage('')).toBe(200)
    expect(await statusOfPage('adminPage: false')).toBe(404)
    expect(await statusOfPage('adminPage: true')).toBe(200)
  })

  test('refusals are left out where that is wanted', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const yaml = `upstream: '${upstream.url}'\nadminPage: { refusals: false }`
    const gateway = await startGateway({ onezoneUrl: onezone.url, yaml })
    expect((await fetch(gateway.url)).status).toBe(401)
    const state = (await (await fetch(`${gateway.adminUrl}/state`)).json()) as State
    expect(state.refusals).toBeNull()
    expect((await fetch(`${gateway.adminUrl}/`)).status).toBe(200)
  })

  test('its files come with a policy that lets nothing else in, and by name only', async () => {
    const { gateway } = await startAdminRig()
    for (const path of ['/', '/page/page.css', '/page/main.js']) {
      const { status, headers } = await fetch(gateway.adminUrl + path)
      expect([status, headers.get('x-content-type-options')], path).toEqual([200, 'nosniff'])
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'/,
      )
      expect(headers.get('set-cookie')).toBeNull()
    }
    for (const path of ['/page/..%2fcli%2fmain.js', '/page/none.js', '/page/']) {
      expect((await fetch(gateway.adminUrl + path)).status, path).toBe(404)
    }
  })
})

test('a configuration is shown without its secrets, whatever they are called', async () => {
  const directory = await directoryWith({
    'service.token': SERVICE_TOKEN,
    'watch.token': 'the-watch-token-of-somebody',
    'admin.token': ADMIN_TOKEN,
    'onegate.yaml': `
      onezone: { url: 'https://onezone.example.org', serviceTokenFile: service.token, watchTokenFile: watch.token }
      adminTokenFile: admin.token
      routes: [{ path: /**, token: identity, upstream: 'http://127.0.0.1:3000' }]`,
  })
  const config = await loadConfig({ file: `${directory}/onegate.yaml` })
  const later = {
    ...config,
    store: { url: 'redis://user:pass-word@store.example.org:6379', password: 'pass-word' },
    assertion: {
      issuer: 'https://gateway.example.org',
      keys: ['-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----'],
      keysLast: true,
      lifeMs: 10_000,
    },
    odd: { note: SERVICE_TOKEN },
  } as object as GatewayConfig
  const shown = JSON.stringify(inOneGo(shownConfig(later)))
  for (const secret of [SERVICE_TOKEN, 'the-watch-token', ADMIN_TOKEN, 'pass-word', 'MIGH']) {
    expect(shown).not.toContain(secret)
  }
  expect(inOneGo(shownConfig(later))).toMatchObject({
    adminToken: '•••',
    verifier: { url: 'https://onezone.example.org', serviceToken: '•••', watchToken: '•••' },
    routes: [{ token: 'identity', forwardToken: false }],
    store: { url: 'redis://•••:•••@store.example.org:6379' },
  })
})
