import { argv, stdout } from 'node:process'

import { explore } from './explore.ts'

/** Explores until the first violation, and says what it was: the other half of `mutants.ts`, in the broken tree. */
const [seeds = 1, steps = 1] = argv.slice(2).map(Number)
let begun = 0
const { findings, steps: done } = await explore({
  firstSeed: 1,
  seeds,
  steps,
  onSeed: () => void (begun += 1),
})
const rule = findings[0]?.violation.rule ?? null
stdout.write(`${JSON.stringify({ rule, seeds: begun, steps: done })}\n`)
