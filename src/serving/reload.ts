import { isDeepStrictEqual } from 'node:util'

import type { GatewayConfig } from '../config/index.ts'
import { ConfigError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { ReloadOutcome } from '../metrics/index.ts'

/** Options of {@link createReload}. */
export interface ReloadOptions {
  readonly config: GatewayConfig
  /** Goes over to a configuration; where it throws, the one before stays. */
  readonly apply: (config: GatewayConfig) => void | Promise<void>
  /** Told of the outcome of each attempt. */
  readonly onReload: (outcome: ReloadOutcome) => void
  readonly logger: Logger
}

/** Settings that are read once, when the gateway starts. */
const FIXED = ['listen', 'adminListen', 'workers', 'reload'] as const

/**
 * Makes the function that goes over to the configuration that `load` brings. On any problem the last good one stays, and
 * each problem is logged. Attempts come one after the other.
 */
export function createReload(
  options: ReloadOptions,
): (load: () => Promise<GatewayConfig>) => Promise<ReloadOutcome> {
  const { apply, onReload, logger } = options
  let last = options.config
  let current = options.config
  let attempts: Promise<unknown> = Promise.resolve()

  async function attempt(load: () => Promise<GatewayConfig>): Promise<ReloadOutcome> {
    try {
      const loaded = await load()
      if (isDeepStrictEqual(loaded, last)) return 'unchanged'
      const next = withFixed(loaded, current)
      await apply(next)
      const ignored = changesOf(loaded, next)
      if (ignored.length > 0) {
        logger.warn({ settings: ignored }, 'these settings have changed, but need a new start')
      }
      logger.info({ routes: next.routes.length }, 'the configuration was reloaded')
      last = loaded
      current = next
      return 'applied'
    } catch (error) {
      for (const facts of problemsOf(error)) {
        logger.error(facts, 'the configuration cannot be used; the last good one stays')
      }
      return 'refused'
    }
  }

  return function reload(load) {
    const attempted = attempts.then(async () => {
      const outcome = await attempt(load)
      onReload(outcome)
      return outcome
    })
    attempts = attempted.catch(() => {})
    return attempted
  }
}

/** The configuration as far as it can be applied to a gateway that runs. */
function withFixed(loaded: GatewayConfig, current: GatewayConfig): GatewayConfig {
  const { listen, adminListen, workers, reload, tls } = current
  // A listener speaks TLS or not, and asks for certificates or not, for as long as it lives.
  const files = tls && loaded.tls && { ...loaded.tls, clientAuth: tls.clientAuth }
  // What is counted goes by the name of who is asked.
  const isAsked = loaded.verifier.type === current.verifier.type
  const { verifier } = isAsked ? loaded : current
  return { ...loaded, verifier, listen, adminListen, workers, reload, tls: files ?? tls }
}

/** Names of the settings that were asked for in vain. */
function changesOf(loaded: GatewayConfig, applied: GatewayConfig): string[] {
  const changed: string[] = FIXED.filter((name) => !isDeepStrictEqual(loaded[name], applied[name]))
  if (loaded.verifier.type !== applied.verifier.type) changed.push('verifier.type')
  if (isDeepStrictEqual(loaded.tls, applied.tls)) return changed
  return [...changed, loaded.tls && applied.tls ? 'tls.clientAuth' : 'tls']
}

function problemsOf(error: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!(error instanceof ConfigError)) return [{ err: error }]
  return error.problems.map(({ source, line, column, path, message }) => ({
    source,
    ...(line === undefined ? {} : { line, column }),
    setting: path,
    problem: message,
  }))
}
