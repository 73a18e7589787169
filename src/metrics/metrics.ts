/**
 * Every metric name that is about traffic and verdicts; those about processes are in `process-metrics.ts`. Times are
 * seconds, labels are bounded: a route is its id, never a path; no user, token or address is ever a label.
 *
 * @module
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DecisionEvent } from '../authenticator/index.ts'
import { checkOptions } from '../option-shape.ts'
import type { Sliced } from '../slices.ts'
import { inOneGo, inSlices } from '../slices.ts'
import type { VerdictStore, WatchOutcome } from '../verification/index.ts'
import type { DeathReason } from '../revocation/index.ts'
import type { FinishedCall } from '../http-client/index.ts'
import type { ForwardAuthEvent } from '../forward-auth/index.ts'
import type { RequestEvent, StreamEvent, UpstreamEvent } from '../proxy/index.ts'
import { UNMATCHED } from '../proxy/index.ts'
import type { AssertionMetrics } from './assertion-metrics.ts'
import { createAssertionMetrics } from './assertion-metrics.ts'
import type { StoreMetrics } from './store-metrics.ts'
import { createStoreMetrics } from './store-metrics.ts'
import type { TrafficMetrics } from './traffic-metrics.ts'
import { createTrafficMetrics } from './traffic-metrics.ts'
import {
  CALL_BUCKETS,
  METHODS,
  REQUEST_BUCKETS,
  STALENESS_BUCKETS,
  startCallsFromZero,
  startFromZero,
  startRoutesFromZero,
} from './known-labels.ts'
import { showUpstreams, showVerification } from './looked-up-metrics.ts'
import { countQuestions } from './question-metrics.ts'
import type { ConfigurationFacts, ProcessMetrics } from './process-metrics.ts'
import { createProcessMetrics } from './process-metrics.ts'
import { QuickHistogram } from './quick-histogram.ts'
import { createRecentMaximum } from './recent-maximum.ts'
import { Tally } from './tally.ts'
import { OF_THE_FIRST } from './process-metrics.ts'
import type { MetricsOptions } from './metrics-options.ts'
import { METRICS_OPTIONS } from './metrics-options.ts'

/** Of gauges that several processes have, that of the first counts: it is the one that asks Onezone. */
const aggregator = OF_THE_FIRST

/** What the greatest staleness is the greatest of. */
const GREATEST_OF_MS = 60_000

/** Takes what the rooms observe and shows it to Prometheus. */
export interface Metrics
  extends
    Omit<ProcessMetrics, 'onConfiguration'>,
    AssertionMetrics,
    StoreMetrics,
    Pick<TrafficMetrics, 'onHandshakeFailure'> {
  readonly registry: Registry
  /** The gateway works by another configuration from now on. Settles when all that it can count is exported. */
  readonly onConfiguration: (facts: ConfigurationFacts) => Promise<void>
  readonly onDecision: (event: DecisionEvent) => void
  readonly onRequest: (event: Omit<RequestEvent, 'trace'> & Partial<RequestEvent>) => void
  readonly onUpstream: (event: UpstreamEvent) => void
  readonly onQuestion: (event: ForwardAuthEvent) => void
  readonly onStream: (event: StreamEvent) => void
  readonly onCall: (call: FinishedCall) => void
  readonly onEviction: (store: VerdictStore | 'families') => void
  readonly onDeath: (reason: DeathReason) => void
  /** An operator took back what was known about so many families. */
  readonly onInvalidation: (families: number) => void
  readonly onWatchRead: (outcome: WatchOutcome) => void
}

