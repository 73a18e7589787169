import type { SuiteResult } from './run-suite.ts'
import type { Comparison } from './suite.ts'

/** The middle of some numbers and how far they lie apart. */
export interface Spread {
  readonly median: number
  /** A quarter of them is lower. */
  readonly lower: number
  /** A quarter of them is higher. */
  readonly upper: number
}

/** null, if there is nothing to be in the middle of. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const known = values
    .filter((value) => value !== null && value !== undefined)
    .toSorted((a, b) => a - b)
  const quarter = known.length >> 2
  const [lower, upper] = [known.at(quarter), known.at(-1 - quarter)]
  const [low, high] = [known[(known.length - 1) >> 1], known[known.length >> 1]]
  if (lower === undefined || upper === undefined) return null
  if (low === undefined || high === undefined) return null
  return { median: (low + high) / 2, lower, upper }
}

/** A value of one scenario in a column: over its rounds. */
export function valueOf(result: SuiteResult, scenario: string, column: string): Spread | null {
  return spreadOf(roundsOf(result, scenario).map((measured) => measured[column]))
}

/** How many times the value of one scenario is that of another, round by round. */
export function ratioOf(
  result: SuiteResult,
  { column, of, to }: Pick<Comparison, 'column' | 'of' | 'to'>,
): Spread | null {
  const others = roundsOf(result, to)
  return spreadOf(
    roundsOf(result, of).map((measured, round) => {
      const value = measured[column] ?? null
      const other = others[round]?.[column] ?? null
      return value === null || other === null || other === 0 ? null : value / other
    }),
  )
}

function roundsOf(result: SuiteResult, scenario: string): SuiteResult['rows'][number]['rounds'] {
  return result.rows.find((row) => row.scenario === scenario)?.rounds ?? []
}
