/**
 * Runs the model for long and goes on after a violation: `tsx test/verification/model/long-run.ts <first seed> <seeds>
 * <steps>`. 2 600 worlds of 400 steps are a million steps: half an hour of a core that has nothing else to do, and two
 * processes with a half of the seeds each take half of that. Prints each violation with its seed, how far it has come,
 * and at last all in all; exits with 1 where there was one.
 *
 * @module
 */

import { argv, exit, stdout } from 'node:process'

import { explore, scenarioOf } from './explore.ts'

const [firstSeed = 1, seeds = 2_600, steps = 400] = argv.slice(2).map(Number)
/** So often it says how far it has come. */
const TELL_EVERY = 50

const began = performance.now()
const worlds = { ofOneProcess: 0, ofTwoWorkers: 0 }
let done = 0
let violations = 0

function tell(): void {
  const { ofOneProcess, ofTwoWorkers } = worlds
  const seconds = Math.round((performance.now() - began) / 1000)
  const kinds = `${ofOneProcess} of one process, ${ofTwoWorkers} of two workers`
  stdout.write(
    `${ofOneProcess + ofTwoWorkers} worlds (${kinds}), ${done} steps, ${violations} violations, ${seconds} s\n`,
  )
}

for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  const { settings } = scenarioOf(seed, 1)
  const { findings, steps: ran } = await explore({ firstSeed: seed, seeds: 1, steps })
  worlds[settings.workers === 0 ? 'ofOneProcess' : 'ofTwoWorkers'] += 1
  done += ran
  for (const { violation } of findings) {
    violations += 1
    stdout.write(
      `violation: MODEL_SEED=${seed} MODEL_SEEDS=1 MODEL_STEPS=${steps}, step ${violation.step}: ` +
        `${violation.rule} ${JSON.stringify(violation.about)}\n`,
    )
  }
  if ((seed - firstSeed + 1) % TELL_EVERY === 0) tell()
}
tell()
exit(violations === 0 ? 0 : 1)
