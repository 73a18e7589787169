/**
 * The metric names that are looked up on each scrape, where nothing has to be counted: what is known of tokens, how the
 * verifier and the upstreams stand.
 *
 * @module
 */

import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'

import { BREAKER_STATES, WATCH_STATES } from './known-labels.ts'
import { showLookedUp } from './looked-up-gauge.ts'
import type { MetricsOptions } from './metrics-options.ts'
import { OF_THE_FIRST } from './process-metrics.ts'

const aggregator = OF_THE_FIRST

/** Shows what is remembered and how the verifier stands. */
export function showVerification(
  registers: Registry[],
  verification: MetricsOptions['verification'],
): void {
  new Gauge({
    name: 'onegate_cache_entries',
    help: 'Verdicts remembered, by store (grants, refusals).',
    labelNames: ['store'],
    registers,
    aggregator,
    collect() {
      this.set({ store: 'grants' }, verification.entries('grants'))
      this.set({ store: 'refusals' }, verification.entries('refusals'))
    },
  })
  new Gauge({
    name: 'onegate_families',
    help: 'Families of tokens that are known.',
    registers,
    aggregator,
    collect() {
      this.set(verification.entries('families'))
    },
  })
  new Gauge({
    name: 'onegate_breaker_state',
    help: 'Whether the verifier is asked: 0 as usual, 1 one question at a time, 2 not at all.',
    registers,
    aggregator,
    collect() {
      this.set(BREAKER_STATES.indexOf(verification.breakerState))
    },
  })
  new Gauge({
    name: 'onegate_exchange_breaker_state',
    help: 'Whether tokens of identity providers are exchanged: as onegate_breaker_state.',
    registers,
    aggregator,
    collect() {
      this.set(BREAKER_STATES.indexOf(verification.exchangeBreakerState ?? 'closed'))
    },
  })
  new Gauge({
    name: 'onegate_watch_state',
    help: 'Whether the watch sees revocations: 0 there is none, 1 it does, 2 it cannot at the moment.',
    registers,
    aggregator,
    collect() {
      this.set(WATCH_STATES.indexOf(verification.watchState))
    },
  })
  new Gauge({
    name: 'onegate_onezone_clock_offset_seconds',
    help: "How far Onezone's clock is ahead of this machine's, as far as answers tell.",
    registers,
    aggregator,
    collect() {
      this.set(verification.clockOffsetMs / 1000)
    },
  })
}

/** Shows which upstreams are in use, and how many requests wait for a connection to each. */
export function showUpstreams(
  registers: Registry[],
  {
    upstreams = () => [],
    waiting = () => new Map(),
  }: Pick<MetricsOptions, 'upstreams' | 'waiting'>,
): void {
  for (const registry of registers) {
    showLookedUp({
      name: 'onegate_upstream_up',
      help: 'Whether an upstream is in use: 0 while it is left out, because requests or checks failed.',
      // Each process judges for itself: one that leaves an upstream out is worth a look.
      aggregator: 'min',
      registry,
      look: () =>
        upstreams().map(({ routeId, url, up }) => [{ route: routeId, upstream: url }, up ? 1 : 0]),
    })
    showLookedUp({
      name: 'onegate_upstream_requests_waiting',
      help: 'Requests that wait for a connection to an upstream, because maxConnections are in use.',
      aggregator: 'sum',
      registry,
      look: () => Array.from(waiting(), ([upstream, requests]) => [{ upstream }, requests]),
    })
  }
}
