/**
 * `npm run bench -- [NAME…] [--quick | --seconds N] [--minutes N] [--write-docs]`
 *
 * Runs the named suites, or all but those that are long. Every scenario is first asked whether it does its job; if one
 * does not, there are no numbers and the exit status is 1. `--quick` is for a first look, `--seconds` are those of a
 * row of `proxy` or `workers`, `--minutes` those of `soak`. `--write-docs` puts the result of `proxy` into
 * docs/performance.md. The report goes to stdout, what happens meanwhile to stderr.
 */

import { constants } from 'node:os'

import { describeMachine } from './machine.ts'
import { writePerformancePage } from './performance-page.ts'
import { buildProduct } from './product.ts'
import type { Report } from './report.ts'
import { toMarkdown } from './report.ts'
import type { SuiteResult } from './run-suite.ts'
import { CheckFailure, runSuite } from './run-suite.ts'
import type { Wishes } from './wishes.ts'
import { listOfSuites, readWishes } from './wishes.ts'

const EXIT = { failed: 1, usage: 2 } as const

const onProgress = (text: string): void => console.error(text)

async function main(args: readonly string[]): Promise<number> {
  let wishes: Wishes
  try {
    wishes = readWishes(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${listOfSuites()}`)
    return EXIT.usage
  }
  let report: Report
  try {
    report = await measureAll(wishes)
  } catch (error) {
    console.error(error instanceof CheckFailure ? error.message : error)
    return EXIT.failed
  }
  console.log(toMarkdown(report))
  if (wishes.writeDocs) await writePerformancePage(report)
  return 0
}

async function measureAll(wishes: Wishes): Promise<Report> {
  const machine = describeMachine()
  const results: SuiteResult[] = []
  onProgress('compiling src')
  const product = await buildProduct()
  for (const suite of wishes.suites) {
    onProgress(`${suite.name}: ${suite.about}`)
    results.push(await runSuite(suite, { pace: wishes.paceOf(suite), product, onProgress }))
  }
  return { machine, results }
}

// The children and the compiled product go when this process exits (child.ts, product.ts).
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
process.exitCode = await main(process.argv.slice(2))
