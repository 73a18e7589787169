/**
 * Every metric name of onegate. Times are seconds, labels are bounded: a route is its id, never a path; no user, token
 * or address is ever a label.
 *
 * @module
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

import type { DecisionEvent } from '../authenticator/index.ts'
import type { VerdictStore } from '../cache/index.ts'
import type { OnezoneCall } from '../onezone/index.ts'
import type { RequestEvent, UpstreamEvent } from '../proxy/index.ts'

/** From 50 µs: a remembered verdict costs tens of microseconds, and would vanish in the usual first bucket of 5 ms. */
const REQUEST_BUCKETS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10,
]
const ONEZONE_BUCKETS = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** Methods that are a label of their own; all others are `other`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Gauges of Node that `promtool check metrics` objects to, because a gauge must not end in `_total`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** Options of {@link createMetrics}. */
export interface MetricsOptions {
  /** Where the metrics are registered, e.g. together with those of your application. @default a registry of its own */
  readonly registry?: Registry | undefined
  /** Add Node's own metrics. @default true */
  readonly nodeMetrics?: boolean | undefined
  /** Version for `onegate_build_info`. */
  readonly version: string
  /** Bound on the age of a fact behind a grant, in seconds. */
  readonly maxStalenessSeconds: number
  /** Names of settings in force that are unsafe. @default [] */
  readonly insecureSettings?: readonly string[] | undefined
  /** Counts the verdicts in a store, at each scrape. */
  readonly entries: (store: VerdictStore) => number
}

/** Takes what the rooms observe and shows it to Prometheus. */
export interface Metrics {
  readonly registry: Registry
  readonly onDecision: (event: DecisionEvent) => void
  readonly onRequest: (event: RequestEvent) => void
  readonly onUpstream: (event: UpstreamEvent) => void
  readonly onOnezoneCall: (call: OnezoneCall) => void
  readonly onEviction: (store: VerdictStore) => void
}

/** Makes the metrics of one gateway. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = options.registry ?? new Registry()
  const registers = [registry]

  const requests = new Counter({
    name: 'onegate_requests_total',
    help: 'Requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  })
  const requestDuration = new Histogram({
    name: 'onegate_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const verdicts = new Counter({
    name: 'onegate_verdicts_total',
    help: 'Verdicts by outcome (granted, refused, fault) and source (local, cache, coalesced, onezone, stale).',
    labelNames: ['route', 'outcome', 'source'],
    registers,
  })
  const refusals = new Counter({
    name: 'onegate_refusals_total',
    help: 'Requests not let through, by problem code.',
    labelNames: ['route', 'code'],
    registers,
  })
  const onezoneRequests = new Counter({
    name: 'onegate_onezone_requests_total',
    help: 'Calls to Onezone by operation and outcome (ok, refused, fault).',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  const onezoneDuration = new Histogram({
    name: 'onegate_onezone_request_duration_seconds',
    help: 'Time that calls to Onezone took, including waiting and retrying.',
    labelNames: ['operation'],
    buckets: ONEZONE_BUCKETS,
    registers,
  })
  const evictions = new Counter({
    name: 'onegate_cache_evictions_total',
    help: 'Verdicts that had to go although they were still good, because their store was full.',
    labelNames: ['store'],
    registers,
  })
  const upstreamRequests = new Counter({
    name: 'onegate_upstream_requests_total',
    help: 'Requests sent to upstreams, by outcome.',
    labelNames: ['route', 'outcome'],
    registers,
  })

  const { entries } = options
  new Gauge({
    name: 'onegate_cache_entries',
    help: 'Verdicts remembered.',
    labelNames: ['store'],
    registers,
    collect() {
      this.set({ store: 'grants' }, entries('grants'))
      this.set({ store: 'refusals' }, entries('refusals'))
    },
  })
  new Gauge({
    name: 'onegate_max_staleness_seconds',
    help: 'No request is granted on a fact older than this.',
    registers,
  }).set(options.maxStalenessSeconds)
  new Gauge({
    name: 'onegate_build_info',
    help: 'Version of onegate and of Node; always 1.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: options.version, node: process.versions.node }, 1)
  const insecure = new Gauge({
    name: 'onegate_insecure_setting',
    help: 'An unsafe setting that is in force; always 1.',
    labelNames: ['setting'],
    registers,
  })
  for (const setting of options.insecureSettings ?? []) insecure.set({ setting }, 1)

  if (options.nodeMetrics ?? true) {
    collectDefaultMetrics({ register: registry })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
  }

  return {
    registry,
    onDecision({ routeId, outcome, source, code }) {
      if (source !== null) verdicts.inc({ route: routeId, outcome, source })
      if (code !== null) refusals.inc({ route: routeId, code })
    },
    onRequest({ routeId, method, status, durationMs }) {
      requests.inc({ route: routeId, method: METHODS.has(method) ? method : 'other', status })
      requestDuration.observe({ route: routeId }, durationMs / 1000)
    },
    onUpstream({ routeId, outcome }) {
      upstreamRequests.inc({ route: routeId, outcome })
    },
    onOnezoneCall({ operation, outcome, durationMs }) {
      onezoneRequests.inc({ operation, outcome })
      onezoneDuration.observe({ operation }, durationMs / 1000)
    },
    onEviction(store) {
      evictions.inc({ store })
    },
  }
}
