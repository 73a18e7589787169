import { describe, expect, test } from 'vitest'

import type { FaultRule } from '../../src/dev-onezone/index.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { withOneCharacterChanged } from '../helpers/tokens.ts'
import { startUpstream } from '../helpers/upstream.ts'

/** Embedded Onezone, recording upstream and gateway, all on real sockets. */
async function setUp(yaml?: (upstream: string) => string) {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const gateway = await startGateway(
    yaml === undefined
      ? { onezoneUrl: onezone.url, upstream: upstream.url }
      : { onezoneUrl: onezone.url, yaml: yaml(upstream.url) },
  )
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const verifyCalls = () => onezone.calls()['verifyAccessToken'] ?? 0
  const get = (path = '/', headers: Record<string, string> = { 'X-Auth-Token': token }) =>
    fetch(`${gateway.url}${path}`, { headers })
  return { onezone, upstream, gateway, token, verifyCalls, get }
}

describe('a request with a good token', () => {
  test('reaches the upstream with the identity and without the credential', async () => {
    const { upstream, token, get } = await setUp()
    const response = await get('/files/a?b=c', {
      Authorization: `Bearer ${token}`,
      'X-Onedata-Subject-Id': 'root',
      X_Onedata_Subject_Type: 'oneprovider',
      'X-Forwarded-For': '10.0.0.1',
    })
    expect(response.status).toBe(200)
    expect(upstream.seen).toHaveLength(1)
    const { url, headers } = upstream.seen[0]!
    expect(url).toBe('/files/a?b=c')
    expect(headers).toMatchObject({
      'x-onedata-subject-type': 'user',
      'x-onedata-subject-id': 'alice',
      'x-onedata-token-type': 'access',
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
    })
    expect(headers).not.toHaveProperty('authorization')
    expect(headers).not.toHaveProperty('x_onedata_subject_type')
    expect(JSON.stringify(upstream.seen)).not.toContain(token)
  })

  test('S-157 R-S3 is verified once; 500 at once make one call (herd)', async () => {
    // Longer than the busiest machine takes: the family is asked about anew in the background when its fact gets old.
    const { verifyCalls, upstream, get } = await setUp(
      (url) => `{ upstream: '${url}', verdicts: { maxStalenessMs: 300000 } }`,
    )
    const responses = await Promise.all(Array.from({ length: 500 }, () => get()))
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    await Promise.all(responses.map((response) => response.arrayBuffer()))
    expect(upstream.seen).toHaveLength(500)
    expect(verifyCalls()).toBe(1)
    await get()
    expect(verifyCalls()).toBe(1)
  })
})

describe('what is refused never reaches the upstream', () => {
  test('no token, a changed token, a token of another kind, garbage', async () => {
    const { onezone, upstream, token, get } = await setUp()
    const changed = withOneCharacterChanged(token)
    const identity = onezone.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } })
    const codeWith = async (headers: Record<string, string>) => {
      const response = await get('/', headers)
      const { code } = (await response.json()) as { code: string }
      return [response.status, code, response.headers.get('content-type')]
    }
    const problem = 'application/problem+json'
    expect(await codeWith({})).toEqual([401, 'credentials_missing', problem])
    expect(await codeWith({ 'X-Auth-Token': changed })).toEqual([401, 'token_invalid', problem])
    expect(await codeWith({ 'X-Auth-Token': identity })).toEqual([
      401,
      'token_type_mismatch',
      problem,
    ])
    expect(await codeWith({ 'X-Auth-Token': '%%%' })).toEqual([401, 'token_malformed', problem])
    expect(upstream.seen).toEqual([])
  })

  test('a blocked user', async () => {
    const { onezone, upstream, get } = await setUp()
    onezone.setUserBlocked('alice', true)
    const response = await get()
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'user_blocked' }])
    expect(upstream.seen).toEqual([])
  })
})

describe('while Onezone cannot say', () => {
  test.each<[string, Omit<FaultRule, 'operation'>]>([
    ['answers 500', { kind: 'status', status: 500 }],
    ['answers 401', { kind: 'status', status: 401 }],
    ['resets the connection', { kind: 'reset' }],
    ['hangs', { kind: 'hang' }],
    ['redirects', { kind: 'redirect', location: 'http://127.0.0.1:9/' }],
    ['answers garbage', { kind: 'garbage' }],
    ['breaks off', { kind: 'truncate' }],
  ] as [string, Omit<FaultRule, 'operation'>][])(
    'S-158 S-174 S-207 (it %s) the answer is 503, and not remembered',
    async (_title, fault) => {
      const { onezone, upstream, get } = await setUp()
      onezone.setFaults([{ operation: 'verifyAccessToken', ...fault } as FaultRule])
      const response = await get()
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ code: 'verifier_unavailable' })
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(response.headers.get('www-authenticate')).toBeNull()
      expect(upstream.seen).toEqual([])
      onezone.setFaults([])
      expect((await get()).status).toBe(200)
    },
  )
})

