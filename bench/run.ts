/**
 * `npm run bench -- [NAME…] [--seconds N] [--markdown FILE] [--json FILE]`
 *
 * Runs the named suites, or all. Every scenario is first asked whether it does its job; if one does not, there are no
 * numbers and the exit status is 1. `--seconds` is for suites with rounds; the experiments of `verdicts` take the time that
 * they need. The report goes to stdout, what happens meanwhile to stderr.
 */

import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'

import { describeMachine } from './machine.ts'
import { buildProduct } from './product.ts'
import { toJson, toMarkdown } from './report.ts'
import type { StudyResult } from './run-study.ts'
import { runStudy } from './run-study.ts'
import type { SuiteResult } from './run-suite.ts'
import { CheckFailure, runSuite } from './run-suite.ts'
import type { Study } from './study.ts'
import type { Suite } from './suite.ts'
import { proxySuite } from './suites/proxy.ts'
import { verdictsStudy } from './suites/verdicts.ts'

const SUITES: readonly (Suite | Study)[] = [proxySuite, verdictsStudy]

const EXIT = { failed: 1, usage: 2 } as const

const onProgress = (text: string): void => console.error(text)

interface Wishes {
  readonly suites: readonly (Suite | Study)[]
  readonly seconds: number
  readonly markdown: string | undefined
  readonly json: string | undefined
}

/** @throws {TypeError} saying what is wrong with them. */
function readArguments(args: string[]): Wishes {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '5' },
      markdown: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const seconds = Number(values.seconds)
  if (!(seconds > 0 && seconds <= 3600)) {
    throw new TypeError(`"--seconds" must be a number above 0, 3600 at most, got ${values.seconds}`)
  }
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown !== undefined) throw new TypeError(`There is no suite "${unknown}".`)
  const suites = SUITES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  if (positionals.length === 0) onProgress(listOfSuites())
  return { suites, seconds, markdown: values.markdown, json: values.json }
}

function listOfSuites(): string {
  return ['Suites:', ...SUITES.map(({ name, about }) => `  ${name}: ${about}`)].join('\n')
}

async function main(args: string[]): Promise<number> {
  let wishes: Wishes
  try {
    wishes = readArguments(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${listOfSuites()}`)
    return EXIT.usage
  }
  const { suites, seconds } = wishes
  const machine = describeMachine()
  const results: SuiteResult[] = []
  const studies: StudyResult[] = []
  try {
    onProgress('compiling src')
    const product = await buildProduct()
    for (const suite of suites) {
      if ('rounds' in suite) results.push(await runSuite(suite, { seconds, product, onProgress }))
      else studies.push(await runStudy(suite, { product, onProgress }))
    }
  } catch (error) {
    console.error(error instanceof CheckFailure ? error.message : error)
    return EXIT.failed
  }
  const report = { machine, seconds, results, studies }
  const markdown = toMarkdown(report)
  console.log(markdown)
  if (wishes.markdown !== undefined) writeFileSync(wishes.markdown, markdown)
  if (wishes.json !== undefined) writeFileSync(wishes.json, toJson(report))
  return 0
}

// The children and the compiled product go when this process exits (child.ts, product.ts).
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
process.exitCode = await main(process.argv.slice(2))
