import type { Measurement, Scenario, Suite } from './suite.ts'

/** What became of one scenario: its rounds, or why there are none. */
export interface Row {
  readonly scenario: string
  readonly skipped?: string
  readonly rounds: readonly Measurement[]
}

export interface SuiteResult {
  readonly suite: Suite
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

/** A scenario did not do its job; no numbers are given for its suite. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'
}

export interface RunSuiteOptions {
  /** How long each scenario is measured, in seconds, all rounds together. */
  readonly seconds: number
  /** The directory of the compiled product. */
  readonly product: string
  /** Told what happens now. */
  readonly onProgress: (text: string) => void
}

/**
 * Checks all scenarios, warms them up, measures them in turns, and asks them once more.
 *
 * @throws {CheckFailure} naming the scenario, before there is any number.
 */
export async function runSuite(suite: Suite, options: RunSuiteOptions): Promise<SuiteResult> {
  const { seconds, product, onProgress } = options
  const opened = await suite.open(product)
  try {
    const runnable = opened.scenarios.filter((scenario) => 'check' in scenario)
    const rounds = new Map<string, Measurement[]>()
    const each = async (
      doing: string,
      work: (scenario: Scenario) => Promise<void> | undefined,
    ): Promise<void> => {
      for (const scenario of runnable) {
        onProgress(`${suite.name}: ${doing} ${scenario.name}`)
        try {
          await work(scenario)
        } catch (error) {
          throw new CheckFailure(`${suite.name}, ${doing} "${scenario.name}": ${textOf(error)}`, {
            cause: error,
          })
        }
      }
    }

    await each('checking', (scenario) => scenario.check())
    const warmUpSeconds = Math.min(seconds, suite.warmUpSeconds)
    await each('warming up', (scenario) => scenario.warmUp?.(warmUpSeconds))
    for (let round = 1; round <= suite.rounds; round++) {
      await each(`round ${round} of ${suite.rounds}:`, async (scenario) => {
        const measured = await scenario.measure(seconds / suite.rounds)
        rounds.set(scenario.name, [...(rounds.get(scenario.name) ?? []), measured])
      })
    }
    await each('confirming', (scenario) => scenario.confirm?.())

    return {
      suite,
      rows: opened.scenarios.map((scenario) => ({
        scenario: scenario.name,
        ...('skipped' in scenario ? { skipped: scenario.skipped } : {}),
        rounds: rounds.get(scenario.name) ?? [],
      })),
      notes: opened.notes(),
    }
  } finally {
    await opened.close()
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
