import type { GatewayConfig } from '../config/index.ts'
import { exchangeBoundMs, insecureSettingsOf } from '../config/index.ts'
import type { ConfigurationFacts } from '../metrics/index.ts'

/** What the metrics show of a configuration. */
export function configurationFacts(config: GatewayConfig): ConfigurationFacts {
  const { maxStalenessMs, staleIfErrorMs } = config.verdicts
  return {
    maxStalenessSeconds: (maxStalenessMs + staleIfErrorMs) / 1000,
    exchangeBoundSeconds: exchangeBoundMs(config) / 1000,
    insecureSettings: insecureSettingsOf(config),
    routes: config.routes.map(({ id, token, upstream }) => ({
      id,
      takesTokens: token !== 'none',
      hasUpstream: upstream !== undefined,
    })),
  }
}
