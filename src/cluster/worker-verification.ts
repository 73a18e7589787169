import type { Clock, Schedule } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type {
  VerdictOptions,
  Verification,
  VerificationObservers,
  VerificationOptions,
} from '../verification/index.ts'
import { createVerification, VERDICT_RANGES } from '../verification/index.ts'
import type { BackendTraits } from '../verifier/index.ts'
import { createPrimaryBackend } from './primary-backend.ts'
import { createPrimaryExchange } from './primary-exchange.ts'
import type { PrimaryLink } from './primary-link.ts'

/** Options of {@link createWorkerVerification}. */
export interface WorkerVerificationOptions
  extends VerificationObservers, Pick<VerificationOptions, 'identityProviders'> {
  readonly link: PrimaryLink
  /** The traits of the primary's own backend. */
  readonly traits: BackendTraits
  /** How long the primary's own question may take, in milliseconds. */
  readonly totalTimeoutMs: number
  /** The primary's own options. */
  readonly verdicts: VerdictOptions & {
    readonly maxStalenessMs: number
    readonly negativeTtlMs: number
    readonly staleIfErrorMs: number
    readonly budget: {
      readonly perAddressPerSecond: number
      readonly perSubjectPerSecond: number
    }
  }
  readonly clock: Clock
  readonly schedule: Schedule
  /** A number from 0 to 1, for jitter. @default Math.random */
  readonly random?: (() => number) | undefined
  readonly logger: Logger
}

/** For how long a worker remembers a refusal, as a part of the time that the primary does: both add up. */
const NEGATIVE_TTL_PART = 0.25

/** A worker only shields the primary; what clients may cost is reckoned up there. */
const BUDGET_FACTOR = 4
const [, MOST_PER_SECOND] = VERDICT_RANGES.budget.perAddressPerSecond

/**
 * Makes the verification of a worker, which asks the primary, and remembers what it says.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createWorkerVerification(options: WorkerVerificationOptions): Verification {
  const { link, traits, totalTimeoutMs, verdicts, schedule, logger, ...rest } = options
  const { questions, exchanges, onezoneTime } = link
  const { maxStalenessMs, staleIfErrorMs, negativeTtlMs, budget } = verdicts
  return createVerification({
    ...rest,
    backend: createPrimaryBackend({
      questions,
      traits,
      totalTimeoutMs,
      maxStalenessMs,
      staleIfErrorMs,
      onezoneTime,
      clock: options.clock,
      schedule,
    }),
    exchangeRelay: createPrimaryExchange({ exchanges, totalTimeoutMs, onezoneTime, schedule }),
    onezoneTime,
    refusalsTell: false,
    verdicts: {
      ...verdicts,
      negativeTtlMs: Math.floor(negativeTtlMs * NEGATIVE_TTL_PART),
      budget: {
        perAddressPerSecond: Math.min(budget.perAddressPerSecond * BUDGET_FACTOR, MOST_PER_SECOND),
        perSubjectPerSecond: Math.min(budget.perSubjectPerSecond * BUDGET_FACTOR, MOST_PER_SECOND),
      },
    },
    logger: withoutNews(logger),
  })
}

/** A logger that does not tell that a worker's own verification watches nothing: the primary's does. */
function withoutNews(logger: Logger): Logger {
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: () => {},
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
  }
}
