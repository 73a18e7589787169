import { createProxyTrust, createRareWarning } from '../authenticator/index.ts'
import { systemClock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { addressesOf } from '../config/index.ts'
import type { FileWatch } from './file-watch.ts'
import { watchFiles } from './file-watch.ts'
import type { ConnectionSource, Door } from '../listener/index.ts'
import { openListener } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import { createTlsKeeper } from '../tls/index.ts'
import type { TlsKeeper } from '../tls/index.ts'

/** Options of {@link openTraffic}. */
export interface TrafficOptions {
  readonly config: GatewayConfig
  /** Who brings the connections. @default nobody: it listens where the configuration says */
  readonly source?: ConnectionSource | undefined
  readonly door: Door
  readonly logger: Logger
  /** Told of the certificate in use: when it ends, in milliseconds since 1970. */
  readonly onCertificate: (validUntilMs: number) => void
}

/** The listener that carries traffic. */
export interface Traffic {
  readonly url: string
  readonly urls: readonly string[]
  /** See `Listener.use`. */
  use(door: Door): Promise<void>
  /** Goes over to a configuration, and reads the TLS files anew, under the names that it gives them. */
  change(config: GatewayConfig): Promise<void>
  drain(drainMs: number): Promise<void>
}

/**
 * Opens it, with or without TLS.
 *
 * @throws {TypeError} for TLS files that cannot be used.
 * @throws {Error} the system's own where it cannot be opened (`EADDRINUSE` …).
 */
export async function openTraffic(options: TrafficOptions): Promise<Traffic> {
  const { config, door, logger, onCertificate } = options
  const { listen, tls, reload } = config
  let isProxy = createProxyTrust(config.trustedProxies)
  const warn = createRareWarning(logger, systemClock)
  const keeper = tls === undefined ? null : await createTlsKeeper(tls, logger)
  const listener = await openListener({
    on: options.source ?? (listen === undefined ? noAddress() : addressesOf(listen)),
    door,
    tls: keeper && tls ? { ...tls, material: keeper.material } : undefined,
    idleMs: config.clientIdleMs,
    proxyProtocol:
      config.proxyProtocol === true
        ? {
            isProxy: (remoteAddress) => isProxy(remoteAddress),
            onUnreadable: () =>
              warn('a trusted proxy did not begin a connection with a head of the PROXY protocol'),
          }
        : undefined,
    fastLane: config.fastLane !== false,
  })
  let files = tls
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
    use: (next) => listener.use(next),
    async change(next) {
      isProxy = createProxyTrust(next.trustedProxies)
      files = next.tls ?? files
      if (keeper !== null) await renew(keeper)
    },
    drain(drainMs) {
      watch?.close()
      return listener.drain(drainMs)
    },
  }
}

function noAddress(): never {
  throw new TypeError('"listen" is missing: where requests are accepted')
}
