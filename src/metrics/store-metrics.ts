/**
 * The metric names that are about the store in which several gateways share what they know.
 *
 * @module
 */

import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'

import type {
  Rejection,
  StoreEvent,
  StoreOperation,
  StoreOutcome,
  StoreState,
} from '../verification/index.ts'
import { OF_THE_FIRST } from './process-metrics.ts'

/** Takes what happens at the store. */
export interface StoreMetrics {
  readonly onStoreEvent: (event: StoreEvent) => void
  readonly onStoreRejection: (reason: Rejection) => void
}

/** From 50 µs up to the longest deadline. */
const BUCKETS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.03, 0.1, 1]

const FAILURES: readonly StoreOutcome[] = ['late', 'error', 'skipped']
const OUTCOMES: Readonly<Record<StoreOperation, readonly StoreOutcome[]>> = {
  look: ['hit', 'miss', ...FAILURES],
  tell: ['ok', ...FAILURES],
  publish: ['ok', ...FAILURES],
  time: ['ok', ...FAILURES],
}
const REASONS: readonly Rejection[] = ['mac', 'shape', 'age', 'clock', 'flood']

/**
 * Makes them, in a registry that has others too, when there is something to count: where there is no store, there is
 * none of them.
 *
 * @param state How it is with the store; looked at on each scrape. Null: there is none any more.
 */
export function createStoreMetrics(
  registry: Registry,
  state: () => StoreState | null,
): StoreMetrics {
  let made: StoreMetrics | null = null
  return {
    onStoreEvent: (event) => (made ??= register(registry, state)).onStoreEvent(event),
    onStoreRejection: (reason) => (made ??= register(registry, state)).onStoreRejection(reason),
  }
}

function register(registry: Registry, state: () => StoreState | null): StoreMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'onegate_store_requests_total',
    help: 'Operations at the store, by outcome: hit and miss of looks, ok, late, error, skipped while it does not answer.',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  for (const [operation, outcomes] of Object.entries(OUTCOMES)) {
    for (const outcome of outcomes) requests.inc({ operation, outcome }, 0)
  }
  const duration = new Histogram({
    name: 'onegate_store_request_duration_seconds',
    help: 'Time that operations at the store took.',
    labelNames: ['operation'],
    buckets: BUCKETS,
    registers,
  })
  const rejected = new Counter({
    name: 'onegate_store_rejected_total',
    help: 'What came from the store and was not used, by reason: mac and shape (not written by a gateway of ours), age, clock, flood.',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of REASONS) rejected.inc({ reason }, 0)

  const gauge = (name: string, help: string, read: (state: StoreState) => number): void => {
    new Gauge({
      name: `onegate_store_${name}`,
      help,
      registers,
      aggregator: OF_THE_FIRST,
      collect() {
        const current = state()
        this.set(current === null ? 0 : read(current))
      },
    })
  }
  gauge('up', 'Whether the store answers.', ({ up }) => (up ? 1 : 0))
  gauge('subscription_up', 'Whether what other gateways say is heard at once.', (of) =>
    of.subscriptionUp ? 1 : 0,
  )
  gauge('peers', 'Other gateways that were heard in the last 15 s.', ({ peers }) => peers)
  gauge(
    'clock_disagreement_seconds',
    'How far the two readings of the age of the last fact were apart; beyond 0.5 s facts are not used.',
    ({ disagreementMs }) => disagreementMs / 1000,
  )
  return {
    onStoreEvent({ operation, outcome, durationMs }) {
      requests.inc({ operation, outcome })
      if (outcome !== 'skipped') duration.observe({ operation }, durationMs / 1000)
    },
    onStoreRejection: (reason) => rejected.inc({ reason }),
  }
}
