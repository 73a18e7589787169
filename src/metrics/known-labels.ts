/**
 * Values of labels that are known beforehand, and the bounds of buckets. What can be counted is exported as 0 from the
 * start: an alert on a counter that is not there never fires.
 *
 * @module
 */

import type { Counter, Gauge, Histogram } from 'prom-client'

import type { AnswerCode, DecisionEvent } from '../authenticator/index.ts'
import { ANSWER_CODES } from '../authenticator/index.ts'
import type { ForwardAuthEvent } from '../forward-auth/index.ts'
import type { FinishedCall } from '../http-client/index.ts'
import type { StreamEnd, StreamKind, UpstreamEvent } from '../proxy/index.ts'
import { UNMATCHED } from '../proxy/index.ts'
import type { DeathReason } from '../revocation/index.ts'
import type { Sliced } from '../slices.ts'
import type { WatchOutcome, WatchState } from '../verification/index.ts'
import type { BackendName, BreakerState, VerdictSource } from '../verifier/index.ts'
import type { RouteFacts } from './process-metrics.ts'
import type { QuickHistogram } from './quick-histogram.ts'
import type { Tally } from './tally.ts'

/** From 50 µs: a remembered verdict costs tens of microseconds, and would vanish in the usual first bucket of 5 ms. */
export const REQUEST_BUCKETS: readonly number[] = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10,
]
export const STALENESS_BUCKETS: readonly number[] = [
  0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 7.5, 10, 15, 30, 60, 300,
]
export const CALL_BUCKETS: readonly number[] = [
  0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
]

export const WATCH_STATES: readonly WatchState[] = ['off', 'active', 'degraded']
export const OUTCOMES: readonly ForwardAuthEvent['outcome'][] = ['granted', 'refused', 'fault']
const STREAM_KINDS: readonly StreamKind[] = ['websocket', 'event-stream']
const STREAM_ENDS: readonly StreamEnd[] = [
  'client',
  'upstream',
  'idle',
  'refused',
  'unverified',
  'draining',
]
const WATCH_OUTCOMES: readonly WatchOutcome[] = [
  'ok',
  'forbidden',
  'missing',
  'unauthorized',
  'fault',
]
const CAUSES: readonly (DeathReason | 'operator')[] = [
  'token_revoked',
  'token_invalid',
  'user_blocked',
  'operator',
]
export const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open']

/** Methods that are a label of their own; all others are `other`. */
export const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])

/** Of these methods and statuses are most requests, and what the gateway itself answers. */
const FIRST_METHOD = 'GET'
const FIRST_STATUSES: readonly number[] = [200, 401, 403, 502, 503, 504]

/** Where a verdict of each outcome can come from, beside who was asked. */
const SOURCES: Readonly<Record<DecisionEvent['outcome'], readonly VerdictSource[]>> = {
  granted: ['cache', 'coalesced', 'stale'],
  refused: ['local', 'cache', 'coalesced'],
  fault: ['local', 'coalesced'],
}

/** Why a request is refused before there is a route. */
const BEFORE_A_ROUTE: readonly AnswerCode[] = [
  'request_invalid',
  'route_not_found',
  'method_not_allowed',
  'headers_too_large',
  'target_too_long',
  'method_not_carried',
  'request_timeout',
  'expectation_failed',
  'client_limit_exceeded',
  'asker_not_trusted',
]
/** What becomes of a request that was granted: the upstream and the body are no matter of refusals. */
const AFTER_A_GRANT: readonly AnswerCode[] = [
  'handshake_invalid',
  'websocket_not_carried',
  'body_too_large',
  'coding_not_supported',
  'upstream_unreachable',
  'upstream_timeout',
  'loop_detected',
]
const OF_A_ROUTE: readonly AnswerCode[] = ANSWER_CODES.filter(
  (code) => !BEFORE_A_ROUTE.includes(code) && !AFTER_A_GRANT.includes(code),
)

const UPSTREAM_OUTCOMES: readonly UpstreamEvent['outcome'][] = [
  'ok',
  'unreachable',
  'timeout',
  'aborted',
]

