import type { Measurement, Pace, Scenario, Suite } from './suite.ts'

/** What became of one scenario: its rounds, or why there are none. */
export interface Row {
  readonly scenario: string
  readonly skipped?: string
  readonly rounds: readonly Measurement[]
}

export interface SuiteResult {
  readonly suite: Suite
  readonly pace: Pace
  readonly rows: readonly Row[]
  readonly notes: readonly string[]
}

/** A scenario did not do its job; no numbers are given for its suite. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'
}

export interface RunSuiteOptions {
  readonly pace: Pace
  /** The directory of the compiled product. */
  readonly product: string
  /** Told what happens now. */
  readonly onProgress: (text: string) => void
}

/**
 * Checks all scenarios, warms them up, measures them in turns, to and fro, and asks them once more.
 *
 * @throws {CheckFailure} naming the scenario, before there is any number.
 */
export async function runSuite(suite: Suite, options: RunSuiteOptions): Promise<SuiteResult> {
  const { pace, product, onProgress } = options
  const opened = await suite.open(product)
  try {
    const runnable = opened.scenarios.filter((scenario) => 'check' in scenario)
    const rounds = new Map<string, Measurement[]>()
    const each = async (
      doing: string,
      work: (scenario: Scenario) => Promise<void> | undefined,
      scenarios: readonly Scenario[] = runnable,
    ): Promise<void> => {
      for (const scenario of scenarios) {
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
    await each('warming up', (scenario) => scenario.warmUp?.(pace.warmUpSeconds))
    for (let round = 1; round <= pace.rounds; round++) {
      const measure = async (scenario: Scenario): Promise<void> => {
        await scenario.wake?.()
        const measured = await scenario.measure(pace.seconds / pace.rounds)
        rounds.set(scenario.name, [...(rounds.get(scenario.name) ?? []), measured])
      }
      const order = round % 2 === 1 ? runnable : runnable.toReversed()
      await each(`round ${round} of ${pace.rounds}:`, measure, order)
    }
    await each('confirming', (scenario) => scenario.confirm?.())

    return {
      suite,
      pace,
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
