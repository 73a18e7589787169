import { createProxyTrust, createRareWarning } from '../authenticator/index.ts'
import { systemClock } from '../clock.ts'
import type { GatewayConfig, TlsConfig } from '../config/index.ts'
import type { FileWatch } from './file-watch.ts'
import { watchFiles } from './file-watch.ts'
import type {
  ConnectionLimit,
  ConnectionSource,
  Door,
  ListenerFigures,
  ListenOn,
} from '../listener/index.ts'
import { openListener } from '../listener/index.ts'
import { createLimitedLog } from '../limited-log.ts'
import type { Logger } from '../logger.ts'
import { createTlsKeeper } from '../tls/index.ts'
import type { TlsFiles, TlsKeeper } from '../tls/index.ts'

/** Options of {@link openTraffic}. */
export interface TrafficOptions {
  /** Where it listens, or who brings the connections. */
  readonly on: ListenOn | readonly ListenOn[] | ConnectionSource
  /** @default plain HTTP */
  readonly tls: (Omit<TlsConfig, 'http2'> & Partial<Pick<TlsConfig, 'http2'>>) | undefined
  readonly reload: GatewayConfig['reload']
  readonly limits: GatewayConfig['limits']
  /** See `ListenerOptions.idleMs`. */
  readonly idleMs?: number | undefined
  /** Whose connections begin with a head of the PROXY protocol. @default nobody's do */
  readonly frontProxies?: readonly string[] | undefined
  /** See `ListenerOptions.fastLane`. @default false */
  readonly fastLane?: boolean | undefined
  readonly door: Door
  /** @default any number of connections */
  readonly limit?: ConnectionLimit | undefined
  readonly logger: Logger
  /** Told of each TLS handshake that fails. @default nobody is */
  readonly onHandshakeFailure?: (() => void) | undefined
  /** Told of the certificate in use: when it ends, in milliseconds since 1970. @default nobody is */
  readonly onCertificate?: ((validUntilMs: number) => void) | undefined
}

/** A listener whose certificate can change. */
export interface Traffic {
  readonly url: string
  readonly urls: readonly string[]
  /** See `Listener.figures`. */
  figures(): ListenerFigures
  /** See `Listener.use`. */
  use(door: Door): Promise<void>
  /** Goes over to other proxies, and reads the TLS files anew; what is undefined stays as it was. */
  change(next: {
    readonly tls?: TlsFiles | undefined
    readonly frontProxies?: readonly string[] | undefined
  }): Promise<void>
  drain(drainMs: number): Promise<void>
}

/** What the configuration says of the listener for clients, but for where it is. */
export function trafficOf(
  config: GatewayConfig,
): Pick<TrafficOptions, 'tls' | 'reload' | 'limits' | 'idleMs' | 'frontProxies' | 'fastLane'> {
  return {
    tls: config.tls,
    reload: config.reload,
    limits: config.limits,
    idleMs: config.clientIdleMs,
    frontProxies: config.proxyProtocol === true ? config.trustedProxies : undefined,
    fastLane: config.fastLane !== false,
  }
}

/**
 * Opens it, with or without TLS.
 *
 * @throws {TypeError} for TLS files that cannot be used.
 * @throws {Error} the system's own where it cannot be opened (`EADDRINUSE` …).
 */
export async function openTraffic(options: TrafficOptions): Promise<Traffic> {
  const { on, tls, reload, door, limits, limit, fastLane, logger } = options
  const { idleMs, frontProxies, onHandshakeFailure, onCertificate = () => {} } = options
  let isProxy = createProxyTrust(frontProxies ?? [])
  const warn = createRareWarning(logger, systemClock)
  const limited = createLimitedLog(systemClock)
  const keeper = tls === undefined ? null : await createTlsKeeper(tls, logger)
  const listener = await openListener({
    on,
    door,
    maxHeadBytes: limits.requestHeadBytes,
    maxFields: limits.requestFields,
    tls:
      keeper && tls
        ? { http2: false, ...tls, material: keeper.material, onHandshakeFailure }
        : undefined,
    idleMs,
    proxyProtocol: frontProxies && {
      isProxy: (remoteAddress) => isProxy(remoteAddress),
      onUnreadable: () =>
        warn('a trusted proxy did not begin a connection with a head of the PROXY protocol'),
    },
    fastLane,
    limit,
    onFault: (error) =>
      limited('fault', (omitted) =>
        logger.error({ omitted, err: error }, 'a request could not be handled'),
      ),
  })
  let files: TlsFiles | undefined = tls
  let watch: FileWatch | null = null

  async function renew(certificates: TlsKeeper): Promise<void> {
    if (await certificates.reload(files)) {
      listener.useCertificate(certificates.material)
      onCertificate(certificates.material.validUntilMs)
    }
  }

  if (keeper !== null) {
    onCertificate(keeper.material.validUntilMs)
    if (reload.watchFiles) {
      watch = watchFiles({
        files: () =>
          [files, ...(files?.certificates ?? [])]
            .flatMap((each) => [each?.certFile, each?.keyFile])
            .concat(files?.clientCaFile)
            .filter((name) => name !== undefined),
        intervalMs: reload.intervalMs,
        onChange: () => renew(keeper),
      })
    }
  }

  return {
    url: listener.url,
    urls: listener.urls,
    figures: () => listener.figures(),
    use: (next) => listener.use(next),
    async change(next) {
      if (next.frontProxies !== undefined) isProxy = createProxyTrust(next.frontProxies)
      files = next.tls ?? files
      if (keeper !== null) await renew(keeper)
    },
    drain(drainMs) {
      watch?.close()
      return listener.drain(drainMs, (connections) =>
        logger.warn({ connections, drainMs }, 'the time to drain is over: connections were cut'),
      )
    },
  }
}
