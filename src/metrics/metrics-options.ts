import { Registry } from 'prom-client'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, FLAG, having, TEXT } from '../option-shape.ts'
import type { VerdictStore, WatchState } from '../verification/index.ts'
import type { BackendName, BreakerState } from '../verifier/index.ts'
import type { ConnectionFigures } from './traffic-metrics.ts'
import type { ProcessMetricsOptions } from './process-metrics.ts'
import { PROCESS_METRICS_OPTIONS } from './process-metrics.ts'

/** Options of `createMetrics`. */
export interface MetricsOptions extends ProcessMetricsOptions {
  /** Where the metrics are registered, e.g. together with those of your application. @default a registry of its own */
  readonly registry?: Registry | undefined
  /** Who is asked: calls are counted under that name. @default 'onezone' */
  readonly backend?: BackendName | undefined
  /** Looked at on each scrape. */
  readonly verification: {
    entries(store: VerdictStore | 'families'): number
    readonly breakerState: BreakerState
    /** @default 'closed' */
    readonly exchangeBreakerState?: BreakerState | undefined
    readonly clockOffsetMs: number
    readonly watchState: WatchState
  }
  /** What the listener for clients has; looked at on each scrape. @default nothing listens */
  readonly connections?: (() => ConnectionFigures | null) | undefined
  /** Names of the keys of assertions; looked at on each scrape. @default none */
  readonly assertionKeys?: (() => readonly string[]) | undefined
  /** Whether front proxies may ask: only then are their questions counted, from 0. @default false */
  readonly forwardAuth?: boolean | undefined
  /** The upstreams of each route; looked at on each scrape. @default none */
  readonly upstreams?:
    | (() => readonly { readonly routeId: string; readonly url: string; readonly up: boolean }[])
    | undefined
  /** How many requests wait for a connection to each upstream; looked at on each scrape. @default none */
  readonly waiting?: (() => ReadonlyMap<string, number>) | undefined
}

/** What they may be. */
export const METRICS_OPTIONS: OptionShape<MetricsOptions> = {
  ...PROCESS_METRICS_OPTIONS,
  registry: having('a registry of prom-client', 'registerMetric', 'metrics'),
  backend: TEXT,
  verification: having('a verification', 'entries'),
  upstreams: CALLBACK,
  waiting: CALLBACK,
  connections: CALLBACK,
  assertionKeys: CALLBACK,
  forwardAuth: FLAG,
}
