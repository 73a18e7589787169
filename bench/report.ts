import type { Machine } from './machine.ts'
import { markdownTable } from './markdown-table.ts'
import type { Spread } from './ratios.ts'
import { ratioOf, valueOf } from './ratios.ts'
import type { StudyResult } from './run-study.ts'
import type { SuiteResult } from './run-suite.ts'
import { studyToJson, studyToMarkdown } from './study-report.ts'
import type { Column, Comparison } from './suite.ts'

/** Everything that one run found out. */
export interface Report {
  readonly machine: Machine
  /** How long each scenario of a suite was measured. */
  readonly seconds: number
  readonly results: readonly SuiteResult[]
  readonly studies: readonly StudyResult[]
}

/** For people. */
export function toMarkdown(report: Report): string {
  const { machine, seconds } = report
  const lines = [
    '# onegate, measured',
    '',
    `* ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; ` +
      `load average before: ${machine.loadBefore}`,
    `* Node ${machine.node}, commit ${machine.commit ?? 'unknown'}, ${machine.date}`,
  ]
  if (report.results.length > 0) {
    lines.push(`* ${seconds} s a row; values are medians of rounds that take turns`)
  }
  for (const result of report.results) lines.push('', ...suiteToMarkdown(result))
  for (const result of report.studies) lines.push('', ...studyToMarkdown(result))
  return `${lines.join('\n')}\n`
}

function suiteToMarkdown(result: SuiteResult): string[] {
  const { suite, rows, notes } = result
  const lines = [`## ${suite.name}: ${suite.about}`, '', ...tableOf(result)]
  const skipped = rows.filter((row) => row.skipped !== undefined)
  const remarks = [
    ...suite.comparisons.map((comparison) => comparisonText(result, comparison)),
    ...skipped.map((row) => `${row.scenario}: not measured, ${row.skipped}`),
    ...notes,
  ]
  if (remarks.length > 0) lines.push('', ...remarks.map((remark) => `* ${remark}`))
  return lines
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

const RATIO: Pick<Column, 'digits'> = { digits: 2 }

function shown(spread: Spread | null, { digits }: Pick<Column, 'digits'>): string {
  return spread === null ? '–' : spread.median.toFixed(digits)
}

function comparisonText(result: SuiteResult, comparison: Comparison): string {
  const { title, of, to, goalAtMost } = comparison
  const what = `${title}, “${of}” against “${to}”: `
  const ratio = ratioOf(result, comparison)
  if (ratio === null) return `${what}not measured`
  const percent = (value: number): string => {
    const rounded = ((value - 1) * 100).toFixed(1)
    return value >= 1 ? `+${rounded} %` : `${rounded.replace('-', '−')} %`
  }
  const spread = `${percent(ratio.median)} (${percent(ratio.min)} to ${percent(ratio.max)} in the rounds)`
  if (goalAtMost === undefined) return what + spread
  const verdict = ratio.median <= goalAtMost ? 'met' : '**missed**'
  return `${what}${spread}; goal: at most ${percent(goalAtMost)}, ${verdict}`
}

/** For programs: every round of every row, the ratios with their spread, and every finding. */
export function toJson(report: Report): string {
  const { machine, seconds, results } = report
  const suites = results.map((result) => ({
    name: result.suite.name,
    about: result.suite.about,
    columns: result.suite.columns,
    rows: result.rows.map((row) => ({
      ...row,
      ratios: result.suite.ratios.map((ratio) => ({
        ...ratio,
        ratio: ratioOf(result, { ...ratio, of: row.scenario }),
      })),
    })),
    comparisons: result.suite.comparisons.map((comparison) => ({
      ...comparison,
      ratio: ratioOf(result, comparison),
    })),
    notes: result.notes,
  }))
  const studies = report.studies.map(studyToJson)
  return `${JSON.stringify({ machine, seconds, suites, studies }, null, 2)}\n`
}
