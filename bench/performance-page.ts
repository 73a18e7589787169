import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { format, resolveConfig } from 'prettier'

import type { Report } from './report.ts'
import { listOf, resultToMarkdown } from './report.ts'

const PAGE = join(import.meta.dirname, '..', 'docs', 'performance.md')

/**
 * Puts the machine and the result of the suite `proxy` between their markers in the documentation, formatted like the
 * rest of it.
 *
 * @throws {Error} if the markers or the result are not there.
 */
export async function writePerformancePage(report: Report): Promise<void> {
  const result = report.results.find(({ suite }) => suite.name === 'proxy')
  if (result === undefined)
    throw new Error('There is no result of "proxy" for docs/performance.md.')
  const lines = [...resultToMarkdown(result), ...listOf(report.machine)]
  const text = replaceBetweenMarkers(readFileSync(PAGE, 'utf8'), 'proxy', lines.join('\n'))
  const settings = await resolveConfig(PAGE)
  writeFileSync(PAGE, await format(text, { ...settings, filepath: PAGE }))
}

/**
 * Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.
 *
 * @throws {Error} if the two are not there once each, in this order.
 */
export function replaceBetweenMarkers(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const [before = '', between = '', ...more] = text.split(begin)
  const [, after, ...evenMore] = between.split(end)
  if (after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`docs/performance.md must hold ${begin} and ${end} once.`)
  }
  return `${before}${begin}\n\n${content}\n\n${end}${after}`
}
