/**
 * The process: configuration in, two listeners out. The one that carries traffic, and the one that operators look in by.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'

import type { ExplainRequest, Explanation } from './admin/index.ts'
import type { Clock } from './clock.ts'
import type { GatewayConfig } from './config/index.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './logger.ts'
import type { ReloadOutcome } from './metrics/index.ts'
import type { OptionShape } from './option-shape.ts'
import { checkOptions, CLOCK, LOGGER } from './option-shape.ts'
import type { Traffic } from './serving/index.ts'
import {
  assemble,
  createReload,
  openAdminWindow,
  openTraffic,
  openVerificationOf,
} from './serving/index.ts'
import type { Verification } from './verification/index.ts'

export type { ConfigSources, GatewayConfig, RouteConfig } from './config/index.ts'
export { loadConfig } from './config/index.ts'
export type { ExplainRequest, Explanation } from './admin/index.ts'
export type { ReloadOutcome } from './metrics/index.ts'
export type { InvalidationSelector } from './verification/index.ts'

/** Options of {@link createGateway} that no configuration file can carry. */
export interface GatewayOptions {
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

const GATEWAY_OPTIONS: OptionShape<GatewayOptions> = { logger: LOGGER, clock: CLOCK }

/** A running gateway. */
export interface Gateway {
  /** Base URL of the traffic listener, without a slash. */
  readonly url: string
  /** Base URL of the admin listener: `/metrics`, `/livez`, `/readyz`, `/invalidate`, `/explain`. */
  readonly adminUrl: string
  /** Takes back what is known about whoever is selected, as `POST /invalidate` does; nothing is logged. */
  readonly invalidate: Verification['invalidate']
  /**
   * Goes over to the configuration that `load` brings, and reads the TLS files anew. New requests are served by it, those
   * under way end by the one before, and no connection is dropped. What is known of tokens stays known unless `onezone`, `verifier` or
   * `verdicts` have changed. `listen`, `adminListen`, `workers`, `reload`, whether there is TLS, `tls.clientAuth`, `tls.http2` and `verifier.type` are
   * read once, when the gateway starts.
   *
   * @returns `refused` where the configuration cannot be used: then the last good one stays, and the log says why.
   */
  reload(load: () => Promise<GatewayConfig>): Promise<ReloadOutcome>
  /**
   * Drains: readiness turns, requests that are under way finish, WebSockets and event streams are ended, idle connections
   * are closed; what is left after `shutdown.drainMs` is cut. Before, requests are still accepted for
   * `shutdown.readinessDelayMs`. Safe to call twice.
   */
  close(): Promise<void>
}

/**
 * Starts a gateway.
 *
 * @throws {TypeError} for options that make no sense (`loadConfig` finds them earlier, with their place).
 * @throws {Error} the system's own where a listener cannot be opened (`EADDRINUSE` …).
 */
export async function createGateway(
  config: GatewayConfig,
  options: GatewayOptions = {},
): Promise<Gateway> {
  checkOptions('createGateway', options, GATEWAY_OPTIONS)
  const { logger = silentLogger } = options
  let traffic: Traffic | null = null
  const { serving, metrics } = assemble({
    config,
    openVerification: openVerificationOf(),
    logger,
    clock: options.clock,
    traffic: () => traffic,
  })
  const invalidate: Gateway['invalidate'] = (selector, how) => {
    const invalidated = serving.invalidate(selector, how)
    if (how?.dryRun !== true) metrics.onInvalidation(invalidated.families)
    return invalidated
  }

  let draining = false
  const admin = await openAdminWindow(config, {
    registry: metrics.registry,
    unreadiness: () => (draining ? 'draining' : null),
    invalidate,
    explain: (request) => serving.doors.explain(request),
    logger,
  }).catch(async (error: unknown) => {
    await serving.close()
    throw error
  })
  const opened = await openTraffic({
    config,
    door: serving.doors.proxy,
    logger,
    onCertificate: metrics.onCertificate,
  }).catch(async (error: unknown) => {
    await Promise.all([admin.close(), serving.close()])
    throw error
  })
  traffic = opened

  const reloadConfig = createReload({
    config,
    parts: [serving, admin],
    onReload: metrics.onReload,
    logger,
  })
  async function reload(load: () => Promise<GatewayConfig>): Promise<ReloadOutcome> {
    const outcome = await reloadConfig(load)
    await opened.reloadCertificate(serving.config)
    return outcome
  }

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    draining = true
    const { readinessDelayMs, drainMs } = serving.config.shutdown
    try {
      if (readinessDelayMs > 0) await delay(readinessDelayMs)
      serving.drainStreams()
      await opened.drain(drainMs)
    } finally {
      await Promise.allSettled([serving.close(), admin.close()])
    }
  }

  return {
    url: opened.url,
    adminUrl: admin.url,
    invalidate,
    reload,
    close: () => (closing ??= close()),
  }
}

/**
 * Explains one request by a configuration, as a gateway that has just started would answer it. Nothing listens, and
 * nothing is sent but the question to the verifier, if the request says to `ask`.
 *
 * @throws {TypeError} for options that make no sense.
 */
export async function explainRequest(
  config: GatewayConfig,
  request: ExplainRequest,
  options: GatewayOptions = {},
): Promise<Explanation> {
  checkOptions('explainRequest', options, GATEWAY_OPTIONS)
  const { serving } = assemble({
    config,
    openVerification: openVerificationOf(),
    logger: options.logger ?? silentLogger,
    clock: options.clock,
    traffic: () => null,
  })
  try {
    return await serving.doors.explain(request)
  } finally {
    await serving.close()
  }
}
