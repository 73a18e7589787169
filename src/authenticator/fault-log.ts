import type { Clock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { Logger } from '../logger.ts'

/** How often one kind of fault is written: an outage at 10 000 requests a second is one event, not 10 000. */
const INTERVAL_MS = 1_000

/** Writes faults, each kind at most once in a while, with the number of those that were left out. */
export function createFaultLog(
  logger: Logger,
  clock: Clock,
): (routeId: string, error: unknown) => void {
  const kinds = new Map<string, { lastMs: number; omitted: number }>()

  return function logFault(routeId, error) {
    const code = error instanceof VerifierFaultError ? error.code : 'ERR_INTERNAL'
    const kind = kinds.get(code) ?? { lastMs: -Infinity, omitted: 0 }
    kinds.set(code, kind)
    if (clock.monotonic() - kind.lastMs < INTERVAL_MS) {
      kind.omitted++
      return
    }
    const facts = { route: routeId, code, omitted: kind.omitted }
    kind.lastMs = clock.monotonic()
    kind.omitted = 0
    if (!(error instanceof VerifierFaultError)) {
      logger.error({ ...facts, err: error }, 'verification failed unexpectedly')
    } else if (error.code === 'ERR_GATEWAY_MISCONFIGURED') {
      logger.error(facts, error.message)
    } else {
      logger.warn(facts, error.message)
    }
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