describe('routes', () => {
  const yaml = (upstream: string) => `
trustedProxies: [127.0.0.1]
routes:
  - { path: /public/**, token: none, upstream: '${upstream}' }
  - { path: /who/**, token: access, optional: true, upstream: '${upstream}', headers: { subjectId: X-Forwarded-User } }
  - { path: /data/**, upstream: '${upstream}', caveats: { data: delegate } }
  - { path: /provider/**, upstream: '${upstream}', subjects: { types: [oneprovider] } }
  - { path: /raw/**, upstream: '${upstream}', forwardToken: true }
`

  test('a public one asks nobody and states nobody', async () => {
    const { upstream, get, verifyCalls } = await setUp(yaml)
    expect((await get('/public/x', { 'X-Forwarded-User': 'root' })).status).toBe(200)
    expect(upstream.seen[0]?.headers).toMatchObject({ 'x-onedata-subject-id': '' })
    expect(upstream.seen[0]?.headers).not.toHaveProperty('x-forwarded-user')
    expect(verifyCalls()).toBe(0)
  })

  test('one that is optional states whoever comes, under the names that it chose', async () => {
    const { upstream, get, token } = await setUp(yaml)
    await get('/who/x', {})
    await get('/who/x', { 'X-Auth-Token': token })
    expect(upstream.seen.map(({ headers }) => headers['x-forwarded-user'])).toEqual(['', 'alice'])
    expect(upstream.seen[1]?.headers).not.toHaveProperty('x-onedata-subject-id')
  })

  test('one that delegates data caveats tells them to the upstream; another refuses them', async () => {
    const { onezone, upstream, get } = await setUp(yaml)
    const caveats = [{ type: 'data.readonly' as const }]
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    expect((await get('/data/x', { 'X-Auth-Token': token })).status).toBe(200)
    expect(upstream.seen[0]?.headers['x-onedata-caveats']).toBe('[{"type":"data.readonly"}]')
    const refused = await get('/who/x', { 'X-Auth-Token': token })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'caveat_not_enforced' })
    expect(upstream.seen).toHaveLength(1)
  })

  test('one that admits providers only refuses a user by 403', async () => {
    const { upstream, get } = await setUp(yaml)
    const response = await get('/provider/x')
    expect([response.status, await response.json()]).toMatchObject([
      403,
      { code: 'subject_not_allowed' },
    ])
    expect(upstream.seen).toEqual([])
  })

  test('one that forwards the token says so in the metrics', async () => {
    const { upstream, get, token, gateway } = await setUp(yaml)
    await get('/raw/x')
    expect(upstream.seen[0]?.headers['x-auth-token']).toBe(token)
    expect(await (await fetch(`${gateway.adminUrl}/metrics`)).text()).toContain(
      'onegate_insecure_setting{setting="routes.forwardToken"} 1',
    )
  })

  test('S-235 what none matches is 404, and nobody is asked', async () => {
    const { upstream, get, verifyCalls } = await setUp(yaml)
    expect((await get('/elsewhere')).status).toBe(404)
    expect(upstream.seen).toEqual([])
    expect(verifyCalls()).toBe(0)
  })

  test('an ip caveat is judged by the address that a trusted proxy names', async () => {
    const { onezone, get } = await setUp(yaml)
    const caveats = [{ type: 'ip' as const, whitelist: ['10.0.0.0/8'] }]
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const statusFrom = async (address: string) =>
      (await get('/who/x', { 'X-Auth-Token': token, 'X-Forwarded-For': address })).status
    expect(await statusFrom('10.1.2.3')).toBe(200)
    expect(await statusFrom('192.0.2.1')).toBe(401)
    expect(await statusFrom('2001:db8::1')).toBe(401)
    expect(await statusFrom('10.1.2.3')).toBe(200)
  })
})

describe('the admin listener', () => {
  test('S-129 shows metrics, life and readiness, and carries no traffic', async () => {
    const { gateway, get, upstream } = await setUp()
    await get()
    await get()
    await get('/', {})
    const admin = (path: string) => fetch(`${gateway.adminUrl}${path}`)
    const metrics = await (await admin('/metrics')).text()
    expect(metrics).toContain(
      'onegate_verdicts_total{route="/**",outcome="granted",source="onezone"} 1',
    )
    expect(metrics).toContain(
      'onegate_verdicts_total{route="/**",outcome="granted",source="cache"} 1',
    )
    expect(metrics).toContain('onegate_refusals_total{route="/**",code="credentials_missing"} 1')
    expect(metrics).toContain('onegate_requests_total{route="/**",method="GET",status="200"} 2')
    expect(metrics).toContain(
      'onegate_onezone_requests_total{operation="verifyAccessToken",outcome="ok"} 1',
    )
    expect(metrics).toContain('onegate_cache_entries{store="grants"} 1')
    expect(metrics).toContain('onegate_max_staleness_seconds 10')
    expect((await admin('/livez')).status).toBe(200)
    expect((await admin('/readyz')).status).toBe(200)
    expect((await admin('/anything')).status).toBe(404)
    expect((await get('/metrics', {})).status).toBe(401)
    expect(upstream.seen).toHaveLength(2)
  })
})
