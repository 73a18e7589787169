/**
 * Values of labels that are known beforehand, and the bounds of buckets. What can be counted is exported as 0 from the
 * start: an alert on a counter that is not there never fires.
 *
 * @module
 */

import type { Counter, Gauge } from 'prom-client'

import type { ForwardAuthEvent } from '../forward-auth/index.ts'
import type { StreamEnd, StreamKind } from '../proxy/index.ts'
import type { DeathReason } from '../revocation/index.ts'
import type { WatchOutcome, WatchState } from '../verification/index.ts'
import type { BreakerState } from '../verifier/index.ts'

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
