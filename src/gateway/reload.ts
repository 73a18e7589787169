import { isDeepStrictEqual } from 'node:util'

import type { GatewayConfig } from '../config/index.ts'
import { checksOfGatewayConfig } from '../config/index.ts'
import { ConfigError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { ReloadOutcome } from '../metrics/index.ts'
import { inSlices } from '../slices.ts'

/** Options of {@link createReload}. */
export interface ReloadOptions {
  readonly config: GatewayConfig
  /** What goes over to a configuration, in order; where the first one throws, the configuration before stays. */
  readonly parts: readonly ReloadedPart[]
  /** Told of the outcome of each attempt, and of what spoke against it. */
  readonly onReload: (outcome: ReloadOutcome, problems: readonly string[]) => void
  readonly logger: Logger
}

/** A part of a gateway that lives through a reload. */
export interface ReloadedPart {
  change(config: GatewayConfig): void | Promise<void>
}

/** Settings that are read once, when the gateway starts. */
const FIXED = [
  'listen',
  'proxyProtocol',
  'clientIdleMs',
  'adminListen',
  'workers',
  'reload',
] as const

/**
 * Makes the function that goes over to the configuration that `load` brings. On any problem the last good one stays,
 * and each problem is logged. Attempts come one after the other.
 */
export function createReload(
  options: ReloadOptions,
): (load: () => Promise<GatewayConfig>) => Promise<ReloadOutcome> {
  const { parts, onReload, logger } = options
  let last = options.config
  let current = options.config
  let attempts: Promise<unknown> = Promise.resolve()

  async function attempt(
    load: () => Promise<GatewayConfig>,
    problems: string[],
  ): Promise<ReloadOutcome> {
    try {
      const loaded = await inSlices(checksOfGatewayConfig(await load(), last))
      if (isSame(loaded, last)) return 'unchanged'
      const next = withFixed(loaded, current)
      for (const part of parts) await part.change(next)
      const ignored = changesOf(loaded, next)
      if (ignored.length > 0) {
        logger.warn({ settings: ignored }, 'these settings have changed, but need a new start')
      }
      logger.info({ routes: next.routes.length }, 'the configuration was reloaded')
      last = loaded
      current = next
      return 'applied'
    } catch (error) {
      if (error instanceof Error) problems.push(...error.message.split('\n'))
      for (const facts of problemsOf(error)) {
        logger.error(facts, 'the configuration cannot be used; the last good one stays')
      }
      return 'refused'
    }
  }

  return function reload(load) {
    const attempted = attempts.then(async () => {
      const problems: string[] = []
      const outcome = await attempt(load, problems)
      onReload(outcome, problems)
      return outcome
    })
    attempts = attempted.catch(() => {})
    return attempted
  }
}

/** Whether two configurations say the same; routes that do are one object by now. */
function isSame(one: GatewayConfig, other: GatewayConfig): boolean {
  if (one.routes.length !== other.routes.length) return false
  if (one.routes.some((route, index) => route !== other.routes[index])) return false
  return isDeepStrictEqual({ ...one, routes: [] }, { ...other, routes: [] })
}

/** The configuration as far as it can be applied to a gateway that runs. */
function withFixed(loaded: GatewayConfig, current: GatewayConfig): GatewayConfig {
  const { listen, proxyProtocol, clientIdleMs, adminListen, workers, reload, tls } = current
  const { requestHeadBytes } = current.limits
  // A listener speaks TLS or not, and in the same ways, for as long as it lives.
  const files = tls && loaded.tls && { ...loaded.tls, clientAuth: tls.clientAuth, http2: tls.http2 }
  // What is counted goes by the name of who is asked.
  const isAsked = loaded.verifier.type === current.verifier.type
  const { verifier } = isAsked ? loaded : current
  const forwardAuth = current.forwardAuth && {
    ...(loaded.forwardAuth ?? current.forwardAuth),
    listen: current.forwardAuth.listen,
  }
  return {
    ...loaded,
    verifier,
    listen,
    proxyProtocol,
    clientIdleMs,
    adminListen,
    forwardAuth,
    workers,
    reload,
    limits: { ...loaded.limits, requestHeadBytes },
    tls: files ?? tls,
  }
}

/** Names of the settings that were asked for in vain. */
function changesOf(loaded: GatewayConfig, applied: GatewayConfig): string[] {
  const changed: string[] = FIXED.filter((name) => !isDeepStrictEqual(loaded[name], applied[name]))
  if (!isDeepStrictEqual(loaded.forwardAuth?.listen, applied.forwardAuth?.listen)) {
    changed.push('forwardAuth.listen')
  }
  if (loaded.limits.requestHeadBytes !== applied.limits.requestHeadBytes) {
    changed.push('limits.requestHeadBytes')
  }
  if (loaded.verifier.type !== applied.verifier.type) changed.push('verifier.type')
  if (isDeepStrictEqual(loaded.tls, applied.tls)) return changed
  if (!loaded.tls || !applied.tls) return [...changed, 'tls']
  const { clientAuth, http2 } = applied.tls
  if (loaded.tls.clientAuth !== clientAuth) changed.push('tls.clientAuth')
  if (loaded.tls.http2 !== http2) changed.push('tls.http2')
  return changed
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
