import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/index.ts'
import { verifierChoiceOf } from '../config/index.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Verification } from '../verification/index.ts'
import { createVerification } from '../verification/index.ts'

/** What a verification is opened with, apart from its configuration. */
export interface VerificationSurroundings {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock | undefined
}

/** Opens the verification that a configuration asks for. */
export type OpenVerification = (
  config: GatewayConfig,
  surroundings: VerificationSurroundings,
) => Verification

/**
 * Opens one that asks whom the configuration names.
 *
 * @throws {TypeError} for options that make no sense.
 */
export const openOwnVerification: OpenVerification = (config, { metrics, logger, clock }) =>
  createVerification({
    ...verifierChoiceOf(config.verifier),
    verdicts: config.verdicts,
    onCall: metrics.onCall,
    onEviction: metrics.onEviction,
    onDeath: metrics.onDeath,
    onWatchRead: metrics.onWatchRead,
    onBreakerChange: (state) => logger.warn({ state }, 'the breaker before the verifier changed'),
    logger,
    clock,
  })
