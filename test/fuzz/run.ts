import { argv, exit, stdout } from 'node:process'
import { parseArgs } from 'node:util'

import { campaign } from './target.ts'
import { TARGETS } from './targets.ts'

// npm run fuzz -- [--inputs 1000000] [--seed 1] [--outcomes] [target …]
const { values, positionals } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    outcomes: { type: 'boolean', default: false },
  },
})
const inputs = Number(values.inputs)
const seed = Number(values.seed)
let failed = false
for (const target of TARGETS) {
  if (positionals.length > 0 && !positionals.includes(target.name)) continue
  const startedAt = performance.now()
  const { outcomes, failures } = campaign(target, seed, inputs)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const last = seed + inputs - 1
  stdout.write(
    `${target.name}: seeds ${seed} to ${last}, ${inputs} inputs, ${outcomes.size} outcomes, ${failures.length} failures, ${seconds} s\n`,
  )
  for (const failure of failures) {
    stdout.write(`  seed ${failure.seed}: ${failure.why}\n  ${JSON.stringify(failure.input)}\n`)
  }
  if (values.outcomes) {
    for (const [outcome, count] of [...outcomes].toSorted(([, one], [, other]) => other - one)) {
      stdout.write(`  ${String(count).padStart(9)}  ${outcome}\n`)
    }
  }
  failed ||= failures.length > 0
}
exit(failed ? 1 : 0)
