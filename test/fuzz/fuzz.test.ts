import { expect, test } from 'vitest'

import { campaign } from './target.ts'
import { TARGETS } from './targets.ts'

// The first seeds of what `npm run fuzz` goes on with. To judge a configuration takes a hundred times longer than
// anything else.
const INPUTS: Readonly<Record<string, number>> = {
  configuration: 1_000,
  settings: 1_000,
  token: 30_000,
}

test.each(TARGETS.map((target) => [target.name, target] as const))(
  'whatever comes, each is read in one way or refused, and nothing breaks: %s',
  (name, target) => {
    const { failures, outcomes } = campaign(target, 1, INPUTS[name] ?? 100_000)
    expect(failures).toEqual([])
    // Both what is read and what is refused were among them.
    expect(outcomes.size).toBeGreaterThan(5)
  },
  300_000,
)
