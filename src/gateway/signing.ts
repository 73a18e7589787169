import type { Assertions } from '../assertion/index.ts'
import { createAssertions } from '../assertion/index.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Logger } from '../logger.ts'

/**
 * Makes what signs decisions by a configuration; null: nothing does.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function assembleAssertions(
  { assertion }: GatewayConfig,
  surroundings: {
    readonly clock: Clock | undefined
    readonly logger: Logger
    readonly onSigned: () => void
  },
): Assertions | null {
  if (assertion === undefined) return null
  const { issuer, keys, lifeMs, keysLast } = assertion
  const { clock, logger, onSigned } = surroundings
  if (!keysLast) {
    logger.warn(
      { kid: keys[0]?.kid },
      'assertions are signed with a key of this process, which a restart changes: set assertion.keyFiles',
    )
  }
  return createAssertions({ issuer, keys, lifeMs, clock, onSigned })
}
