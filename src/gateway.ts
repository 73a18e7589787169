/**
 * The process: configuration in, two listeners out. The one that carries traffic, and the one that operators look in by.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

import type { Explainer, ExplainRequest, Explanation } from './admin/index.ts'
import { createAdminApp, createExplainer } from './admin/index.ts'
import type { RoutePolicy } from './authenticator/index.ts'
import { createAuthenticator } from './authenticator/index.ts'
import type { Clock } from './clock.ts'
import type { GatewayConfig, RouteConfig } from './config/index.ts'
import { insecureSettingsOf, verifierChoiceOf } from './config/index.ts'
import type { Listener } from './listener.ts'
import { openListener } from './listener.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './logger.ts'
import type { Metrics } from './metrics/index.ts'
import { createMetrics } from './metrics/index.ts'
import type { ReverseProxy } from './proxy/index.ts'
import { createReverseProxy } from './proxy/index.ts'
import type { Verification } from './verification/index.ts'
import { createVerification } from './verification/index.ts'

export type { ConfigSources, GatewayConfig, RouteConfig } from './config/index.ts'
export { loadConfig } from './config/index.ts'
export type { ExplainRequest, Explanation } from './admin/index.ts'
export type { InvalidationSelector } from './verification/index.ts'

/** Options of {@link createGateway} that no configuration file can carry. */
export interface GatewayOptions {
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/** Over which part of the drain time, and at most, the ends of streams are spread, so that clients do not return at once. */
const STREAM_DRAIN = 0.1
const MOST_STREAM_DRAIN_MS = 2_000

/** A running gateway. */
export interface Gateway {
  /** Base URL of the traffic listener, without a slash. */
  readonly url: string
  /** Base URL of the admin listener: `/metrics`, `/livez`, `/readyz`, `/invalidate`, `/explain`. */
  readonly adminUrl: string
  /** Takes back what is known about whoever is selected, as `POST /invalidate` does; nothing is logged. */
  readonly invalidate: Verification['invalidate']
  /**
   * Drains: readiness turns, requests that are under way finish, WebSockets and event streams are ended, idle connections
   * are closed; what is left after `shutdown.drainMs` is cut. Safe to call twice.
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
  const { verification, proxy, metrics, explain } = assemble(config, options)
  const invalidate: Gateway['invalidate'] = (selector, how) => {
    const invalidated = verification.invalidate(selector, how)
    if (how?.dryRun !== true) {
      metrics.onInvalidation(invalidated.families)
      proxy.recheckStreams()
    }
    return invalidated
  }

  let draining = false
  const admin = await openListener({
    ...config.adminListen,
    app: createAdminApp({
      registry: metrics.registry,
      unreadiness: () => (draining ? 'draining' : null),
      host: config.adminListen.host,
      token: config.adminToken,
      invalidate,
      explain,
      logger: options.logger,
    }),
  })
  const traffic = await openTraffic()

  async function openTraffic(): Promise<Listener> {
    const { harden, requestClass } = proxy
    try {
      return await openListener({ ...config.listen, app: proxy.app, harden, requestClass })
    } catch (error) {
      await admin.drain(0)
      throw error
    }
  }

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    draining = true
    const { drainMs } = config.shutdown
    proxy.drainStreams(Math.min(drainMs * STREAM_DRAIN, MOST_STREAM_DRAIN_MS))
    try {
      await traffic.drain(drainMs)
    } finally {
      await Promise.allSettled([proxy.close(), verification.close(), admin.drain(0)])
    }
  }

  return {
    url: traffic.url,
    adminUrl: admin.url,
    invalidate,
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
  const { verification, proxy, explain } = assemble(config, options)
  try {
    return await explain(request)
  } finally {
    await Promise.allSettled([proxy.close(), verification.close()])
  }
}

/** What a gateway consists of before it listens. */
interface Assembly {
  readonly verification: Verification
  readonly proxy: ReverseProxy
  readonly metrics: Metrics
  readonly explain: Explainer
}

function assemble(config: GatewayConfig, options: GatewayOptions): Assembly {
  const { logger = silentLogger, clock } = options
  // The metrics count what the rooms hold, and the rooms report to the metrics: one of the two must come first.
  let metrics: Metrics | null = null
  let proxy: ReverseProxy | null = null

  const choice = verifierChoiceOf(config.verifier)
  const verification = createVerification({
    ...choice,
    verdicts: config.verdicts,
    onCall: (call) => metrics?.onCall(call),
    onEviction: (store) => metrics?.onEviction(store),
    onDeath(reason) {
      metrics?.onDeath(reason)
      proxy?.recheckStreams()
    },
    onWatchRead: (outcome) => metrics?.onWatchRead(outcome),
    onBreakerChange: (state) => logger.warn({ state }, 'the breaker before the verifier changed'),
    logger,
    clock,
  })
  metrics = createMetrics({
    version: packageVersion(),
    backend: verification.traits.backend,
    maxStalenessSeconds: verification.stalenessBoundMs / 1000,
    insecureSettings: insecureSettingsOf(config),
    verification,
    upstreams: () => proxy?.upstreams() ?? [],
  })

  const { onDecision, onRequest, onUpstream, onStream } = metrics
  const authenticator = createAuthenticator({
    verifier: verification.verifier,
    ...verification.traits,
    stalenessBoundMs: verification.stalenessBoundMs,
    trustedProxies: config.trustedProxies,
    clock,
    logger,
    onDecision,
  })
  const reserved = config.routes.flatMap((route) => Object.values(route.headers ?? {}))
  const routes = config.routes.map((route) => ({
    id: route.id,
    path: route.path,
    hosts: route.hosts,
    methods: route.methods,
    stripPrefix: route.stripPrefix,
    maxBodyBytes: route.maxBodyBytes,
    upstream: route.upstream,
    authenticator: authenticator.route(policyOf(route, config), reserved),
    websocket: route.websocket,
    timeouts: route.timeouts,
  }))
  const opened = createReverseProxy({
    routes,
    streams: {
      intervalMs: config.verdicts.maxStalenessMs,
      boundMs: verification.stalenessBoundMs,
      glanceMs: choice.watch?.intervalMs,
    },
    clock,
    logger,
    onRequest,
    onUpstream,
    onStream,
  })
  proxy = opened
  const explain = createExplainer({
    choose: (request) => opened.choose(request),
    routes,
    explain: (request, how) => verification.explain(request, how),
  })
  return { verification, proxy: opened, metrics, explain }
}

function policyOf(route: RouteConfig, config: GatewayConfig): RoutePolicy {
  return {
    id: route.id,
    token: route.token,
    optional: route.optional,
    interface: route.interface,
    inviteType: route.inviteType,
    subjects: route.subjects,
    scopes: route.scopes,
    caveats: route.caveats,
    headers: route.headers,
    forwardToken: route.forwardToken,
    realm: config.realm,
  }
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined
  return typeof version === 'string' ? version : 'unknown'
}
