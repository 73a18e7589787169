import type { Assertions } from '../assertion/index.ts'
import type { Authenticator } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { ForwardAuthRoute, GrpcDoor } from '../forward-auth/index.ts'
import {
  assembleJudge,
  createForwardAuth,
  createGrpcDoor,
  createIntrospection,
} from '../forward-auth/index.ts'
import type { Door } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Sliced } from '../slices.ts'
import type { Verification } from '../verification/index.ts'

/** The doors that front proxies ask at. */
export interface AskedDoors {
  /** Null: no front proxy may ask. */
  readonly forwardAuth: Door | null
  /** Null: not by gRPC. */
  readonly grpc: GrpcDoor | null
}

/** What they are made with, apart from their configuration. */
export interface AskedSurroundings {
  readonly authenticator: Authenticator
  readonly assertions: Assertions | null
  readonly routes: readonly ForwardAuthRoute[]
  readonly verification: Verification
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock | undefined
}

/** Which route the tokens are counted under that were asked about at `/introspect`. */
const INTROSPECTION = 'introspection'

/**
 * Makes them.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function* assembleAsked(
  { forwardAuth, trustedProxies, assertion, limits, realm }: GatewayConfig,
  surroundings: AskedSurroundings,
): Sliced<AskedDoors> {
  if (forwardAuth === undefined) return { forwardAuth: null, grpc: null }
  const { authenticator, assertions, routes, verification, metrics, logger, clock } = surroundings
  const { listen, grpcListen, clientAddress, introspection } = forwardAuth
  const judge = yield* assembleJudge({
    routes,
    clientAddress,
    limits,
    requestIdOf: authenticator.requestIdOf,
    clock,
    logger,
    onQuestion: metrics.onQuestion,
  })
  return {
    forwardAuth: createForwardAuth({
      judge,
      limits,
      trustedProxies,
      anyAsker: 'path' in listen,
      keySet: assertions?.keySet,
      introspection:
        introspection &&
        createIntrospection({
          clients: introspection.clients,
          authenticatorFor: (door) =>
            authenticator.route({ id: INTROSPECTION, token: 'access', interface: door, realm }),
          stalenessBoundMs: verification.stalenessBoundMs,
          issuer: assertion?.issuer,
          clock,
        }),
    }),
    grpc:
      grpcListen === undefined
        ? null
        : createGrpcDoor({ judge, trustedProxies, anyAsker: 'path' in grpcListen }),
  }
}
