/**
 * The metric names that are about the processes of a gateway and their settings, not about its traffic.
 *
 * @module
 */

import type { Registry } from 'prom-client'
import { collectDefaultMetrics, Counter, Gauge } from 'prom-client'

import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, FLAG, JUDGED_ELSEWHERE, listOf, NUMBER, TEXT } from '../option-shape.ts'

/** What there is to count of a route. */
export interface RouteFacts {
  readonly id: string
  /** Whether a request may be asked for a token. */
  readonly takesTokens: boolean
  /** Whether requests are sent on. */
  readonly hasUpstream: boolean
}

/** What the metrics show of a configuration. */
export interface ConfigurationFacts {
  /** Bound on the age of a fact behind a grant, in seconds. */
  readonly maxStalenessSeconds: number
  /** The longest that a revocation at an identity provider can go unseen; 0: no route takes such tokens. @default 0 */
  readonly exchangeBoundSeconds?: number | undefined
  /** Names of settings in force that are unsafe. @default [] */
  readonly insecureSettings?: readonly string[] | undefined
  /** What is counted by route begins at 0 for these. @default none: it begins when it is counted */
  readonly routes?: readonly RouteFacts[] | undefined
}

/** What became of the wish that the configuration be read anew. */
export type ReloadOutcome = 'applied' | 'unchanged' | 'refused'

const RELOAD_OUTCOMES: readonly ReloadOutcome[] = ['applied', 'unchanged', 'refused']

/** Options of {@link createProcessMetrics}. */
export interface ProcessMetricsOptions extends ConfigurationFacts {
  /** Version for `onegate_build_info`. */
  readonly version: string
  /** Add Node's own metrics. @default true */
  readonly nodeMetrics?: boolean | undefined
  /** Which of several processes this is: a label of Node's own metrics. @default none */
  readonly processName?: string | undefined
  /** How many lines each log of this process has lost so far; looked at on each scrape. @default none */
  readonly linesDropped?: (() => Readonly<Record<'process' | 'access', number>>) | undefined
  /** How many worker processes carry traffic; looked at on each scrape. @default none: there are no workers */
  readonly workers?: (() => number) | undefined
}

/** What they may be. */
export const PROCESS_METRICS_OPTIONS: OptionShape<ProcessMetricsOptions> = {
  maxStalenessSeconds: NUMBER,
  exchangeBoundSeconds: NUMBER,
  insecureSettings: listOf('names', TEXT),
  routes: JUDGED_ELSEWHERE,
  version: TEXT,
  nodeMetrics: FLAG,
  processName: TEXT,
  workers: CALLBACK,
  linesDropped: CALLBACK,
}

/** Which listener shows a certificate. */
export type TlsListener = 'traffic' | 'forward_auth'

/** Takes what happens to the processes. */
export interface ProcessMetrics {
  readonly onReload: (outcome: ReloadOutcome) => void
  /** The gateway works by another configuration from now on. */
  readonly onConfiguration: (facts: ConfigurationFacts) => void
  /** A TLS listener shows another certificate from now on, which ends then (milliseconds since 1970). */
  readonly onCertificate: (listener: TlsListener, validUntilMs: number) => void
  /** A worker process has ended and another takes its place. */
  readonly onWorkerRestart: () => void
  /** A worker process does not react. */
  readonly onWorkerHang: () => void
}

/** Of gauges that several processes have, that of the first counts: it is the one that asks Onezone. */
export const OF_THE_FIRST = 'first'

/** Gauges of Node that `promtool check metrics` objects to, because a gauge must not end in `_total`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** Makes the metrics of one process, in a registry that has others too. */
export function createProcessMetrics(
  registry: Registry,
  options: ProcessMetricsOptions,
): ProcessMetrics {
  const registers = [registry]
  const aggregator = OF_THE_FIRST
  const reloads = new Counter({
    name: 'onegate_config_reloads_total',
    help: 'How often the configuration was read anew, by outcome (applied, unchanged, refused).',
    labelNames: ['outcome'],
    registers,
  })
  // From the start: an alert on an increase does not see a counter that begins at 1.
  for (const outcome of RELOAD_OUTCOMES) reloads.inc({ outcome }, 0)
  const lastReload = new Gauge({
    name: 'onegate_config_last_reload_timestamp_seconds',
    help: 'When the configuration in force was applied.',
    registers,
    aggregator,
  })
  const maxStaleness = new Gauge({
    name: 'onegate_max_staleness_seconds',
    help: 'No request is granted on a fact older than this (stale-if-error included).',
    registers,
    aggregator,
  })
  const exchangeBound = new Gauge({
    name: 'onegate_exchange_bound_seconds',
    help: 'A revocation at an identity provider is seen within this; 0: no route takes such tokens.',
    registers,
    aggregator,
  })
  const insecure = new Gauge({
    name: 'onegate_insecure_setting',
    help: 'An unsafe setting that is in force; always 1.',
    labelNames: ['setting'],
    registers,
    aggregator,
  })
  new Gauge({
    name: 'onegate_build_info',
    help: 'Version of onegate and of Node; always 1.',
    labelNames: ['version', 'node'],
    registers,
    aggregator,
  }).set({ version: options.version, node: process.versions.node }, 1)
  const restarts = new Counter({
    name: 'onegate_worker_restarts_total',
    help: 'Worker processes that were started in place of one that had ended.',
    registers,
  })
  const hangs = new Counter({
    name: 'onegate_worker_hangs_total',
    help: 'Worker processes that did not react for a second and more; they get no connections, and are ended.',
    registers,
  })
  const { workers, processName, linesDropped = () => ({ process: 0, access: 0 }) } = options
  const counted = { process: 0, access: 0 }
  new Counter({
    name: 'onegate_log_lines_dropped_total',
    help: 'Lines that were lost because they could not be written in time, by log (process, access).',
    labelNames: ['log'],
    registers,
    collect() {
      const dropped = linesDropped()
      for (const log of ['process', 'access'] as const) {
        this.inc({ log }, Math.max(0, dropped[log] - counted[log]))
        counted[log] = dropped[log]
      }
    },
  })
  if (workers !== undefined) {
    new Gauge({
      name: 'onegate_workers',
      help: 'Worker processes that carry traffic and react.',
      registers,
      aggregator,
      collect() {
        this.set(workers())
      },
    })
  }
  let certificate: Gauge<'listener'> | null = null

  if (options.nodeMetrics ?? true) {
    const labels = processName === undefined ? {} : { process: processName }
    collectDefaultMetrics({ register: registry, labels })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
  }

  function onConfiguration({
    maxStalenessSeconds,
    exchangeBoundSeconds = 0,
    insecureSettings = [],
  }: ConfigurationFacts): void {
    maxStaleness.set(maxStalenessSeconds)
    exchangeBound.set(exchangeBoundSeconds)
    insecure.reset()
    for (const setting of insecureSettings) insecure.set({ setting }, 1)
    lastReload.setToCurrentTime()
  }
  onConfiguration(options)

  return {
    onConfiguration,
    onReload(outcome) {
      reloads.inc({ outcome })
    },
    onCertificate(listener, validUntilMs) {
      certificate ??= new Gauge({
        name: 'onegate_tls_certificate_expiry_seconds',
        help: 'Unix time at which the first certificate in the chain of a TLS listener ends.',
        labelNames: ['listener'],
        registers,
        aggregator: 'min',
      })
      certificate.set({ listener }, validUntilMs / 1000)
    },
    onWorkerRestart() {
      restarts.inc()
    },
    onWorkerHang() {
      hangs.inc()
    },
  }
}
