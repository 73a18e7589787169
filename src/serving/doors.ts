import type { Explainer } from '../admin/index.ts'
import { createExplainer } from '../admin/index.ts'
import type { RoutePolicy } from '../authenticator/index.ts'
import { createAuthenticator } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig, RouteConfig } from '../config/index.ts'
import { verifierChoiceOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { ReverseProxy } from '../proxy/index.ts'
import { createReverseProxy } from '../proxy/index.ts'
import type { Verification } from '../verification/index.ts'

/** What doors are made with, apart from their configuration. */
export interface DoorSurroundings {
  readonly verification: Verification
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock | undefined
}

/** The proxy with its routes, and what can say why it decides as it does. */
export interface Doors {
  readonly proxy: ReverseProxy
  readonly explain: Explainer
}

/**
 * Makes the doors of a configuration. They hold no connection until a request needs one.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function assembleDoors(config: GatewayConfig, surroundings: DoorSurroundings): Doors {
  const { verification, metrics, logger, clock } = surroundings
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
  const proxy = createReverseProxy({
    routes,
    streams: {
      intervalMs: config.verdicts.maxStalenessMs,
      boundMs: verification.stalenessBoundMs,
      glanceMs: verifierChoiceOf(config.verifier).watch?.intervalMs,
    },
    clock,
    logger,
    onRequest,
    onUpstream,
    onStream,
  })
  const explain = createExplainer({
    choose: (request) => proxy.choose(request),
    routes,
    explain: (request, how) => verification.explain(request, how),
  })
  return { proxy, explain }
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
