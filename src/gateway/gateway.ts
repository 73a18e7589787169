import type { ExplainRequest, Explanation } from '../admin/index.ts'
import { EXPLAIN_REQUEST } from '../admin/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { addressesOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import { silentLogger } from '../logger.ts'
import type { ReloadOutcome } from '../metrics/index.ts'
import { takeOwnSnapshot } from '../metrics/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, checkOptions, CLOCK, LOGGER } from '../option-shape.ts'
import type { Verification } from '../verification/index.ts'
import { assemble } from './assembly.ts'
import type { Carrier } from './gateway-life.ts'
import { openGateway } from './gateway-life.ts'
import type { Traffic } from './traffic.ts'
import { connectionLimitOf } from './connection-limit.ts'
import { openTraffic, trafficOf } from './traffic.ts'
import { openVerificationOf } from './verification-opening.ts'

/** Options of {@link createGateway} that no configuration file can carry. */
export interface GatewayOptions {
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** How many lines the logger has lost so far, for `onegate_log_lines_dropped_total`. @default none */
  readonly linesDropped?: (() => number) | undefined
}

const GATEWAY_OPTIONS: OptionShape<GatewayOptions> = {
  logger: LOGGER,
  clock: CLOCK,
  linesDropped: CALLBACK,
}

/** What carries traffic where there is none: front proxies carry it, and only ask. */
const NO_TRAFFIC: Carrier = {
  url: '',
  urls: [],
  unreadiness: () => null,
  change: async () => {},
  announceEnd: () => {},
  drain: async () => {},
}

/** A running gateway. */
export interface Gateway {
  /** Base URL of the traffic listener, without a slash; empty where no route has an upstream. */
  readonly url: string
  /** The same for each address of `listen`; `unix:` and its file for a Unix socket. */
  readonly urls: readonly string[]
  /** Base URL of the admin listener: the page for people, `/state`, `/metrics`, `/livez`, `/readyz` … */
  readonly adminUrl: string
  /** Base URL of the listener that front proxies ask, or `unix:` and its file; null: there is none. */
  readonly forwardAuthUrl: string | null
  /** Base URL of the listener that they ask by gRPC, likewise. */
  readonly forwardAuthGrpcUrl: string | null
  /** Takes back what is known about whoever is selected, as `POST /invalidate` does; nothing is logged. */
  readonly invalidate: Verification['invalidate']
  /**
   * Goes over to the configuration that `load` brings, and reads the TLS files anew. New requests are served by it,
   * those under way end by the one before, and no connection is dropped. What is known of tokens stays known unless
   * `onezone`, `verifier` or `verdicts` have changed. `listen`, `adminListen`, `forwardAuth.listen`, `workers`,
   * `reload`, whether there is TLS, `tls.clientAuth`, `tls.http2` and `verifier.type` are read once, when the gateway
   * starts.
   *
   * @returns `refused` where the configuration cannot be used: then the last good one stays, and the log says why.
   */
  reload(load: () => Promise<GatewayConfig>): Promise<ReloadOutcome>
  /**
   * Drains: readiness turns, requests that are under way finish, WebSockets and event streams are ended, idle
   * connections are closed; what is left after `shutdown.drainMs` is cut. Before, requests are still accepted for
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
  const { live, metrics, watch } = assemble({
    config,
    openVerification: openVerificationOf(),
    logger,
    linesDropped: options.linesDropped,
    clock: options.clock,
    traffic: () => traffic,
  })
  const invalidate: Gateway['invalidate'] = (selector, how) => {
    const invalidated = live.invalidate(selector, how)
    if (how?.dryRun !== true) metrics.onInvalidation(invalidated.families)
    return invalidated
  }

  async function openCarrier(): Promise<Carrier> {
    if (config.listen === undefined) return NO_TRAFFIC
    const opened = await openTraffic({
      on: addressesOf(config.listen),
      ...trafficOf(config),
      door: live.doors.proxy,
      limit: connectionLimitOf(config, logger),
      logger,
      onCertificate: (validUntilMs) => metrics.onCertificate('traffic', validUntilMs),
      onHandshakeFailure: metrics.onHandshakeFailure,
    })
    traffic = opened
    return {
      url: opened.url,
      urls: opened.urls,
      unreadiness: () => null,
      change(next) {
        watch.change(next)
        return opened.change(trafficOf(next))
      },
      announceEnd: () => live.announceEnd(),
      drain(drainMs) {
        live.drainStreams()
        return opened.drain(drainMs)
      },
    }
  }

  const { registry } = metrics
  const life = await openGateway(config, {
    live,
    metrics,
    logger,
    registry,
    snapshot: () => takeOwnSnapshot(registry),
    invalidate,
    refusals: (query) => watch.find(query),
    openCarrier,
  })
  return { ...life, invalidate }
}

/**
 * Explains one request by a configuration, as a gateway that has just started would answer it. Nothing listens, and
 * nothing is sent but the question to the verifier, if the request says to `ask`.
 *
 * @throws {TypeError} for options, or a member of the request, that make no sense.
 */
export async function explainRequest(
  config: GatewayConfig,
  request: ExplainRequest,
  options: GatewayOptions = {},
): Promise<Explanation> {
  checkOptions('explainRequest', request, EXPLAIN_REQUEST)
  checkOptions('explainRequest', options, GATEWAY_OPTIONS)
  const { live, metrics } = assemble({
    config,
    openVerification: openVerificationOf(),
    logger: options.logger ?? silentLogger,
    clock: options.clock,
    traffic: () => null,
  })
  try {
    return await live.doors.explain(request)
  } finally {
    await live.close()
    metrics.registry.clear()
  }
}
