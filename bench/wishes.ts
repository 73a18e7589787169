import { parseArgs } from 'node:util'

import type { Pace, Suite } from './suite.ts'
import { proxySuite } from './suites/proxy.ts'
import { soakSuite } from './suites/soak.ts'
import { verdictSuites } from './suites/verdicts.ts'
import { workersSuite } from './suites/workers.ts'

/** What the command line asks for. */
export interface Wishes {
  readonly suites: readonly Suite[]
  /** How long a suite takes. */
  paceOf(suite: Suite): Pace
  /** Put the result of `proxy` into docs/performance.md. */
  readonly writeDocs: boolean
}

const DEFAULT_SOAK_MINUTES = 30

/** @throws {TypeError} saying what is wrong with them. */
export function readWishes(args: readonly string[]): Wishes {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  })
  const seconds = numberOf('seconds', values.seconds, 3600)
  const minutes = numberOf('minutes', values.minutes, 24 * 60) ?? DEFAULT_SOAK_MINUTES
  if (values.quick && seconds !== undefined) {
    throw new TypeError('"--quick" says how long a row takes, and so does "--seconds": give one')
  }

  const all = suitesFor(minutes)
  const unknown = positionals.find((name) => !all.some((suite) => suite.name === name))
  if (unknown !== undefined) throw new TypeError(`There is no suite "${unknown}".`)
  const suites = all.filter((suite) =>
    positionals.length === 0 ? suite.long !== true : positionals.includes(suite.name),
  )
  if (values['write-docs'] && !suites.includes(proxySuite)) {
    throw new TypeError('"--write-docs" is for the result of "proxy", which is not to be run')
  }
  return {
    suites,
    paceOf: (suite) =>
      values.quick ? suite.quick : { ...suite, seconds: seconds ?? suite.seconds },
    writeDocs: values['write-docs'],
  }
}

export function listOfSuites(): string {
  const lines = suitesFor(DEFAULT_SOAK_MINUTES).map(({ name, about }) => `  ${name}: ${about}`)
  return ['Suites:', ...lines].join('\n')
}

function suitesFor(soakMinutes: number): readonly Suite[] {
  return [proxySuite, workersSuite, ...verdictSuites, soakSuite(soakMinutes)]
}

function numberOf(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0 && value <= most)) {
    throw new TypeError(`"--${name}" must be a number above 0, ${most} at most, got ${text}`)
  }
  return value
}