/** With more routes what is counted by route begins when it is first counted: a scrape would have megabytes of 0. */
const MOST_ROUTES = 50

/** What each backend is asked. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  onezone: [
    'verifyAccessToken',
    'verifyIdentityToken',
    'verifyInviteToken',
    'getTemporaryTokenGenerationOfUser',
    'getTemporaryTokenGenerationOfProvider',
    'getNamedTokenStatus',
  ],
  'token-lookup': ['getTokenMetadataBySecret'],
}
const CALL_OUTCOMES: readonly FinishedCall['outcome'][] = ['ok', 'refused', 'fault']

/** What is counted by such labels. */
export interface Countable {
  readonly openStreams: Gauge<'kind'>
  readonly streamsEnded: Counter<'kind' | 'cause'>
  readonly evictions: Counter<'store'>
  readonly invalidations: Counter<'cause'>
  readonly watchReads: Counter<'outcome'>
}

/** Exports all of it as 0. */
export function startFromZero(countable: Countable): void {
  const { openStreams, streamsEnded, evictions, invalidations, watchReads } = countable
  for (const kind of STREAM_KINDS) {
    openStreams.set({ kind }, 0)
    for (const cause of STREAM_ENDS) streamsEnded.inc({ kind, cause }, 0)
  }
  for (const store of ['grants', 'refusals', 'families']) evictions.inc({ store }, 0)
  for (const cause of CAUSES) invalidations.inc({ cause }, 0)
  for (const outcome of WATCH_OUTCOMES) watchReads.inc({ outcome }, 0)
}

/** What is counted of calls to the verifier. */
export interface CallCountable {
  readonly calls: Counter<'operation' | 'outcome'>
  readonly callDuration: Histogram<'operation'>
}

/** Exports it as 0 for all that the backend may be asked. */
export function startCallsFromZero(
  { calls, callDuration }: CallCountable,
  backend: BackendName,
): void {
  for (const operation of OPERATIONS[backend] ?? []) {
    callDuration.zero({ operation })
    for (const outcome of CALL_OUTCOMES) calls.inc({ operation, outcome }, 0)
  }
}

/** What is counted by route. */
export interface RouteCountable {
  readonly requests: Tally<number>
  readonly requestDuration: QuickHistogram
  readonly verdicts: Tally<string>
  readonly refusals: Counter<'route' | 'code'>
  readonly upstreamRequests: Tally<string>
  readonly upstreamRetries: Counter<'route'>
  readonly upstreamAnswers: QuickHistogram
}

/**
 * Exports it as 0 for these routes, and for requests that take none, in slices; what was counted stays.
 *
 * @param begun The routes for which that was done before: to do it again takes as long, and changes nothing.
 */
export function* startRoutesFromZero(
  countable: RouteCountable,
  backend: BackendName,
  routes: readonly RouteFacts[],
  begun: Set<string>,
): Sliced<void> {
  const { requests, requestDuration, verdicts, refusals } = countable
  for (const code of BEFORE_A_ROUTE) refusals.inc({ route: UNMATCHED, code }, 0)
  for (const { id, takesTokens, hasUpstream } of routes.slice(0, MOST_ROUTES)) {
    yield
    const what = `${takesTokens} ${hasUpstream} ${id}`
    if (begun.has(what)) continue
    begun.add(what)
    requestDuration.begin(id)
    for (const status of FIRST_STATUSES) requests.begin(id, FIRST_METHOD, status)
    if (takesTokens) {
      for (const code of OF_A_ROUTE) refusals.inc({ route: id, code }, 0)
      for (const [outcome, sources] of Object.entries(SOURCES)) {
        for (const source of [...sources, backend]) verdicts.begin(id, outcome, source)
      }
    }
    if (hasUpstream) {
      countable.upstreamAnswers.begin(id)
      countable.upstreamRetries.inc({ route: id }, 0)
      for (const outcome of UPSTREAM_OUTCOMES) countable.upstreamRequests.begin(id, outcome, '')
    }
  }
}
