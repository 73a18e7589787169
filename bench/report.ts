import type { Spread } from './ratios.ts'
import { ratioOf, valueOf } from './ratios.ts'
import type { SuiteResult } from './run-suite.ts'
import type { Column, Comparison, Goal } from './suite.ts'

/** Everything that one run found out. */
export interface Report {
  /** See `describeMachine`. */
  readonly machine: readonly string[]
  readonly results: readonly SuiteResult[]
}

/** Markdown, not yet formatted. */
export function toMarkdown({ machine, results }: Report): string {
  const parts = results.flatMap((result) => [
    '',
    `## ${result.suite.name}: ${result.suite.about}`,
    '',
    ...resultToMarkdown(result),
  ])
  return `${['# onegate, measured', '', ...listOf(machine), ...parts].join('\n')}\n`
}

/** A Markdown list. */
export function listOf(facts: readonly string[]): string[] {
  return facts.map((fact) => `* ${fact}`)
}

/** The table of a suite, what there is to say about it, and which goals are met. */
export function resultToMarkdown(result: SuiteResult): string[] {
  const { suite, rows, notes, pace } = result
  const { seconds, rounds } = pace
  const remarks = [
    `Medians of ${rounds} rounds of ${seconds / rounds} s a row, in turns.`,
    ...suite.comparisons.map((comparison) => comparisonText(result, comparison)),
    ...suite.columns.flatMap((column) => columnGoals(result, column)),
    ...rows.flatMap(({ scenario, skipped }) =>
      skipped === undefined ? [] : [`${scenario}: not measured, ${skipped}`],
    ),
    ...notes,
  ]
  return [...tableOf(result), '', ...listOf(remarks)]
}

function tableOf(result: SuiteResult): string[] {
  const { suite, rows } = result
  const head = ['', ...[...suite.columns, ...suite.ratios].map(({ title }) => title)]
  const measured = rows.filter((row) => row.skipped === undefined)
  const body = measured.map(({ scenario }) => [
    scenario,
    ...suite.columns.map((column) => shown(valueOf(result, scenario, column.key), column.digits)),
    ...suite.ratios.map((ratio) => shown(ratioOf(result, { ...ratio, of: scenario }), 2)),
  ])
  return markdownTable([head, ...body])
}

/** The first column to the left, the others to the right. */
function markdownTable([head = [], ...body]: readonly (readonly string[])[]): string[] {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`)
}

function shown(spread: Spread | null, digits: number): string {
  return spread === null ? '–' : spread.median.toFixed(digits)
}

function comparisonText(result: SuiteResult, comparison: Comparison): string {
  const { title, of, to, goal } = comparison
  const what = `${title}, “${of}” against “${to}”: `
  const ratio = ratioOf(result, comparison)
  if (ratio === null) return `${what}not measured`
  const show = goal !== undefined && 'atLeast' in goal ? asFactor : asDifference
  const spread = `${show(ratio.median)} (half of the rounds: ${show(ratio.lower)} to ${show(ratio.upper)})`
  return what + spread + (goal === undefined ? '' : `; ${goalText(ratio.median, goal, show)}`)
}

/** How each row fares against the goal of a column. */
function columnGoals(result: SuiteResult, column: Column): string[] {
  const { key, title, digits, goal } = column
  if (goal === undefined) return []
  return result.rows.flatMap(({ scenario }) => {
    const value = valueOf(result, scenario, key)?.median
    const show = (number: number): string => number.toFixed(digits)
    return value === undefined ? [] : [`${title}, “${scenario}”: ${goalText(value, goal, show)}`]
  })
}

/** The goal and whether it is met, by how much not, as text. */
export function goalText(value: number, goal: Goal, show: (value: number) => string): string {
  const [words, bound, isMet] =
    'atMost' in goal
      ? ['at most', goal.atMost, value <= goal.atMost]
      : ['at least', goal.atLeast, value >= goal.atLeast]
  const by = bound === 0 ? '' : ` by ${Math.abs((value / bound - 1) * 100).toFixed(0)} %`
  return `goal: ${words} ${show(bound)}, ${isMet ? 'met' : `**missed**${by}`}`
}

function asFactor(ratio: number): string {
  return `${ratio.toFixed(1)} ×`
}

function asDifference(ratio: number): string {
  const percent = ((ratio - 1) * 100).toFixed(1)
  return ratio >= 1 ? `+${percent} %` : `${percent.replace('-', '−')} %`
}
