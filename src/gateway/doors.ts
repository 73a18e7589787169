import type { Explainer } from '../admin/index.ts'
import { createExplainer } from '../admin/index.ts'
import { createAuthenticator, routePolicyOf } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { verifierChoiceOf } from '../config/index.ts'
import type { Door } from '../listener/index.ts'
import { createForwardAuth } from '../forward-auth/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { ReverseProxy } from '../proxy/index.ts'
import { createReverseProxy } from '../proxy/index.ts'
import type { Verification } from '../verification/index.ts'
import type { RequestWatch } from './request-watch.ts'

/** What doors are made with, apart from their configuration. */
export interface DoorSurroundings {
  readonly verification: Verification
  readonly metrics: Metrics
  readonly watch: RequestWatch
  readonly logger: Logger
  readonly clock: Clock | undefined
  /** Why no requests may be sent here; null: they may. */
  readonly unreadiness: () => string | null
}

/** The proxy with its routes, and what can say why it decides as it does. */
export interface Doors {
  readonly proxy: ReverseProxy
  /** Null: no front proxy may ask. */
  readonly forwardAuth: Door | null
  readonly explain: Explainer
}

/**
 * Makes the doors of a configuration. They hold no connection until a request needs one.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function assembleDoors(config: GatewayConfig, surroundings: DoorSurroundings): Doors {
  const { verification, metrics, watch, logger, clock, unreadiness } = surroundings
  const { healthPath } = config
  const { onDecision, onUpstream, onStream, onQuestion } = metrics
  const authenticator = createAuthenticator({
    verifier: verification.verifier,
    ...verification.traits,
    guiUrl: config.verifier.type === 'onezone' ? (config.verifier.guiUrl ?? null) : null,
    stalenessBoundMs: verification.stalenessBoundMs,
    trustedProxies: config.trustedProxies,
    forwarded: config.forwarded,
    clock,
    logger,
    onDecision,
  })
  const reserved = [
    ...new Set(config.routes.flatMap(({ headers }) => Object.values(headers ?? {}))),
  ]
  const routes = config.routes.map((route) => ({
    ...route,
    upstream: route.upstream ?? null,
    authenticator: authenticator.route(routePolicyOf({ ...route, realm: config.realm }), reserved),
  }))
  const proxy = createReverseProxy({
    requestIdOf: authenticator.requestIdOf,
    routes,
    health: healthPath === undefined ? undefined : { path: healthPath, unreadiness },
    streams: {
      intervalMs: config.verdicts.maxStalenessMs,
      boundMs: verification.stalenessBoundMs,
      glanceMs: verifierChoiceOf(config.verifier).watch?.intervalMs,
    },
    timed: config.accessLog !== undefined && config.accessLog.to !== 'none',
    clock,
    logger,
    onRequest(event) {
      metrics.onRequest(event)
      watch.onRequest(event)
    },
    onUpstream,
    onStream,
  })
  const { forwardAuth: asked, trustedProxies } = config
  const forwardAuth =
    asked === undefined
      ? null
      : createForwardAuth({
          routes,
          trustedProxies,
          anyAsker: 'path' in asked.listen,
          clientAddress: asked.clientAddress,
          clock,
          logger,
          onQuestion,
        })
  const explain = createExplainer({
    choose: (request) => proxy.choose(request),
    routes,
    explain: (request, how) => verification.explain(request, how),
  })
  return { proxy, forwardAuth, explain }
}
