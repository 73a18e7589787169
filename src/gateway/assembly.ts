import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { checkGatewayConfig } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics, MetricsOptions } from '../metrics/index.ts'
import { createMetrics } from '../metrics/index.ts'
import { packageVersion } from '../package-version.ts'
import { configurationFacts } from './configuration-facts.ts'
import type { LiveConfiguration } from './live-configuration.ts'
import { createLiveConfiguration } from './live-configuration.ts'
import type { RequestWatch } from './request-watch.ts'
import { createRequestWatch } from './request-watch.ts'
import type { Traffic } from './traffic.ts'
import type { OpenVerification } from './verification-opening.ts'

/** Options of {@link assemble}. */
export interface AssemblyOptions extends Pick<MetricsOptions, 'processName' | 'workers'> {
  readonly config: GatewayConfig
  readonly openVerification: OpenVerification
  readonly logger: Logger
  /** How many lines the logger has lost so far. @default none */
  readonly linesDropped?: (() => number) | undefined
  readonly clock: Clock | undefined
  /** The listener of this process; null: there is none, or none yet. */
  readonly traffic: () => Traffic | null
}

/** What a process consists of before it listens. */
export interface Assembly {
  readonly live: LiveConfiguration
  readonly metrics: Metrics
  readonly watch: RequestWatch
}

/**
 * Puts together what a process serves and what it counts.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function assemble(options: AssemblyOptions): Assembly {
  const { config, traffic, processName, workers } = options
  checkGatewayConfig(config)
  const watch = createRequestWatch(config, options.logger)
  const { linesDropped = () => 0 } = options
  // The metrics show what is served, and what is served reports to the metrics: they are made first and look later.
  const metrics = createMetrics({
    version: packageVersion(),
    backend: config.verifier.type,
    ...configurationFacts(config),
    processName,
    workers,
    forwardAuth: config.forwardAuth !== undefined,
    linesDropped: () => ({ process: linesDropped(), access: watch.accessLog.dropped }),
    connections: () => traffic()?.figures() ?? null,
    upstreams: () => live.doors.proxy.upstreams(),
    waiting: () => live.doors.proxy.waiting(),
    assertionKeys: () => live.doors.assertions?.keyIds ?? [],
    verification: {
      entries: (store) => live.verification.entries(store),
      get breakerState() {
        return live.verification.breakerState
      },
      get exchangeBreakerState() {
        return live.verification.identityProviders?.breakerState
      },
      get clockOffsetMs() {
        return live.verification.clockOffsetMs
      },
      get watchState() {
        return live.verification.watchState
      },
    },
  })
  const live: LiveConfiguration = createLiveConfiguration({
    ...options,
    metrics,
    watch,
    lead: async (doors) => traffic()?.use(doors.proxy),
  })
  return { live, metrics, watch }
}
