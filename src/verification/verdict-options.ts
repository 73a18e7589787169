import type { OptionShape } from '../option-shape.ts'
import { checkOptions, group, wholeNumbers } from '../option-shape.ts'
import type { VerificationBudgetOptions } from './verification-budget.ts'
import { BUDGET_DEFAULTS } from './verification-budget.ts'

/** What is remembered, how much of it, and for how long. */
export interface VerdictOptions {
  /**
   * No request is granted on a fact older than this, in milliseconds, 100 to 300 000. Also the interval in which a
   * family in use is asked about, in the background, by its tokens in turn: each temporary token in use is itself asked
   * about at least every 10 intervals (20 with workers). At least the total time-out of the verifier.
   *
   * @default 10_000
   */
  readonly maxStalenessMs?: number | undefined
  /**
   * How long a refusal that may be taken back is believed, in milliseconds, 0 (not at all) to 60 000. That a generation
   * is over is believed for 60 000 in any case: only a subject that is deleted and made anew can have it again.
   *
   * @default 2_000
   */
  readonly negativeTtlMs?: number | undefined
  /**
   * How much longer than `maxStalenessMs` a grant may be used where nobody can say, in milliseconds, up to 300 000. A
   * known revocation wins all the same, and no grant outlives its token.
   *
   * @default 0
   */
  readonly staleIfErrorMs?: number | undefined
  /** How many tokens are remembered that were accepted, 1 to 10 000 000; about 1 KiB each. @default 50_000 */
  readonly maxTokens?: number | undefined
  /** How many families of them, 1 to 10 000 000; about 0.5 KiB each. @default 50_000 */
  readonly maxFamilies?: number | undefined
  /** How many refusals, 1 to 10 000 000, apart from the grants, which they never push out. @default 10_000 */
  readonly maxRefusals?: number | undefined
  /** What clients may cost with tokens that turn out to be no good. */
  readonly budget?: VerificationBudgetOptions | undefined
}

/** What is used where an option is left out. */
export const VERDICT_DEFAULTS: VerdictSettings & { readonly budget: typeof BUDGET_DEFAULTS } = {
  maxStalenessMs: 10_000,
  negativeTtlMs: 2_000,
  staleIfErrorMs: 0,
  maxTokens: 50_000,
  maxFamilies: 50_000,
  maxRefusals: 10_000,
  budget: BUDGET_DEFAULTS,
}

/** The least and the most that a number may be. */
export const VERDICT_RANGES = {
  maxStalenessMs: [100, 300_000],
  negativeTtlMs: [0, 60_000],
  staleIfErrorMs: [0, 300_000],
  maxTokens: [1, 10_000_000],
  maxFamilies: [1, 10_000_000],
  maxRefusals: [1, 10_000_000],
  budget: { perAddressPerSecond: [1, 1_000_000], perSubjectPerSecond: [1, 1_000_000] },
} as const

const { budget: BUDGET_RANGES, ...RANGES } = VERDICT_RANGES

const VERDICT_OPTIONS: OptionShape<VerdictOptions> = {
  ...wholeNumbers(RANGES),
  budget: group<VerificationBudgetOptions>(wholeNumbers(BUDGET_RANGES)),
}

/** The options after validation, with every default in its place. */
export type VerdictSettings = {
  readonly [Name in Exclude<keyof VerdictOptions, 'budget'>]-?: number
}

/**
 * Checks the options and fills in what is left out.
 *
 * @param totalTimeoutMs What the verifier may take.
 * @throws {TypeError} for options that make no sense, and where an answer could be too old when it comes.
 */
export function resolveVerdicts(
  given: VerdictOptions,
  { totalTimeoutMs }: { readonly totalTimeoutMs: number },
): VerdictSettings {
  checkOptions('verdicts', given, VERDICT_OPTIONS)
  const names = Object.keys(RANGES) as (keyof VerdictSettings)[]
  const settings = Object.fromEntries(
    names.map((name) => [name, given[name] ?? VERDICT_DEFAULTS[name]]),
  ) as VerdictSettings
  if (settings.maxStalenessMs < totalTimeoutMs) {
    throw new TypeError(
      '"maxStalenessMs" must not be less than the "totalTimeoutMs" of the verifier: an answer could be too old when it comes',
    )
  }
  return settings
}
