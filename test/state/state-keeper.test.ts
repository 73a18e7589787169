import { expect, test } from 'vitest'

import type { MetricsSnapshot } from '../../src/metrics/index.ts'
import { keepState } from '../../src/state/index.ts'
import type { GatewayFacts } from '../../src/state/index.ts'
import { quantileMs } from '../../src/state/quantile.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const FACTS: GatewayFacts = {
  listeners: { gateway: 'http://gateway', admin: 'http://admin', forwardAuth: null },
  unreadiness: null,
  verifier: { type: 'onezone', url: 'http://onezone' },
  workers: null,
  routes: [{ id: 'api', path: '/**', hosts: null, methods: null, token: 'access' }],
  maxConnections: new Map([['api', 256]]),
  reload: null,
}

/** A gateway that counts what it is told, on a clock that moves when told. */
function rig() {
  const clock = createFakeClock()
  const counted = { requests: 0, granted: 0, up: 1, stalenessSeconds: 0 }
  let due: (() => void) | null = null
  let snapshots = 0
  let gathered = 0
  const metric = (name: string, value: number, labels: Record<string, string> = {}) =>
    ({ name, help: '', type: 'counter', values: [{ value, labels }] }) as never
  const keeper = keepState({
    version: '1.2.3',
    async snapshot(): Promise<MetricsSnapshot> {
      snapshots++
      return [
        metric('onegate_requests_total', counted.requests, { route: 'api', status: '200' }),
        metric('onegate_verdicts_total', counted.granted, { outcome: 'granted', source: 'cache' }),
        metric('onegate_max_staleness_seconds', 10),
        metric('onegate_verdict_staleness_greatest_seconds', counted.stalenessSeconds),
        metric('onegate_upstream_up', counted.up, { route: 'api', upstream: 'http://up' }),
      ]
    },
    backend: () => 'onezone',
    facts() {
      gathered++
      return FACTS
    },
    configuration: async () => ({}),
    origins: () => null,
    refusals: async () => [],
    clock,
    schedule(_, run) {
      due = run
      return () => (due = null)
    },
  })
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    clock,
    counted,
    keeper,
    snapshots: () => snapshots,
    gathered: () => gathered,
    hasTimer: () => due !== null,
    /** Five seconds pass, and a sample is taken. */
    pass: async (): Promise<void> => {
      await settle()
      clock.advance(5_000)
      due?.()
      await settle()
    },
  }
}

test('rates are those between two samples, and only 15 minutes are kept', async () => {
  const { counted, keeper, pass } = rig()
  await pass()
  counted.requests += 50
  counted.granted += 40
  await pass()
  const { samples, routes } = await keeper.read()
  expect(samples.requestsPerSecond).toEqual([0, 10])
  expect(samples.grantedPerSecond).toEqual([0, 8])
  expect(samples.unasked).toEqual([null, 1])
  expect(routes[0]).toMatchObject({ id: 'api', requests: 50, perSecond: 5 })
  for (let at = 0; at < 200; at++) await pass()
  const later = (await keeper.read()).samples
  expect(later.at).toHaveLength(180)
  expect(later.requestsPerSecond).toHaveLength(180)
  keeper.close()
})

test('the greatest staleness is that of all samples, not of the last one', async () => {
  const { counted, keeper, pass } = rig()
  await pass()
  counted.stalenessSeconds = 7.5
  await pass()
  counted.stalenessSeconds = 1
  await pass()
  const { staleness } = (await keeper.read()).verdicts
  expect(staleness).toEqual({ greatestMs: 7_500, boundMs: 10_000 })
  keeper.close()
})

test('since when an upstream is left out, and when a route was used last, is known to a sample', async () => {
  const { clock, counted, keeper, pass } = rig()
  await pass()
  counted.up = 0
  counted.requests = 1
  await pass()
  const then = new Date(clock.now()).toISOString()
  await pass()
  const { upstreams, routes, signs, health } = await keeper.read()
  expect(upstreams[0]).toMatchObject({ up: false, since: then })
  expect(routes[0]?.lastUsedAt).toBe(then)
  expect(signs.find(({ name }) => name === 'upstreams')).toMatchObject({
    health: 'bad',
    detail: 'none is up for api',
  })
  expect(health).toBe('bad')
  keeper.close()
})

test('who looks within a second gets what was computed already; a closed one takes no more samples', async () => {
  const { clock, keeper, pass, snapshots, hasTimer } = rig()
  await pass()
  const before = snapshots()
  const [a, b] = await Promise.all([keeper.read(), keeper.read()])
  expect(a).toBe(b)
  expect(snapshots()).toBe(before + 1)
  clock.advance(1_000)
  expect(await keeper.read()).not.toBe(a)
  keeper.close()
  expect(hasTimer()).toBe(false)
})

test('what only those see who look is not gathered for a sample', async () => {
  const { keeper, pass, snapshots, gathered } = rig()
  for (let at = 0; at < 3; at++) await pass()
  expect(snapshots()).toBeGreaterThanOrEqual(3)
  expect(gathered()).toBe(0)
  await keeper.read()
  expect(gathered()).toBe(1)
  keeper.close()
})

test('a quantile lies between the bounds of its bucket', () => {
  const bounds = [0.001, 0.01, 0.1, Infinity]
  const now = { bounds, counts: [10, 30, 40, 40] }
  expect(quantileMs(0.5, now, null)).toBeCloseTo(5.5)
  expect(quantileMs(0.5, now, { bounds, counts: [10, 30, 30, 30] })).toBeCloseTo(55)
  expect(quantileMs(0.5, now, now)).toBeNull()
  expect(quantileMs(0.99, { bounds, counts: [0, 0, 0, 5] }, null)).toBe(100)
})
