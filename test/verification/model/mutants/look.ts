import { argv, cpuUsage, stdout } from 'node:process'

import type { DirectionName } from '../directions.ts'
import { DIRECTIONS } from '../directions.ts'
import { explore } from '../explore.ts'

/** Explores in one direction until the first violation, or for so long: run by `find-mutants.ts` in a broken tree. */
const [name = '', seconds = '1', steps = '1'] = argv.slice(2)
if (!Object.hasOwn(DIRECTIONS, name)) throw new Error(`There is no direction ${name}`)
const direction = name as DirectionName
let worlds = 0
let done = 0
let rule: string | null = null
// Of this process, whatever else the machine does.
const spentSeconds = (): number => (cpuUsage().user + cpuUsage().system) / 1e6
while (rule === null && spentSeconds() < Number(seconds)) {
  worlds += 1
  const found = await explore({ firstSeed: worlds, seeds: 1, steps: Number(steps), direction })
  done += found.steps
  rule = found.findings[0]?.violation.rule ?? null
}
stdout.write(`${JSON.stringify({ rule, worlds, steps: done })}\n`)
