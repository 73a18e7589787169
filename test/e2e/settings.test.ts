import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { CaveatInput, InviteTokenType } from '../../src/token/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { PASSED, startGatewayRig } from '../helpers/gateway-rig.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'
import { startUpstream } from '../helpers/upstream.ts'

// Settings go a long way from the file to where they count; each is seen here to arrive.

type Rig = Awaited<ReturnType<typeof startGatewayRig>>

const confined = ({ onezone }: Rig, ...caveats: CaveatInput[]) => ({
  'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE, caveats }),
})

describe('a route', () => {
  test('S-154 judges interface caveats by its interface', async () => {
    const rig = await startGatewayRig({
      yaml: (upstream) => `
routes:
  - { path: /client/**, interface: oneclient, upstream: '${upstream}' }
  - { path: /none/**, interface: null, upstream: '${upstream}' }
  - { path: /**, upstream: '${upstream}' }
`,
    })
    const client = confined(rig, { type: 'interface', interface: 'oneclient' })
    const rest = confined(rig, { type: 'interface', interface: 'rest' })
    const refused = [401, 'caveat_unverified']
    expect(await rig.ask(client, '/client/x')).toEqual(PASSED)
    expect(await rig.ask(rest, '/client/x')).toEqual(refused)
    expect(await rig.ask(client, '/none/x')).toEqual(refused)
    expect(await rig.ask(rest, '/none/x')).toEqual(refused)
    expect(await rig.ask(client)).toEqual(refused)
    expect(await rig.ask(rest)).toEqual(PASSED)
    expect(rig.upstream.seen.map(({ url }) => url)).toEqual(['/client/x', '/'])
  })

  test('takes the kind of invitation that it names', async () => {
    const { onezone, ask, upstream } = await startGatewayRig({
      yaml: (upstream) =>
        `routes: [{ path: /**, token: invite, inviteType: userJoinGroup, upstream: '${upstream}' }]`,
    })
    const invite = (inviteToken: InviteTokenType['inviteToken']) => ({
      'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE, type: { inviteToken } }),
    })
    const toGroup = invite({ inviteType: 'userJoinGroup', groupId: 'g1' })
    const toSpace = invite({ inviteType: 'userJoinSpace', spaceId: 's1' })
    expect(await ask(toSpace)).toEqual([401, 'token_type_mismatch'])
    expect(upstream.seen).toEqual([])
    expect(await ask(toGroup)).toEqual(PASSED)
    expect(upstream.seen).toHaveLength(1)
  })

  test('keeps clients from forging the identity names of another route', async () => {
    const { send, token, upstream } = await startGatewayRig({
      yaml: (upstream) => `
routes:
  - { path: /named/**, headers: { subjectId: Remote-User }, upstream: '${upstream}' }
  - { path: /public/**, token: none, upstream: '${upstream}' }
  - { path: /**, upstream: '${upstream}' }
`,
    })
    for (const path of ['/x', '/public/x', '/named/x']) {
      for (const name of ['Remote-User', 'Remote_User']) {
        await send({ 'X-Auth-Token': token, [name]: 'root' }, path)
      }
    }
    expect(upstream.seen).toHaveLength(6)
    expect(JSON.stringify(upstream.seen)).not.toContain('root')
    expect(upstream.seen.map(({ headers }) => headers['remote-user'])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'alice',
      'alice',
    ])
  })

  test('challenges in the name of the realm', async () => {
    const { send, upstream } = await startGatewayRig({
      yaml: (upstream) => `
realm: my cloud
routes: [{ path: /**, upstream: '${upstream}' }]
`,
    })
    expect((await send({})).headers.get('www-authenticate')).toBe('Bearer realm="my cloud"')
    expect(upstream.seen).toEqual([])
  })
})

