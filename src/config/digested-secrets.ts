import { createHash } from 'node:crypto'

import type { GatewayConfig } from './gateway-config.ts'

/**
 * The configuration as a process needs it that neither asks the verifier nor serves the admin API: in place of each of
 * its secrets stands a digest, which tells only whether there is one and whether it has changed.
 */
export function withDigestedSecrets(config: GatewayConfig): GatewayConfig {
  const { proxy, ...rest } = config.verifier
  const verifier = { ...rest, proxy: proxy && digestOf(proxy) }
  return {
    ...config,
    adminToken: undefined,
    // Only the first process asks, and looks into the store.
    store: undefined,
    // The first process alone is asked.
    forwardAuth: config.forwardAuth && { ...config.forwardAuth, introspection: undefined },
    verifier:
      verifier.type === 'token-lookup'
        ? { ...verifier, apiToken: digestOf(verifier.apiToken) }
        : {
            ...verifier,
            serviceToken: verifier.serviceToken && digestOf(verifier.serviceToken),
            watchToken: verifier.watchToken && digestOf(verifier.watchToken),
          },
  }
}

function digestOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex')}`
}
