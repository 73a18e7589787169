import type { Machine } from './machine.ts'
import type { Spread } from './ratios.ts'
import { ratioOf, valueOf } from './ratios.ts'
import type { SuiteResult } from './run-suite.ts'
import { goalText } from './goal.ts'
import type { Column, Comparison } from './suite.ts'

/** Everything that one run found out. */
export interface Report {
  readonly machine: Machine
  readonly results: readonly SuiteResult[]
}

/** For people. */
export function toMarkdown(report: Report): string {
  const lines = ['# onegate, measured', '', ...machineToMarkdown(report.machine)]
  for (const result of report.results) lines.push('', ...suiteToMarkdown(result))
  return `${lines.join('\n')}\n`
}

/** Load average per core of a machine that has little else to do. */
const QUIET_LOAD = 0.5

/** Where and when. */
export function machineToMarkdown(machine: Machine): string[] {
  const busy = machine.loadBefore > QUIET_LOAD * machine.cores
  return [
    `* ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; ` +
      `load average before: ${machine.loadBefore}` +
      (busy ? ', **the machine was busy with other things**' : ''),
    `* Node ${machine.node}, commit ${machine.commit ?? 'unknown'}, ${machine.date}`,
  ]
}

function suiteToMarkdown(result: SuiteResult): string[] {
  return [`## ${result.suite.name}: ${result.suite.about}`, '', ...resultToMarkdown(result)]
}

/** The table of a suite, what there is to say about it, and which goals are met. */
export function resultToMarkdown(result: SuiteResult): string[] {
  const { suite, rows, notes, pace } = result
  const skipped = rows.filter((row) => row.skipped !== undefined)
  const { seconds, rounds } = pace
  const remarks = [
    `Medians of ${rounds} rounds of ${seconds / rounds} s a row, in turns.`,
    ...suite.comparisons.map((comparison) => comparisonText(result, comparison)),
    ...suite.columns.flatMap((column) => columnGoals(result, column)),
    ...skipped.map((row) => `${row.scenario}: not measured, ${row.skipped}`),
    ...notes,
  ]
  return [...tableOf(result), '', ...remarks.map((remark) => `* ${remark}`)]
}

function tableOf({ suite, rows, ...rest }: SuiteResult): string[] {
  const result = { suite, rows, ...rest }
  const head = ['', ...suite.columns, ...suite.ratios].map((column) =>
    typeof column === 'string' ? column : column.title,
  )
  const measured = rows.filter((row) => row.skipped === undefined)
  const body = measured.map(({ scenario }) => [
    scenario,
    ...suite.columns.map((column) => shown(valueOf(result, scenario, column.key), column)),
    ...suite.ratios.map((ratio) => shown(ratioOf(result, { ...ratio, of: scenario }), RATIO)),
  ])
  return markdownTable([head, ...body])
}

/** A Markdown table whose columns also line up as plain text, the first to the left, the others to the right. */
function markdownTable(cells: readonly (readonly string[])[]): string[] {
  const [head = []] = cells
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  const line = (row: readonly string[]): string => `| ${row.map(pad).join(' | ')} |`
  const rule = widths.map((width, column) => `${'-'.repeat(width - 1)}${column === 0 ? '-' : ':'}`)
  return [line(head), line(rule), ...cells.slice(1).map(line)]
}

const RATIO: Pick<Column, 'digits'> = { digits: 2 }

function shown(spread: Spread | null, { digits }: Pick<Column, 'digits'>): string {
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

function asFactor(ratio: number): string {
  return `${ratio.toFixed(1)} ×`
}

function asDifference(ratio: number): string {
  const percent = ((ratio - 1) * 100).toFixed(1)
  return ratio >= 1 ? `+${percent} %` : `${percent.replace('-', '−')} %`
}
