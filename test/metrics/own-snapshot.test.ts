import fc from 'fast-check'
import { Gauge, Registry } from 'prom-client'
import { expect, test } from 'vitest'

import { takeOwnSnapshot } from '../../src/metrics/index.ts'
import { showLookedUp } from '../../src/metrics/looked-up-gauge.ts'

test('a gauge that is looked up reads in a scrape as prom-client’s own', async () => {
  const text = fc.constantFrom('a', 'b "c"', 'd\\e\n', 'ü')
  const values = fc.uniqueArray(fc.tuple(text, text, fc.integer()), {
    selector: ([route, upstream]) => `${route}\0${upstream}`,
  })
  await fc.assert(
    fc.asyncProperty(values, async (rows) => {
      const [ours, theirs] = [new Registry(), new Registry()]
      const about = { name: 'onegate_x', help: 'X.', aggregator: 'min' } as const
      showLookedUp({
        ...about,
        registry: ours,
        look: () => rows.map(([route, upstream, value]) => [{ route, upstream }, value]),
      })
      const plain = new Gauge({ ...about, labelNames: ['route', 'upstream'], registers: [theirs] })
      for (const [route, upstream, value] of rows) plain.set({ route, upstream }, value)
      expect(await ours.metrics()).toBe(await theirs.metrics())
      expect(await takeOwnSnapshot(ours)).toEqual(await theirs.getMetricsAsJSON())
    }),
    { numRuns: 100 },
  )
})

test('a snapshot lets others go first between metrics that take long', async () => {
  const registry = new Registry()
  const turnsAtLook: number[] = []
  let turns = 0
  for (const name of ['onegate_a', 'onegate_b', 'onegate_c']) {
    showLookedUp({
      name,
      help: 'X.',
      aggregator: 'sum',
      registry,
      look() {
        turnsAtLook.push(turns)
        for (const until = performance.now() + 6; performance.now() < until;);
        return [[{}, 1]]
      },
    })
  }
  const count = (): void => {
    turns += 1
    timer = setImmediate(count)
  }
  let timer = setImmediate(count)
  const snapshot = await takeOwnSnapshot(registry)
  clearImmediate(timer)
  expect(snapshot.map(({ name }) => name)).toEqual(['onegate_a', 'onegate_b', 'onegate_c'])
  const [first = 0, second = 0, third = 0] = turnsAtLook
  expect(second).toBeGreaterThan(first)
  expect(third).toBeGreaterThan(second)
})
