import { systemClock, systemSchedule } from '../clock.ts'
import type { GatewayConfig, SettingOrigins } from '../config/index.ts'
import { originsOf, shownConfig } from '../config/index.ts'
import type { MetricsSnapshot, ReloadOutcome } from '../metrics/index.ts'
import { packageVersion } from '../package-version.ts'
import { inSlices } from '../slices.ts'
import type { GatewayFacts, RefusalLine, State } from '../state/index.ts'
import { keepState } from '../state/index.ts'
import type { LiveConfiguration } from './live-configuration.ts'

/** Options of {@link openState}. */
export interface GatewayStateOptions {
  readonly live: LiveConfiguration
  readonly snapshot: () => Promise<MetricsSnapshot>
  /** All refusals of late, the latest first, as `/refusals` tells them. */
  readonly refusals: () => Promise<readonly unknown[]>
  readonly unreadiness: () => string | null
  readonly urls: () => GatewayFacts['listeners']
}

/** What `GET /state` says of a gateway. */
export interface GatewayState {
  readonly read: () => Promise<State>
  readonly onReload: (outcome: ReloadOutcome, problems: readonly string[]) => void
  /** Told where the settings in force stand now; null: that is not known. */
  readonly onOrigins: (origins: SettingOrigins | null) => void
  close(): void
}

/** How many refusals the page lists; `/refusals` has all. */
const MOST_REFUSALS = 100

/** Begins to keep it. */
export function openState(config: GatewayConfig, options: GatewayStateOptions): GatewayState {
  const { live, snapshot, refusals, unreadiness, urls } = options
  let reload: GatewayFacts['reload'] = null
  let origins = originsOf(config)
  let shown: { config: GatewayConfig; text: Promise<unknown> } | null = null
  const keeper = keepState({
    version: packageVersion(),
    snapshot,
    facts() {
      const current = live.config
      return {
        listeners: urls(),
        unreadiness: unreadiness(),
        verifier: { type: current.verifier.type, url: current.verifier.url },
        // Workers carry traffic; where there is none, there are none.
        workers: config.workers > 1 && config.listen !== undefined ? config.workers : null,
        routes: current.routes.map(({ id, path, hosts = null, methods = null, token }) => ({
          id,
          path,
          hosts,
          methods,
          token,
        })),
        maxConnections: new Map(
          current.routes.map(({ id, upstream }) => [id, upstream?.maxConnections ?? 0]),
        ),
        reload,
      }
    },
    backend: () => live.config.verifier.type,
    configuration() {
      const current = live.config
      if (shown?.config !== current) {
        shown = { config: current, text: inSlices(shownConfig(current)) }
      }
      return shown.text
    },
    origins: () => origins,
    async refusals() {
      if (live.config.adminPage?.refusals === false) return null
      return (await refusals()).slice(0, MOST_REFUSALS).map(lineOf)
    },
    clock: systemClock,
    schedule: systemSchedule,
  })
  return {
    read: () => keeper.read(),
    onReload(outcome, problems) {
      reload = { at: new Date(systemClock.now()).toISOString(), outcome, problems }
    },
    onOrigins: (found) => void (origins = found),
    close: () => keeper.close(),
  }
}

/** Leaves out what the client sent as text: who looks at a page is led by it. */
function lineOf(refusal: unknown): RefusalLine {
  const { lastAt, count, route, status, code, caveat, fingerprint, client, requestIds } =
    refusal as RefusalLine & { readonly requestIds: readonly string[] }
  const requestId = requestIds[0] ?? null
  return { lastAt, count, route, status, code, caveat, fingerprint, client, requestId }
}
