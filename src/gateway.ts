/**
 * The process: configuration in, two listeners out. The one that carries traffic, and the one that operators look in by.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

import type { RoutePolicy } from './authenticator/index.ts'
import { createAuthenticator } from './authenticator/index.ts'
import type { Clock } from './clock.ts'
import type { GatewayConfig, RouteConfig } from './config/index.ts'
import type { Listener } from './listener.ts'
import { openListener } from './listener.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './logger.ts'
import type { Metrics } from './metrics/index.ts'
import { createAdminApp, createMetrics } from './metrics/index.ts'
import { createReverseProxy } from './proxy/index.ts'
import { createVerification } from './verification.ts'

export type { ConfigSources, GatewayConfig, RouteConfig } from './config/index.ts'
export { loadConfig } from './config/index.ts'

/** Options of {@link createGateway} that no configuration file can carry. */
export interface GatewayOptions {
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/** A running gateway. */
export interface Gateway {
  /** Base URL of the traffic listener, without a slash. */
  readonly url: string
  /** Base URL of the admin listener: `/metrics`, `/livez`, `/readyz`. */
  readonly adminUrl: string
  /**
   * Drains: readiness turns, requests that are under way finish, idle connections are closed; what is left after
   * `shutdown.drainMs` is cut. Safe to call twice.
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
  const { logger = silentLogger, clock } = options
  const { onezone, verdicts } = config
  // The metrics count what the rooms hold, and the rooms report to the metrics: one of the two must come first.
  let metrics: Metrics | null = null

  const verification = createVerification({
    onezone: {
      url: onezone.url,
      ca: onezone.ca,
      connectTimeoutMs: onezone.connectTimeoutMs,
      totalTimeoutMs: onezone.totalTimeoutMs,
      allowInsecureHttp: onezone.allowInsecureHttp,
      onCall: (call) => metrics?.onOnezoneCall(call),
    },
    serviceToken: onezone.serviceToken,
    verdicts: { ...verdicts, onEviction: (store) => metrics?.onEviction(store) },
    clock,
  })
  metrics = createMetrics({
    version: packageVersion(),
    maxStalenessSeconds: verdicts.maxStalenessMs / 1000,
    insecureSettings: insecureSettingsOf(config),
    entries: (store) => verification.entries(store),
  })

  const { onDecision, onRequest, onUpstream, registry } = metrics
  const authenticator = createAuthenticator({
    verifier: verification.verifier,
    serviceTokenConfigured: verification.serviceTokenConfigured,
    trustedProxies: config.trustedProxies,
    clock,
    logger,
    onDecision,
  })
  const reserved = config.routes.flatMap((route) => Object.values(route.headers ?? {}))
  const proxy = createReverseProxy({
    routes: config.routes.map((route) => ({
      id: route.id,
      path: route.path,
      upstream: route.upstream,
      authenticator: authenticator.route(policyOf(route, config), reserved),
      timeouts: route.timeouts,
    })),
    logger,
    onRequest,
    onUpstream,
  })

  let draining = false
  const admin = await openListener({
    ...config.adminListen,
    app: createAdminApp({ registry, unreadiness: () => (draining ? 'draining' : null) }),
  })
  const traffic = await openTraffic()

  async function openTraffic(): Promise<Listener> {
    try {
      return await openListener({ ...config.listen, app: proxy.app, harden: proxy.harden })
    } catch (error) {
      await admin.drain(0)
      throw error
    }
  }

  let closing: Promise<void> | null = null
  async function close(): Promise<void> {
    draining = true
    try {
      await traffic.drain(config.shutdown.drainMs)
    } finally {
      await Promise.allSettled([proxy.close(), verification.close(), admin.drain(0)])
    }
  }

  return {
    url: traffic.url,
    adminUrl: admin.url,
    close: () => (closing ??= close()),
  }
}

function policyOf(route: RouteConfig, config: GatewayConfig): RoutePolicy {
  return {
    id: route.id,
    token: route.token,
    optional: route.optional,
    interface: route.interface,
    inviteType: route.inviteType,
    subjects: route.subjects,
    caveats: route.caveats,
    headers: route.headers,
    forwardToken: route.forwardToken,
    realm: config.realm,
  }
}

function insecureSettingsOf(config: GatewayConfig): string[] {
  const settings: string[] = []
  if (config.onezone.allowInsecureHttp) settings.push('onezone.allowInsecureHttp')
  if (config.routes.some((route) => route.forwardToken)) settings.push('routes.forwardToken')
  if (config.routes.some((route) => route.caveats?.service === 'as-onezone')) {
    settings.push('routes.caveats.service')
  }
  return settings
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
