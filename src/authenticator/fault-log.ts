import type { Clock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import { createLimitedLog } from '../limited-log.ts'
import type { Logger } from '../logger.ts'

/** Writes faults, each kind at most once in a while, with the number of those that were left out. */
export function createFaultLog(
  logger: Logger,
  clock: Clock,
): (routeId: string, error: unknown, requestId?: string) => void {
  const limited = createLimitedLog(clock)

  return function logFault(routeId, error, requestId) {
    const code = error instanceof VerifierFaultError ? error.code : 'ERR_INTERNAL'
    limited(code, (omitted) => {
      const facts = { route: routeId, requestId, code, omitted }
      if (!(error instanceof VerifierFaultError)) {
        logger.error({ ...facts, err: error }, 'verification failed unexpectedly')
      } else if (error.code === 'ERR_GATEWAY_MISCONFIGURED') {
        logger.error(facts, error.message)
      } else {
        logger.warn(facts, error.message)
      }
    })
  }
}

/** How often one warning is written that a proxy in front can bring about with each request. */
const RARELY_MS = 60_000

/** Writes a warning, at most once in a minute, with the number of those that were left out. */
export function createRareWarning(logger: Logger, clock: Clock): (message: string) => void {
  let lastMs = -Infinity
  let omitted = 0
  return (message) => {
    const nowMs = clock.monotonic()
    if (nowMs - lastMs < RARELY_MS) {
      omitted++
      return
    }
    logger.warn({ omitted }, message)
    lastMs = nowMs
    omitted = 0
  }
}

/** Warns of fields of trusted proxies that cannot be read. */
export function createUnreadableWarning(logger: Logger, clock: Clock): (field: string) => void {
  const warn = createRareWarning(logger, clock)
  return (field) =>
    warn(
      `a trusted proxy sent a field ${field} that cannot be read: clients are without an address, and tokens with ip caveats are refused`,
    )
}
