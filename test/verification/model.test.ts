import { env } from 'node:process'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import failedSeeds from '../vectors/failed-seeds.json' with { type: 'json' }
import { createCast, FIRST_WORLD } from './model/cast.ts'
import { commands, runSettings } from './model/commands.ts'
import { TIMEOUT_MS } from './model/run-settings.ts'
import { createSimulation } from './model/simulation.ts'

/** How many runs, and from which seed: both are printed by a run that fails. */
const RUNS = Number(env['PROPERTY_RUNS'] ?? 400)
const SEED = env['PROPERTY_SEED']

/**
 * The verdict model, driven by anything that can happen, against an Onezone that is written down as plainly as can be.
 * What must hold is in `model/referee.ts`:
 *
 * - no grant that Onezone would not have given at some moment inside the bound, none on an older fact, none against a
 *   death that is known, none beyond the token’s own end;
 * - no refusal that Onezone would not have given at some moment inside the negative time to live, or the time-out;
 * - a generation that is over is refused without asking for a minute, and never one that lives;
 * - no question that the model does not allow: never the same twice at once, nor two about one family; none about a
 *   family, or a context, whose fact is young enough, a generation that is over, or what was just refused;
 * - and everybody gets an answer.
 */
const property = fc.asyncProperty(runSettings, commands, async (settings, script) => {
  const simulation = createSimulation(settings, FIRST_WORLD)
  const cast = createCast(simulation)
  await fc.asyncModelRun(() => ({ model: cast, real: simulation }), script)
  simulation.setNetwork({ thereMs: 0, backMs: 0, down: false })
  for (let round = 0; simulation.waiting() > 0 && round < 20; round++) {
    await simulation.advance(TIMEOUT_MS)
  }
  expect(simulation.waiting()).toBe(0)
})

test(`the verdict model keeps its promises, in ${RUNS} runs`, { timeout: 3_600_000 }, async () => {
  await fc.assert(property, {
    numRuns: RUNS,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  })
})

test.each(failedSeeds.map(({ what, ...run }) => [what, run] as const))(
  'what once failed does not fail again: %s',
  async (_what, run) => {
    await fc.assert(property, { ...run, numRuns: 1, endOnFailure: true })
  },
)