describe('the service token', () => {
  async function setUp(serviceToken: (rig: Awaited<ReturnType<typeof startOnezone>>) => string) {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const directory = mkdtempSync(join(tmpdir(), 'onegate-settings-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const serviceTokenFile = join(directory, 'service-token')
    writeFileSync(serviceTokenFile, serviceToken(onezone), { mode: 0o600 })
    const yaml = `
onezone: { serviceTokenFile: ${serviceTokenFile} }
routes: [{ path: /**, upstream: '${upstream.url}' }]
`
    const gateway = await startGateway({ onezoneUrl: onezone.url, yaml })
    const ask = async (...caveats: CaveatInput[]) => {
      const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
      const response = await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
      const { code } = (await response.json()) as { code?: string }
      return [response.status, code ?? null]
    }
    return { onezone, upstream, ask }
  }
  const KRAKOW = { type: 'oneprovider', id: 'krakow' } as const
  const service = (id: string): CaveatInput => ({ type: 'service', whitelist: [id] })

  test('is what Onezone judges service caveats by', async () => {
    const { ask, upstream } = await setUp((onezone) =>
      onezone.createTemporaryToken({ subject: KRAKOW, type: { identityToken: {} } }),
    )
    expect(await ask(service('opw-krakow'))).toEqual(PASSED)
    expect(await ask(service('opw-*'))).toEqual(PASSED)
    expect(upstream.seen).toHaveLength(2)
  })

  test('keeps out tokens for other services', async () => {
    const { ask, onezone, upstream } = await setUp((zone) => {
      zone.createProvider('paris', { effectiveUsers: ['alice'] })
      return zone.createTemporaryToken({ subject: KRAKOW, type: { identityToken: {} } })
    })
    expect(await ask(service('opw-paris'))).toEqual([401, 'caveat_unverified'])
    onezone.patchWorld({ providers: { krakow: { effectiveUsers: ['bob'] } } })
    expect(await ask()).toEqual([403, 'service_forbidden'])
    expect(upstream.seen).toEqual([])
  })

  test('S-225 that Onezone refuses is the fault of the gateway, not of the client', async () => {
    const { ask, upstream } = await setUp(() =>
      mint({ subject: { type: 'oneprovider', id: 'elsewhere' }, type: { identityToken: {} } }),
    )
    expect(await ask()).toEqual([503, 'gateway_misconfigured'])
    expect(upstream.seen).toEqual([])
  })
})

describe('verdicts are remembered', () => {
  const withVerdicts = (verdicts: string) => (upstream: string) => `
verdicts: { ${verdicts} }
routes: [{ path: /**, upstream: '${upstream}' }]
`

  test('as long as maxStalenessMs says', async () => {
    const clock = createFakeClock()
    const { ask, token, verifyCalls, metrics } = await startGatewayRig({
      clock,
      yaml: withVerdicts('maxStalenessMs: 3000'),
    })
    await ask({ 'X-Auth-Token': token })
    clock.advance(1_500)
    await ask({ 'X-Auth-Token': token })
    expect(verifyCalls()).toBe(1)
    clock.advance(1_500)
    await ask({ 'X-Auth-Token': token })
    expect(verifyCalls()).toBe(2)
    expect(await metrics()).toContain('onegate_max_staleness_seconds 3\n')
  })

  test('S-173 where they are refusals, as long as negativeTtlMs says', async () => {
    const clock = createFakeClock()
    const { ask, token, onezone, verifyCalls, upstream } = await startGatewayRig({
      clock,
      yaml: withVerdicts('negativeTtlMs: 500'),
    })
    onezone.setUserBlocked('alice', true)
    expect(await ask({ 'X-Auth-Token': token })).toEqual([403, 'user_blocked'])
    clock.advance(499)
    await ask({ 'X-Auth-Token': token })
    expect(verifyCalls()).toBe(1)
    clock.advance(1)
    await ask({ 'X-Auth-Token': token })
    expect(verifyCalls()).toBe(2)
    expect(upstream.seen).toEqual([])
  })

  test('S-176 as many as maxTokens and maxRefusals say', async () => {
    const rig = await startGatewayRig({ yaml: withVerdicts('maxTokens: 2, maxRefusals: 1') })
    for (let i = 0; i < 4; i++) await rig.ask(confined(rig))
    const tokens = Array.from({ length: 3 }, () => confined(rig))
    rig.onezone.setUserBlocked('alice', true)
    for (const headers of tokens) await rig.ask(headers)
    const text = await rig.metrics()
    expect(text).toContain('onegate_cache_entries{store="grants"} 2')
    expect(text).toContain('onegate_cache_entries{store="refusals"} 1')
    expect(text).toContain('onegate_cache_evictions_total{store="grants"} 2')
    expect(text).toContain('onegate_cache_evictions_total{store="refusals"} 2')
  })
})

test('Onezone is waited for as long as onezone.totalTimeoutMs says', async () => {
  const { ask, token, onezone, upstream } = await startGatewayRig({
    yaml: (upstream) => `
onezone: { totalTimeoutMs: 200 }
routes: [{ path: /**, upstream: '${upstream}' }]
`,
  })
  onezone.setFaults([{ operation: '*', kind: 'hang' }])
  expect(await ask({ 'X-Auth-Token': token })).toEqual([503, 'verifier_unavailable'])
  expect(upstream.seen).toEqual([])
})
