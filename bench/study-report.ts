import { markdownTable } from './markdown-table.ts'
import type { ExperimentResult, StudyResult } from './run-study.ts'
import type { Finding, Goal } from './study.ts'
import { isMet, missedBy } from './study.ts'

/** For people: a chapter for the study, a section for each experiment. */
export function studyToMarkdown({ study, experiments }: StudyResult): string[] {
  const findings = experiments.flatMap((experiment) => experiment.findings)
  const verdicts = findings.map(isMet).filter((met) => met !== null)
  const missed = verdicts.filter((met) => !met).length
  const skipped = experiments.filter((experiment) => experiment.skipped !== undefined).length
  const summary =
    `${verdicts.length} goals: ${verdicts.length - missed} met, ${missed} missed` +
    (skipped === 0 ? '' : `; ${skipped} experiments were not done`)
  const sections = experiments.flatMap((experiment) => ['', ...experimentToMarkdown(experiment)])
  return [`## ${study.name}: ${study.about}`, '', `${summary}.`, ...sections]
}

function experimentToMarkdown(result: ExperimentResult): string[] {
  const title = `### ${result.experiment}`
  if (result.skipped !== undefined) return [title, '', `Not done: ${result.skipped}`]
  const head = ['', 'measured', 'goal', '', '']
  const rows = result.findings.map((finding) => [
    finding.what,
    shown(finding.value, finding),
    finding.goal === undefined ? '' : goalText(finding.goal, finding),
    verdictText(finding),
    finding.remark ?? '',
  ])
  const table = markdownTable([head, ...rows], [0, 3, 4])
  const load = `Load average before: ${result.loadBefore}; it took ${result.elapsedSeconds} s.`
  return [title, '', `${result.method ?? ''} ${load}`, '', ...table]
}

function shown(value: number | null, { unit, digits }: Finding): string {
  if (value === null) return '–'
  return unit === '' ? grouped(value, digits) : `${grouped(value, digits)} ${unit}`
}

function grouped(value: number, digits: number): string {
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return value.toLocaleString('en', format).replaceAll(',', ' ')
}

function goalText(goal: Goal, finding: Finding): string {
  if ('atMost' in goal) return `≤ ${shown(goal.atMost, finding)}`
  if ('atLeast' in goal) return `≥ ${shown(goal.atLeast, finding)}`
  return shown(goal.exactly, finding)
}

function verdictText(finding: Finding): string {
  const met = isMet(finding)
  if (met === null) return ''
  return met ? 'met' : `**missed**${missedBy(finding)}`
}

/** For programs. */
export function studyToJson({ study, experiments }: StudyResult): object {
  return {
    name: study.name,
    about: study.about,
    experiments: experiments.map((result) => ({
      ...result,
      findings: result.findings.map((finding) => ({ ...finding, met: isMet(finding) })),
    })),
  }
}
