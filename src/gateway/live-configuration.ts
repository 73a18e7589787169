import { isDeepStrictEqual } from 'node:util'

import type { DecisionEvent } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Sliced } from '../slices.ts'
import { inOneGo, inSlices } from '../slices.ts'
import type { Tracing } from '../tracing/index.ts'
import type { Verification } from '../verification/index.ts'
import { configurationFacts } from './configuration-facts.ts'
import type { Doors } from './doors.ts'
import { assembleDoors } from './doors.ts'
import type { RequestWatch } from './request-watch.ts'
import type { OpenVerification } from './verification-opening.ts'

/** Options of {@link createLiveConfiguration}. */
export interface LiveConfigurationOptions {
  readonly config: GatewayConfig
  readonly openVerification: OpenVerification
  readonly metrics: Metrics
  readonly watch: RequestWatch
  /** Null: nobody gathers traces. */
  readonly tracing: Tracing | null
  readonly logger: Logger
  /** Told of every decision, besides the metrics. @default nobody is */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined
  readonly clock: Clock | undefined
  /** Lets requests come to these doors from now on. Settles when the last one at the doors before is over. */
  readonly lead: (doors: Doors) => Promise<void>
}

/** What a gateway works by, which can be changed while it runs. */
export interface LiveConfiguration {
  readonly config: GatewayConfig
  readonly verification: Verification
  readonly doors: Doors
  /** Takes back what is known about whoever is selected, also where requests are still served by older settings. */
  readonly invalidate: Verification['invalidate']
  /** Takes back what was granted under a key, as widely. */
  readonly withdraw: Verification['withdraw']
  /**
   * Goes over to another configuration. New requests are served by it; those under way end by the one before. What is
   * known of tokens stays known unless the verifier or its settings have changed. While it is made ready, others are
   * served. One change at a time.
   *
   * @throws {TypeError} for options that make no sense; then nothing has changed.
   */
  change(config: GatewayConfig): Promise<void>
  /** Leads requests of another listener, too, as `lead` does. */
  follow(lead: (doors: Doors) => Promise<void>): void
  /** Answers from now on that requests are to be sent elsewhere; they are still served. */
  announceEnd(): void
  /** Ends all WebSockets and event streams, those that are yet to begin too. */
  drainStreams(): void
  /** Ends all connections to upstreams and to the verifier. */
  close(): Promise<void>
}

/** One configuration in use. */
interface Generation {
  readonly config: GatewayConfig
  readonly verification: Verification
  readonly doors: Doors
}

/**
 * Over which part of the drain time, and at most, the ends of streams are spread, so that clients do not return at
 * once.
 */
const STREAM_DRAIN = 0.1
const MOST_STREAM_DRAIN_MS = 2_000

/** Sets a configuration to work. */
export function createLiveConfiguration(options: LiveConfigurationOptions): LiveConfiguration {
  const { metrics, watch, logger } = options
  const leads = [options.lead]
  const generations = new Set<Generation>()
  let ending = false
  const unreadiness = (): string | null => (ending ? 'draining' : null)
  let closed = false
  const first = openVerification(options.config)
  let current = begin(options.config, first, inOneGo(doorsOf(options.config, first)))

  function doorsOf(config: GatewayConfig, verification: Verification): Sliced<Doors> {
    return assembleDoors(config, { ...options, verification, unreadiness })
  }

  function begin(config: GatewayConfig, verification: Verification, doors: Doors): Generation {
    const generation = { config, verification, doors }
    generations.add(generation)
    return generation
  }

  function openVerification(config: GatewayConfig): Verification {
    return options.openVerification(config, { ...options, recheckStreams })
  }

  /** Also the streams that are still served by older settings. */
  function recheckStreams(): void {
    for (const { doors } of generations) doors.proxy.recheckStreams()
  }

  async function change(config: GatewayConfig): Promise<void> {
    const before = current
    const { verification } = before
    const keeps = isDeepStrictEqual(verifierOf(config), verifierOf(before.config))
    const used = keeps ? verification : openVerification(config)
    try {
      current = begin(config, used, await inSlices(doorsOf(config, used)))
    } catch (error) {
      if (!keeps) void used.close()
      throw error
    }
    if (closed) return end(current)
    if (!keeps) logger.info({}, 'the verifier has changed: what was known of tokens is forgotten')
    watch.change(config)
    await metrics.onConfiguration(configurationFacts(config))
    Promise.all(leads.map((lead) => lead(current.doors))).then(
      () => end(before),
      (error: unknown) => logger.error({ err: error }, 'old settings could not be let go'),
    )
  }

  async function end(generation: Generation): Promise<void> {
    if (!generations.delete(generation)) return
    const { doors, verification } = generation
    await doors.proxy.close()
    const isUsed = [...generations].some((each) => each.verification === verification)
    if (!isUsed) await verification.close()
  }

  return {
    get config() {
      return current.config
    },
    get verification() {
      return current.verification
    },
    get doors() {
      return current.doors
    },
    invalidate(selector, how) {
      const counted = current.verification.invalidate(selector, how)
      for (const { verification } of generations) {
        if (verification !== current.verification) verification.invalidate(selector, how)
      }
      if (how?.dryRun !== true) recheckStreams()
      return counted
    },
    withdraw(key) {
      for (const { verification } of generations) verification.withdraw(key)
    },
    change,
    announceEnd() {
      ending = true
    },
    follow: (lead) => void leads.push(lead),
    drainStreams() {
      const { drainMs } = current.config.shutdown
      const withinMs = Math.min(drainMs * STREAM_DRAIN, MOST_STREAM_DRAIN_MS)
      for (const { doors } of generations) doors.proxy.drainStreams(withinMs)
    },
    async close() {
      closed = true
      await Promise.allSettled([...generations].map(end))
      watch.close()
    },
  }
}

/** The settings on which what is known of tokens depends. */
function verifierOf({ verifier, verdicts, store }: GatewayConfig): unknown {
  return { verifier, verdicts, store }
}
