import { createProxyTrust } from '../authenticator/index.ts'
import { systemClock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { FileWatch } from './file-watch.ts'
import { watchFiles } from './file-watch.ts'
import type { ConnectionSource, Door } from '../listener/index.ts'
import { openListener } from '../listener/index.ts'
import type { Logger } from '../logger.ts'
import { createLimitedLog } from '../limited-log.ts'
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
  /** See `Listener.use`. */
  use(door: Door): Promise<void>
  /** Reads the TLS files anew, under the names that the configuration gives them. */
  reloadCertificate(config: GatewayConfig): Promise<void>
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
  const limited = createLimitedLog(systemClock)
  const keeper = tls === undefined ? null : await createTlsKeeper(tls, logger)
  const listener = await openListener({
    on: options.source ?? listen ?? noAddress(),
    door,
    tls: keeper && tls ? { ...tls, material: keeper.material } : undefined,
    fastLane: config.fastLane !== false,
    limit: config.limits && {
      perAddress: config.limits.connectionsPerAddress,
      isExempt: createProxyTrust(config.trustedProxies),
      onExceeded: (address) =>
        limited('connections', (omitted) =>
          logger.warn({ address, omitted }, 'an address has too many connections; more are ended'),
        ),
    },
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
          [files?.certFile, files?.keyFile, files?.clientCaFile].filter(
            (name) => name !== undefined,
          ),
        intervalMs: reload.intervalMs,
        onChange: () => renew(keeper),
      })
    }
  }

  return {
    url: listener.url,
    use: (next) => listener.use(next),
    async reloadCertificate(next) {
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
