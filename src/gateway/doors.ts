import type { Explainer } from '../admin/index.ts'
import { createExplainer } from '../admin/index.ts'
import type { DecisionEvent, ExplainingRoute } from '../authenticator/index.ts'
import { createAuthenticator, routePolicyOf } from '../authenticator/index.ts'
import type { Assertions } from '../assertion/index.ts'
import { KEY_SET_FIELDS } from '../assertion/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { verifierChoiceOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { ProxyDocument, ProxyRoute, ReverseProxy } from '../proxy/index.ts'
import { assembleReverseProxy } from '../proxy/index.ts'
import type { Sliced } from '../slices.ts'
import type { Tracing } from '../tracing/index.ts'
import type { Verification } from '../verification/index.ts'
import type { AskedDoors } from './asked-doors.ts'
import { assembleAsked } from './asked-doors.ts'
import type { RequestWatch } from './request-watch.ts'
import { assembleAssertions } from './signing.ts'

/** What doors are made with, apart from their configuration. */
export interface DoorSurroundings {
  readonly verification: Verification
  readonly metrics: Metrics
  readonly watch: RequestWatch
  /** Null: nobody gathers traces. */
  readonly tracing: Tracing | null
  readonly logger: Logger
  /** Told of every decision, besides the metrics. @default nobody is */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined
  readonly clock: Clock | undefined
  /** Why no requests may be sent here; null: they may. */
  readonly unreadiness: () => string | null
}

/** The proxy with its routes, and what can say why it decides as it does. */
export interface Doors extends AskedDoors {
  readonly proxy: ReverseProxy
  readonly explain: Explainer
  /** What signs identities; null: nothing does. */
  readonly assertions: Assertions | null
}

/**
 * Makes the doors of a configuration, in slices. They hold no connection until a request needs one.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function* assembleDoors(
  config: GatewayConfig,
  surroundings: DoorSurroundings,
): Sliced<Doors> {
  const { verification, metrics, watch, tracing, logger, clock, unreadiness } = surroundings
  const { healthPath } = config
  const { onUpstream, onStream, onSigned } = metrics
  const assertions = assembleAssertions(config, { clock, logger, onSigned })
  const authenticator = createAuthenticator({
    verifier: verification.verifier,
    ...verification.traits,
    identityProviders: verification.identityProviders,
    guiUrl: config.verifier.type === 'onezone' ? (config.verifier.guiUrl ?? null) : null,
    stalenessBoundMs: verification.stalenessBoundMs,
    trustedProxies: config.trustedProxies,
    forwarded: config.forwarded,
    assertions: assertions ?? undefined,
    onezoneNowMs: () => verification.onezoneNowMs,
    clock,
    logger,
    onDecision: bothOf(metrics.onDecision, surroundings.onDecision),
  })
  const reserved = [
    ...new Set(config.routes.flatMap(({ headers }) => Object.values(headers ?? {}))),
  ]
  const routes: (ProxyRoute & { readonly authenticator: ExplainingRoute })[] = []
  for (const route of config.routes) {
    yield
    const policy = routePolicyOf(route, config.realm)
    routes.push({
      ...route,
      upstream: route.upstream ?? null,
      authenticator: authenticator.route(policy, reserved),
    })
  }
  const proxy = yield* assembleReverseProxy({
    requestIdOf: authenticator.requestIdOf,
    limits: config.limits,
    responseLimits: config.limits,
    routes,
    health: healthPath === undefined ? undefined : { path: healthPath, unreadiness },
    document: documentOf(config, assertions),
    streams: {
      intervalMs: config.verdicts.maxStalenessMs,
      boundMs: verification.stalenessBoundMs,
      glanceMs: verifierChoiceOf(config.verifier).watch?.intervalMs,
    },
    clientLimits: config.limits,
    timed: config.accessLog !== undefined && config.accessLog.to !== 'none',
    tracing,
    clock,
    logger,
    onRequest(event) {
      metrics.onRequest(event)
      watch.onRequest(event)
    },
    onUpstream,
    onStream,
  })
  const asked = yield* assembleAsked(config, { ...surroundings, authenticator, assertions, routes })
  const explain = createExplainer({
    choose: (request) => proxy.choose(request),
    routes,
    explain: (request, how) => verification.explain(request, how),
  })
  return { proxy, ...asked, explain, assertions }
}

/** Tells the metrics first: they are not for others to spoil. */
function bothOf(
  own: Metrics['onDecision'],
  others: DoorSurroundings['onDecision'],
): Metrics['onDecision'] {
  if (others === undefined) return own
  return (event) => {
    own(event)
    others(event)
  }
}

/** The public keys where clients may see them. */
function documentOf(
  { assertion }: GatewayConfig,
  assertions: Assertions | null,
): ProxyDocument | undefined {
  const path = assertion?.jwksPath
  if (path === undefined || assertions === null) return undefined
  return { path, fields: KEY_SET_FIELDS, body: assertions.keySet }
}
