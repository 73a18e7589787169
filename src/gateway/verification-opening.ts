import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { verifierChoiceOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Tracing } from '../tracing/index.ts'
import type {
  InvalidationSelector,
  Verification,
  VerificationObservers,
} from '../verification/index.ts'
import { createVerification } from '../verification/index.ts'

/** What a verification is opened with, apart from its configuration. */
export interface VerificationSurroundings {
  readonly metrics: Metrics
  /** Null: nobody gathers traces. */
  readonly tracing: Tracing | null
  readonly logger: Logger
  readonly clock: Clock | undefined
  /** Somebody's tokens stopped being good: has open streams verified again. */
  readonly recheckStreams: () => void
}

/** Opens the verification that a configuration asks for. */
export type OpenVerification = (
  config: GatewayConfig,
  surroundings: VerificationSurroundings,
) => Verification

/**
 * Makes the function that opens one that asks whom the configuration names. It throws a TypeError for options that make
 * no sense.
 *
 * @param onDeath Told of whoever turns out to be dead. @default nobody is told
 * @param onWithdrawal Told of what was granted and is refused now. @default nobody is told
 */
export function openVerificationOf(
  onDeath: (dead: InvalidationSelector) => void = () => {},
  onWithdrawal?: VerificationObservers['onWithdrawal'],
): OpenVerification {
  return (config, { metrics, tracing, logger, clock, recheckStreams }) =>
    createVerification({
      ...verifierChoiceOf(config.verifier),
      verdicts: config.verdicts,
      store: config.store,
      onCall(call) {
        metrics.onCall(call)
        tracing?.onCall(call)
      },
      onEviction: metrics.onEviction,
      onDeath(reason, dead) {
        metrics.onDeath(reason)
        onDeath(dead)
        recheckStreams()
      },
      onWithdrawal,
      onWatchRead: metrics.onWatchRead,
      onStoreEvent: metrics.onStoreEvent,
      onStoreRejection: metrics.onStoreRejection,
      onSharedInvalidation(selector) {
        onDeath(selector)
        recheckStreams()
      },
      onBreakerChange: (state) => logger.warn({ state }, 'the breaker before the verifier changed'),
      logger,
      clock,
    })
}
