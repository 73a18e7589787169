import type { Reporter, TestCase } from 'vitest/node'

import { BAR } from './bar.ts'

/** Prints which cases of the bar are held: all tests whose titles have its id have passed. */
export default class HeldTable implements Reporter {
  readonly #held = new Map<string, boolean>()

  onTestCaseResult(test: TestCase): void {
    const { state } = test.result()
    if (state === 'skipped') return
    for (const id of new Set(test.fullName.match(/\b[SR]-[A-Z]?\d+\b/g))) {
      this.#held.set(id, (this.#held.get(id) ?? true) && state === 'passed')
    }
  }

  onTestRunEnd(): void {
    const words = BAR.map((id) => {
      const holds = this.#held.get(id)
      return `${id} ${holds === undefined ? 'not shown' : holds ? 'held' : 'FAILED'}`
    })
    const count = BAR.filter((id) => this.#held.get(id) === true).length
    // oxlint-disable-next-line no-console -- the table is what the suite is for
    console.log(`${words.join('\n')}\n${count} of ${BAR.length} cases held`)
  }
}
