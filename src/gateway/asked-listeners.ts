import type { GatewayConfig } from '../config/index.ts'
import type { GrpcListener } from '../forward-auth/index.ts'
import { openGrpcListener } from '../forward-auth/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { LiveConfiguration } from './live-configuration.ts'
import type { Traffic } from './traffic.ts'
import { openTraffic } from './traffic.ts'

/** What front proxies ask at. */
export interface AskedListeners {
  /** Base URL, or `unix:` and a file; null: none may ask. */
  readonly url: string | null
  readonly grpcUrl: string | null
  /** Reads the TLS files anew. */
  reloadCertificate(config: GatewayConfig): Promise<void>
  drain(drainMs: number): Promise<void>
}

/** What is told about it. */
export interface AskedListenerSurroundings {
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * Opens it, in the process that knows the verdicts.
 *
 * @throws {TypeError} for TLS files that cannot be used.
 * @throws {Error} the system's own where a listener cannot be opened (`EADDRINUSE` …).
 */
export async function openAskedListeners(
  { forwardAuth, limits, reload, fastLane }: GatewayConfig,
  live: LiveConfiguration,
  { logger, metrics }: AskedListenerSurroundings,
): Promise<AskedListeners> {
  let http: Traffic | null = null
  let grpc: GrpcListener | null = null
  const { forwardAuth: door, grpc: grpcDoor } = live.doors
  if (forwardAuth !== undefined && door !== null) {
    const opened = await openTraffic({
      on: forwardAuth.listen,
      tls: forwardAuth.tls,
      reload,
      limits,
      fastLane: fastLane !== false,
      door,
      logger,
      onHandshakeFailure: metrics.onHandshakeFailure,
      onCertificate: (validUntilMs) => metrics.onCertificate('forward_auth', validUntilMs),
    })
    http = opened
    live.follow(async (doors) => {
      if (doors.forwardAuth !== null) await opened.use(doors.forwardAuth)
    })
  }
  if (forwardAuth?.grpcListen !== undefined && grpcDoor !== null) {
    const opened = await openGrpcListener(forwardAuth.grpcListen, grpcDoor).catch(
      async (error: unknown) => {
        await http?.drain(0)
        throw error
      },
    )
    grpc = opened
    live.follow(async (doors) => {
      if (doors.grpc !== null) opened.use(doors.grpc)
    })
  }
  return {
    url: http?.url ?? null,
    grpcUrl: grpc?.url ?? null,
    reloadCertificate: async (next) => http?.change({ tls: next.forwardAuth?.tls }),
    async drain(drainMs) {
      await Promise.all([http?.drain(drainMs), grpc?.drain(drainMs)])
    },
  }
}
