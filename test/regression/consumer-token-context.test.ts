import { describe, expect, test } from 'vitest'

import type { CaveatInput } from '../../src/token/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { PASSED, startGatewayRig } from '../helpers/gateway-rig.ts'
import { ALICE } from '../helpers/onezone.ts'

// Onezone judges the caveats of the consumer token too (API §5.3, step 4), so a verdict holds in that context only.

const BOB = { type: 'user', id: 'bob' } as const
const REFUSED = [401, 'consumer_token_invalid']

const yaml = (upstream: string) => `
trustedProxies: [127.0.0.1]
routes:
  - { path: /client/**, interface: oneclient, upstream: '${upstream}' }
  - { path: /nothing/**, interface: null, upstream: '${upstream}' }
  - { path: /**, upstream: '${upstream}' }
`

async function setUp(confinedTo: CaveatInput[], validForSeconds = 3600) {
  const clock = createFakeClock()
  const gatewayClock = createFakeClock()
  const advance = (ms: number) => [clock, gatewayClock].forEach((each) => each.advance(ms))
  const rig = await startGatewayRig({ yaml, clock: gatewayClock })
  rig.onezone.setClock(clock.now() / 1000)
  const token = rig.onezone.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }],
  })
  const consumer = rig.onezone.createTemporaryToken({
    subject: BOB,
    type: { identityToken: {} },
    caveats: confinedTo,
    validForSeconds,
  })
  const from = (address: string, path = '/') =>
    rig.ask(
      {
        'X-Auth-Token': token,
        'X-Onedata-Consumer-Token': consumer,
        'X-Forwarded-For': address,
      },
      path,
    )
  return { ...rig, clock, gatewayClock, advance, from }
}

const IP: CaveatInput = { type: 'ip', whitelist: ['10.0.0.0/8'] }
const REST: CaveatInput = { type: 'interface', interface: 'rest' }

describe('a consumer token that is confined to an address', () => {
  test('is refused from elsewhere, although a grant is remembered', async () => {
    const { from, upstream } = await setUp([IP])
    expect(await from('10.1.1.1')).toEqual(PASSED)
    expect(await from('11.1.1.1')).toEqual(REFUSED)
    expect(upstream.seen).toHaveLength(1)
  })

  test('is accepted from there, although a refusal is remembered', async () => {
    const { from, upstream } = await setUp([IP])
    expect(await from('11.1.1.1')).toEqual(REFUSED)
    expect(await from('10.1.1.1')).toEqual(PASSED)
    expect(await from('11.1.1.1')).toEqual(REFUSED)
    expect(upstream.seen).toHaveLength(1)
  })

  test('shares no question that is under way with another address', async () => {
    const { from, upstream, onezone } = await setUp([IP])
    onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'latency', latencyMs: 50 }])
    expect(await Promise.all([from('10.1.1.1'), from('11.1.1.1'), from('10.1.1.1')])).toEqual([
      PASSED,
      REFUSED,
      PASSED,
    ])
    expect(upstream.seen).toHaveLength(2)
  })

  test('is asked for once from one address', async () => {
    const { from, verifyCalls } = await setUp([IP])
    await from('10.1.1.1')
    await from('10.1.1.1')
    expect(verifyCalls()).toBe(1)
  })
})

describe('a consumer token that is confined to an interface', () => {
  test.each([
    ['after', '/', '/client/x'],
    ['before', '/client/x', '/'],
  ])('is refused through another one, %s it was granted', async (_order, first, second) => {
    const { from, upstream } = await setUp([REST])
    for (const path of [first, second, '/nothing/x', first]) {
      expect(await from('10.1.1.1', path)).toEqual(path === '/' ? PASSED : REFUSED)
    }
    expect(new Set(upstream.seen.map(({ url }) => url))).toEqual(new Set(['/']))
  })

  test('and to an address, is refused where either differs', async () => {
    const { from, upstream } = await setUp([IP, REST])
    expect(await from('10.1.1.1')).toEqual(PASSED)
    expect(await from('11.1.1.1')).toEqual(REFUSED)
    expect(await from('10.1.1.1', '/client/x')).toEqual(REFUSED)
    expect(upstream.seen).toHaveLength(1)
  })
})

describe('a consumer token that has expired', () => {
  test('ends the grant that is remembered, at the very moment', async () => {
    const { from, advance, clock, onezone, upstream, verifyCalls } = await setUp([], 5)
    expect(await from('10.1.1.1')).toEqual(PASSED)
    advance(4_999)
    expect(await from('10.1.1.1')).toEqual(PASSED)
    expect(verifyCalls()).toBe(1)
    advance(1)
    onezone.setClock(clock.now() / 1000)
    expect(await from('10.1.1.1')).toEqual(REFUSED)
    expect(upstream.seen).toHaveLength(2)
  })

  test('is refused long after, whoever looks at the clock', async () => {
    const { from, advance, clock, onezone, upstream } = await setUp([], 60)
    expect(await from('10.1.1.1')).toEqual(PASSED)
    advance(65_000)
    onezone.setClock(clock.now() / 1000)
    expect(await from('10.1.1.1')).toEqual(REFUSED)
    expect(upstream.seen).toHaveLength(1)
  })

  test('by the clock of Onezone alone is refused when the grant is too old to be used', async () => {
    const { from, gatewayClock, clock, onezone, upstream } = await setUp([], 60)
    expect(await from('10.1.1.1')).toEqual(PASSED)
    onezone.setClock(clock.now() / 1000 + 60)
    gatewayClock.advance(10_000)
    expect(await from('10.1.1.1')).toEqual(REFUSED)
    expect(upstream.seen).toHaveLength(1)
  })
})
