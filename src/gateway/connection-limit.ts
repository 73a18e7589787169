import { createProxyTrust } from '../authenticator/index.ts'
import { systemClock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { createLimitedLog } from '../limited-log.ts'
import type { ConnectionLimit } from '../listener/index.ts'
import type { Logger } from '../logger.ts'

/** The limit on connections of one address that a configuration sets; undefined: there is none. */
export function connectionLimitOf(
  { limits, trustedProxies }: GatewayConfig,
  logger: Logger,
): ConnectionLimit | undefined {
  const { connectionsPerAddress: perAddress } = limits
  if (perAddress === undefined) return undefined
  const limited = createLimitedLog(systemClock)
  return {
    perAddress,
    isExempt: createProxyTrust(trustedProxies),
    onExceeded: (address) =>
      limited('connections', (omitted) =>
        logger.warn({ address, omitted }, 'an address has too many connections; more are ended'),
      ),
  }
}
