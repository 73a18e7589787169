import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'

import { QuickHistogram } from '../../src/metrics/quick-histogram.ts'
import { Tally } from '../../src/metrics/tally.ts'

const buckets = [0.000_05, 0.001, 0.5, 1, 10]

test('a quick histogram reads in a scrape as prom-client’s own', async () => {
  const value = fc.oneof(fc.constantFrom(...buckets), fc.double({ min: 0, max: 20, noNaN: true }))
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'route "c"\n'), value)),
      async (labelled, observations) => {
        const [ours, theirs] = [new Registry(), new Registry()]
        const about = { name: 'x_seconds', help: 'X.' }
        const label = labelled ? 'route' : null
        const quick = new QuickHistogram({ ...about, label, buckets, registry: ours })
        const labelNames = labelled ? ['route'] : []
        const plain = new Histogram({ ...about, labelNames, buckets, registers: [theirs] })
        for (const [route, seconds] of observations) {
          if (labelled) {
            quick.observe(seconds, route)
            plain.observe({ route }, seconds)
          } else {
            quick.observe(seconds)
            plain.observe(seconds)
          }
        }
        expect(await ours.metrics()).toBe(await theirs.metrics())
        expect(await ours.getMetricsAsJSON()).toMatchObject(
          withoutExemplars(await theirs.getMetricsAsJSON()),
        )
      },
    ),
    { numRuns: 100 },
  )
})

/** Exemplars are a thing of OpenMetrics, which onegate does not speak. */
function withoutExemplars(metrics: readonly object[]): object[] {
  return JSON.parse(
    JSON.stringify(metrics, (key, value: unknown) => (key === 'exemplar' ? undefined : value)),
  ) as object[]
}

test('a quick histogram is empty again after a reset of its registry', async () => {
  const registry = new Registry()
  const about = { name: 'x_seconds', help: 'X.', label: 'route', buckets, registry }
  const quick = new QuickHistogram(about)
  quick.observe(1, 'a')
  registry.resetMetrics()
  expect(await registry.metrics()).not.toContain('route="a"')
})

test('a tally hands over each count once', () => {
  const tally = new Tally<number>()
  tally.add('a', 'GET', 200)
  tally.add('a', 'GET', 200)
  tally.add('a', 'GET', 404)
  tally.add('b', 'GET', 200)
  const read = (): unknown[] => {
    const seen: unknown[] = []
    tally.drain((...counted) => seen.push(counted))
    return seen
  }
  expect(read()).toEqual([
    ['a', 'GET', 200, 2],
    ['a', 'GET', 404, 1],
    ['b', 'GET', 200, 1],
  ])
  expect(read()).toEqual([])
})
