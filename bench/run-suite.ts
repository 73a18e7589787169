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

/**
 * Checks all scenarios, warms them up, measures them in turns, to and fro, and asks them once more. What happens
 * meanwhile goes to stderr.
 *
 * @param product The directory of the compiled product.
 * @throws {Error} naming the scenario that does not do its job; then there are no numbers.
 */
export async function runSuite(suite: Suite, pace: Pace, product: string): Promise<SuiteResult> {
  console.error(`${suite.name}: ${suite.about}`)
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
        const what = `${suite.name}: ${doing} ${scenario.name}`
        console.error(what)
        try {
          await work(scenario)
        } catch (error) {
          throw new Error(`${what} failed`, { cause: error })
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

    const rows = opened.scenarios.map((scenario) => ({
      scenario: scenario.name,
      ...('skipped' in scenario ? { skipped: scenario.skipped } : {}),
      rounds: rounds.get(scenario.name) ?? [],
    }))
    const own = runnable.flatMap((scenario) => scenario.note?.() ?? [])
    return { suite, pace, rows, notes: [...opened.notes(), ...own] }
  } finally {
    await opened.close()
  }
}
