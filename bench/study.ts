import type { SkippedScenario } from './suite.ts'

/** What a value is meant to be. A missed goal is reported; it is no failure. */
export type Goal =
  { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number }

/** One value that an experiment found. */
export interface Finding {
  readonly what: string
  /** Null: there is no such value here, and `remark` says why. */
  readonly value: number | null
  /** Behind the value; empty for a count. */
  readonly unit: string
  /** How many decimals are shown. */
  readonly digits: number
  readonly goal?: Goal | undefined
  /** What belongs to the value: how far others lie from it, what it is part of. */
  readonly remark?: string | undefined
}

/** What is set up, done once and reported with values of its own. */
export interface Experiment {
  readonly name: string
  /** How the values came about, for whoever reads them. */
  readonly method: string
  /** Asserts, on real answers, that what will be measured does its job. */
  check(): Promise<void>
  /** Throws where it finds out that what it measured did not do its job. */
  measure(): Promise<readonly Finding[]>
  /** Ends what the check and the measurement have started. */
  close?(): Promise<void>
}

/**
 * Experiments about one subject. Unlike the scenarios of a suite they are not comparable, and each is done once: they
 * take as long as they take.
 */
export interface Study {
  readonly name: string
  /** One line. */
  readonly about: string
  /** Done only where it is asked for by name. @default false */
  readonly long?: boolean | undefined
  /** @param product The directory of the compiled product, see `buildProduct`. */
  open(product: string): readonly (Experiment | SkippedScenario)[]
}

/** Whether a value is what it is meant to be; null: it has no goal, or there is no value. */
export function isMet({ value, goal }: Pick<Finding, 'value' | 'goal'>): boolean | null {
  if (goal === undefined || value === null) return null
  if ('atMost' in goal) return value <= goal.atMost
  if ('atLeast' in goal) return value >= goal.atLeast
  return value === goal.exactly
}

/** By how much a bound was missed, as text; empty where that cannot be said. */
export function missedBy({ value, goal }: Pick<Finding, 'value' | 'goal'>): string {
  if (value === null || goal === undefined || 'exactly' in goal) return ''
  const bound = 'atMost' in goal ? goal.atMost : goal.atLeast
  const percent = ((value - bound) / bound) * 100
  return bound === 0 ? '' : ` by ${Math.abs(percent).toFixed(0)} %`
}
