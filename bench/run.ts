/**
 * `npm run bench -- [NAME…] [--quick | --seconds N] [--write-docs]`
 *
 * Runs the named suites, or all but those that are long. Every scenario is first asked whether it does its job; if one
 * does not, there are no numbers and the exit status is 1. `--quick` is for a first look, `--seconds` are those of a
 * row of `proxy`, `loads` or `workers`, and those of the whole `soak`. `--write-docs` puts the result of `proxy` into
 * docs/performance.md. The report goes to stdout, what happens meanwhile to stderr.
 */

import { constants } from 'node:os'
import { parseArgs } from 'node:util'

import { format } from 'prettier'

import { describeMachine } from './machine.ts'
import { writePerformancePage } from './performance-page.ts'
import { buildProduct } from './product.ts'
import { toMarkdown } from './report.ts'
import type { SuiteResult } from './run-suite.ts'
import { runSuite } from './run-suite.ts'
import type { Pace, Suite } from './suite.ts'
import { loadsSuite } from './suites/loads.ts'
import { proxySuite } from './suites/proxy.ts'
import { soakSuite } from './suites/soak.ts'
import { verdictSuites } from './suites/verdicts.ts'
import { workersSuite } from './suites/workers.ts'

const SUITES: readonly Suite[] = [proxySuite, loadsSuite, workersSuite, ...verdictSuites, soakSuite]

/** @throws {TypeError} saying what is wrong with the command line. */
function readCommandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  })
  const seconds = values.seconds === undefined ? null : Number(values.seconds)
  if (seconds !== null && (values.quick || !(seconds > 0))) {
    throw new TypeError('"--seconds" must be a number above 0, and stands without "--quick"')
  }
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown !== undefined) {
    const names = [...new Set(SUITES.map(({ name }) => name))].join(', ')
    throw new TypeError(`There is no suite "${unknown}". There are: ${names}`)
  }
  const suites = SUITES.filter((suite) =>
    positionals.length === 0 ? suite.long !== true : positionals.includes(suite.name),
  )
  const writeDocs = values['write-docs']
  if (writeDocs && !suites.includes(proxySuite)) {
    throw new TypeError('"--write-docs" is for the result of "proxy", which is not to be run')
  }
  const paceOf = (suite: Suite): Pace =>
    values.quick ? suite.quick : { ...suite, seconds: seconds ?? suite.seconds }
  return { suites, paceOf, writeDocs }
}

// The children and the compiled product go when this process exits (child.ts, product.ts).
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
try {
  const { suites, paceOf, writeDocs } = readCommandLine()
  const machine = describeMachine()
  console.error('compiling src')
  const product = await buildProduct()
  const results: SuiteResult[] = []
  for (const suite of suites) results.push(await runSuite(suite, paceOf(suite), product))
  const report = { machine, results }
  console.log(await format(toMarkdown(report), { parser: 'markdown' }))
  if (writeDocs) await writePerformancePage(report)
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
