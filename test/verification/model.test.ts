import { env } from 'node:process'

import { expect, test } from 'vitest'

import { explore, runScenario, shrink } from './model/explore.ts'
import type { Finding } from './model/explore.ts'

/** How many worlds, how many steps in each, and the first of them: a failure prints its own. */
const SEEDS = Number(env['MODEL_SEEDS'] ?? 30)
const STEPS = Number(env['MODEL_STEPS'] ?? 100)
const FIRST_SEED = Number(env['MODEL_SEED'] ?? 1)

/**
 * The gateway, of one process and of two workers, driven by anything that can happen, against an Onezone that is
 * written down as plainly as can be and whose whole history is known. What must hold is in `model/referee.ts` (answers)
 * and `model/wire.ts` (questions):
 *
 * - a grant needs a moment, since the fact that it says it rests on, at which Onezone would have accepted this very
 *   request; no fact is older than the bound, nor than was asked for, nor than a death that is known, nor than what an
 *   operator took back; and no grant outlives its token;
 * - a refusal needs a reason that was true within the time for which it may be believed;
 * - Onezone is asked about nothing twice at once, nor sooner than promised;
 * - a request is answered within Onezone’s own time and a little, and a fault needs something that went wrong;
 * - a stream carries nothing beyond the bound, and does not end in vain;
 * - who explains or counts changes nothing.
 *
 * A longer run: `model/long-run.ts`. One world again: `MODEL_SEED=<seed> MODEL_SEEDS=1 MODEL_STEPS=<steps>`.
 */
test(
  `the gateway keeps its promises in ${SEEDS} worlds of ${STEPS} steps, from ${FIRST_SEED}`,
  {
    timeout: 36_000_000,
  },
  async () => {
    const { findings } = await explore({ firstSeed: FIRST_SEED, seeds: SEEDS, steps: STEPS })
    const [finding] = findings
    if (finding !== undefined) expect.fail(await storyOf(finding))
  },
)

/** What went wrong, how to have it again, and the shortest way to it. */
async function storyOf(finding: Finding): Promise<string> {
  const { seed, settings, steps, violation } = await shrink(finding)
  const lines: string[] = []
  await runScenario({ seed, settings, steps, trace: (line) => void lines.push(line) })
  return [
    `${violation.rule}: MODEL_SEED=${finding.seed} MODEL_SEEDS=1 MODEL_STEPS=${finding.violation.step + 1}`,
    JSON.stringify(violation.about),
    JSON.stringify(settings),
    ...lines.slice(-80),
  ].join('\n')
}