/**
 * Makes the metrics of one gateway.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  checkOptions('createMetrics', options, METRICS_OPTIONS)
  const registry = options.registry ?? new Registry()
  const registers = [registry]

  const requests = new Tally<number>()
  new Counter({
    name: 'onegate_requests_total',
    help: 'Requests answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
    collect() {
      requests.drain((route, method, status, count) => this.inc({ route, method, status }, count))
    },
  })
  const requestDuration = new QuickHistogram({
    name: 'onegate_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    label: 'route',
    buckets: REQUEST_BUCKETS,
    registry,
  })
  const verdicts = new Tally<string>()
  new Counter({
    name: 'onegate_verdicts_total',
    help: 'Verdicts on requests and open streams, by outcome (granted, refused, fault) and source (local, cache, coalesced, stale, shared, or who was asked).',
    labelNames: ['route', 'outcome', 'source'],
    registers,
    collect() {
      verdicts.drain((route, outcome, source, count) => this.inc({ route, outcome, source }, count))
    },
  })
  const refusals = new Counter({
    name: 'onegate_refusals_total',
    help: 'Requests not let through, and streams not let go on, by problem code.',
    labelNames: ['route', 'code'],
    registers,
  })
  // Each backend under its own name: what Onezone took says nothing about any other.
  const { backend = 'onezone' } = options
  const asked = `onegate_${backend.replaceAll('-', '_')}` as const
  const calls = new Counter({
    name: `${asked}_requests_total`,
    help: 'Calls to the verifier by operation and outcome (ok, refused, fault).',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  const callDuration = new Histogram({
    name: `${asked}_request_duration_seconds`,
    help: 'Time that calls to the verifier took, including waiting and retrying.',
    labelNames: ['operation'],
    buckets: [...CALL_BUCKETS],
    registers,
  })
  const lastCalls = new Gauge({
    name: `${asked}_last_call_timestamp_seconds`,
    help: 'When the last call to the verifier ended, by outcome (ok, refused, fault).',
    labelNames: ['outcome'],
    registers,
    aggregator,
  })
  const evictions = new Counter({
    name: 'onegate_cache_evictions_total',
    help: 'Verdicts that had to go although they were still good, because their store was full.',
    labelNames: ['store'],
    registers,
  })
  const upstreamRequests = new Tally<string>()
  new Counter({
    name: 'onegate_upstream_requests_total',
    help: 'Requests sent to upstreams, by outcome.',
    labelNames: ['route', 'outcome'],
    registers,
    collect() {
      upstreamRequests.drain((route, outcome, _, count) => this.inc({ route, outcome }, count))
    },
  })
  const upstreamRetries = new Counter({
    name: 'onegate_upstream_retries_total',
    help: 'Requests that failed and were sent once more.',
    labelNames: ['route'],
    registers,
  })
  const questions = options.forwardAuth === true ? countQuestions(registers) : null
  const openStreams = new Gauge({
    name: 'onegate_open_streams',
    help: 'WebSockets and event streams that are open.',
    labelNames: ['kind'],
    registers,
    aggregator: 'sum',
  })
  const streamsEnded = new Counter({
    name: 'onegate_streams_ended_total',
    help: 'WebSockets and event streams that have ended, by cause: client, upstream, idle, refused, unverified, draining.',
    labelNames: ['kind', 'cause'],
    registers,
  })

  const staleness = new QuickHistogram({
    name: 'onegate_verdict_staleness_seconds',
    help: 'Age, when a request was granted, of the fact that the grant rests on.',
    label: null,
    buckets: STALENESS_BUCKETS,
    registry,
  })
  const greatest = createRecentMaximum(GREATEST_OF_MS)
  new Gauge({
    name: 'onegate_verdict_staleness_greatest_seconds',
    help: 'Greatest age, when a request was granted, of the fact that the grant rests on, of the last one to two minutes.',
    registers,
    aggregator: 'max',
    collect() {
      this.set(greatest.read(performance.now()) / 1000)
    },
  })
  const violations = new Counter({
    name: 'onegate_staleness_violations_total',
    help: 'Grants that were withheld because their fact was older than the bound. Must stay 0.',
    registers,
  })
  const invalidations = new Counter({
    name: 'onegate_invalidations_total',
    help: 'Families that turned out to be dead, by cause, or that an operator invalidated.',
    labelNames: ['cause'],
    registers,
  })

  const watchReads = new Counter({
    name: 'onegate_watch_reads_total',
    help: 'Generations and statuses read by the watch, by outcome.',
    labelNames: ['outcome'],
    registers,
  })

  startFromZero({ openStreams, streamsEnded, evictions, invalidations, watchReads })
  startCallsFromZero({ calls, callDuration }, backend)
  showVerification(registers, options.verification)
  showUpstreams(registers, options)

  const traffic = createTrafficMetrics(
    registry,
    REQUEST_BUCKETS,
    options.connections ?? (() => null),
  )

  const processes = createProcessMetrics(registry, options)
  const begun = new Set<string>()
  function startRoutes({ routes = [] }: ConfigurationFacts): Sliced<void> {
    const { upstreamAnswers } = traffic
    const byRoute = { requests, requestDuration, verdicts, refusals }
    const byUpstream = { upstreamRequests, upstreamRetries, upstreamAnswers }
    return startRoutesFromZero({ ...byRoute, ...byUpstream }, backend, routes, begun)
  }
  inOneGo(startRoutes(options))

  return {
    ...processes,
    onConfiguration(facts) {
      processes.onConfiguration(facts)
      return inSlices(startRoutes(facts))
    },
    onHandshakeFailure: traffic.onHandshakeFailure,
    ...createStoreMetrics(registry, () => options.verification.storeState ?? null),
    ...createAssertionMetrics(registry, options.assertionKeys ?? (() => [])),
    registry,
    onDecision({ routeId, outcome, source, code, ageMs, violation }) {
      if (violation) violations.inc()
      else if (ageMs !== null) {
        staleness.observe(ageMs / 1000)
        if (ageMs > greatest.current) greatest.current = ageMs
      }
      if (source !== null) verdicts.add(routeId, outcome, source)
      if (code !== null) refusals.inc({ route: routeId, code })
    },
    onRequest({ routeId, method, status, durationMs, trace }) {
      requests.add(routeId, METHODS.has(method) ? method : 'other', status)
      requestDuration.observe(durationMs / 1000, routeId)
      if (trace === undefined) return
      const { sentAtMs, answeredAtMs, answer } = trace
      if (sentAtMs !== null && answeredAtMs !== null) {
        traffic.upstreamAnswers.observe((answeredAtMs - sentAtMs) / 1000, routeId)
      }
      // A decision is counted where it is made; before there is a route, none is.
      if (answer !== null && routeId === UNMATCHED)
        refusals.inc({ route: routeId, code: answer.code })
    },
    onUpstream({ routeId, outcome, retried }) {
      upstreamRequests.add(routeId, outcome, '')
      if (retried) upstreamRetries.inc({ route: routeId })
    },
    onQuestion({ dialect, outcome, routeId, method, status, code, durationMs }) {
      questions?.inc({ dialect, outcome })
      const route = routeId ?? UNMATCHED
      requests.add(route, METHODS.has(method) ? method : 'other', status)
      requestDuration.observe(durationMs / 1000, route)
      if (code !== null) refusals.inc({ route, code })
    },
    onStream(event) {
      const { kind } = event
      if (event.phase === 'begun') {
        openStreams.inc({ kind })
      } else {
        openStreams.dec({ kind })
        streamsEnded.inc({ kind, cause: event.why })
      }
    },
    onCall({ operation, outcome, durationMs }) {
      calls.inc({ operation, outcome })
      lastCalls.setToCurrentTime({ outcome })
      callDuration.observe({ operation }, durationMs / 1000)
    },
    onEviction(store) {
      evictions.inc({ store })
    },
    onWatchRead(outcome) {
      watchReads.inc({ outcome })
    },
    onDeath(reason) {
      invalidations.inc({ cause: reason })
    },
    onInvalidation(families) {
      invalidations.inc({ cause: 'operator' }, families)
    },
  }
}
