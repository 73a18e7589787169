import { setTimeout as delay } from 'node:timers/promises'

import type { GatewayConfig } from '../config/index.ts'
import { originsOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics, MetricsSnapshot, ReloadOutcome } from '../metrics/index.ts'
import type { AdminView, AdminWindow } from './admin-window.ts'
import { openAdminWindow } from './admin-window.ts'
import { openAskedListeners } from './asked-listeners.ts'
import type { LiveConfiguration } from './live-configuration.ts'
import { createReload } from './reload.ts'
import { openState } from './gateway-state.ts'

/** What carries the traffic of a gateway: this process, or a fleet of workers. */
export interface Carrier {
  /** Base URL of the traffic listener, without a slash; empty where there is none. */
  readonly url: string
  /** The same for each address. */
  readonly urls: readonly string[]
  /** Why it carries no traffic; null: it does. */
  unreadiness(): string | null
  /** Goes over to a configuration, which may be the one before: TLS files are read anew all the same. */
  change(config: GatewayConfig): Promise<void>
  /** Says to those who look that requests are to be sent elsewhere; they are still served. */
  announceEnd(): void
  /** Accepts no more connections and lets them finish; what is left after `drainMs` is cut. */
  drain(drainMs: number): Promise<void>
}

/** Options of {@link openGateway}. */
export interface GatewayLifeOptions extends Pick<
  AdminView,
  'registry' | 'invalidate' | 'refusals'
> {
  readonly live: LiveConfiguration
  readonly metrics: Metrics
  /** The figures of all processes. */
  readonly snapshot: () => Promise<MetricsSnapshot>
  readonly logger: Logger
  readonly openCarrier: () => Promise<Carrier>
}

/** A gateway that runs, whoever carries its traffic. */
export interface GatewayLife {
  readonly url: string
  readonly urls: readonly string[]
  readonly adminUrl: string
  readonly forwardAuthUrl: string | null
  readonly forwardAuthGrpcUrl: string | null
  reload(load: () => Promise<GatewayConfig>): Promise<ReloadOutcome>
  close(): Promise<void>
}

/**
 * Opens the admin listener, then what carries the traffic; what is open is closed again if the other cannot be.
 *
 * @throws {Error} the system's own where a listener cannot be opened (`EADDRINUSE` …).
 */
export async function openGateway(
  config: GatewayConfig,
  options: GatewayLifeOptions,
): Promise<GatewayLife> {
  const { live, metrics, logger, registry, invalidate, refusals, openCarrier } = options
  let draining = false
  let carrier: Carrier | null = null

  function unreadiness(): string | null {
    if (draining) return 'draining'
    return carrier === null ? 'starting' : carrier.unreadiness()
  }

  const state = openState(config, {
    live,
    snapshot: options.snapshot,
    refusals: async () => refusals({}),
    unreadiness,
    urls: () => ({
      gateway: carrier === null || carrier.url === '' ? null : carrier.url,
      admin: admin.url,
      forwardAuth: asked?.url ?? null,
    }),
  })
  const admin: AdminWindow = await openAdminWindow(config, {
    state: state.read,
    registry,
    unreadiness,
    invalidate,
    refusals,
    explain: (request) => live.doors.explain(request),
    keySet: () => live.doors.assertions?.keySet ?? null,
    logger,
  }).catch(async (error: unknown) => {
    state.close()
    await live.close()
    throw error
  })
  const asked = await openAskedListeners(config, live, { logger, metrics }).catch(
    async (error: unknown) => {
      state.close()
      await Promise.all([admin.close(), live.close()])
      throw error
    },
  )
  const opened = await openCarrier().catch(async (error: unknown) => {
    state.close()
    await Promise.all([asked.drain(0), admin.close(), live.close()])
    throw error
  })
  carrier = opened

  const reloadConfig = createReload({
    config,
    parts: [live, admin],
    onReload(outcome, problems) {
      metrics.onReload(outcome)
      state.onReload(outcome, problems)
    },
    logger,
  })

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    draining = true
    opened.announceEnd()
    const { readinessDelayMs, drainMs } = live.config.shutdown
    try {
      state.close()
      if (readinessDelayMs > 0) await delay(readinessDelayMs)
      await Promise.all([opened.drain(drainMs), asked.drain(drainMs)])
    } finally {
      await Promise.allSettled([live.close(), admin.close()])
      // The observer that counts collections lives as long as the process, and would keep all that metrics look into.
      metrics.registry.clear()
    }
  }

  return {
    url: opened.url,
    urls: opened.urls,
    adminUrl: admin.url,
    forwardAuthUrl: asked.url,
    forwardAuthGrpcUrl: asked.grpcUrl,
    async reload(load) {
      let loaded: GatewayConfig | null = null
      const outcome = await reloadConfig(async () => (loaded = await load()))
      // Settings that say the same may stand elsewhere now.
      if (loaded !== null && outcome !== 'refused') state.onOrigins(originsOf(loaded))
      await asked.reloadCertificate(live.config)
      await opened.change(live.config)
      return outcome
    },
    close: () => (closing ??= close()),
  }
}
