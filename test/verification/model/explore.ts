import type { Step } from './actions.ts'
import { drawSteps } from './actions.ts'
import type { Direction, DirectionName } from './directions.ts'
import { directionOf, DIRECTIONS } from './directions.ts'
import { createRandom } from './random.ts'
import type { RunOutcome, Violation } from './run.ts'
import { run } from './run.ts'
import type { Settings } from './settings.ts'
import { drawSettings } from './settings.ts'

/** What is to be explored. */
export interface Exploration {
  readonly firstSeed: number
  readonly seeds: number
  /** Of each seed. */
  readonly steps: number
  readonly known?: ReadonlySet<string>
  /** @default that of the seed */
  readonly direction?: DirectionName | undefined
  /** Goes on after a violation, with the next seed. @default false */
  readonly goesOn?: boolean
  readonly onSeed?: (seed: number, outcome: RunOutcome) => void
}

/** A run that went wrong, and what is needed to have it again. */
export interface Finding {
  readonly seed: number
  readonly settings: Settings
  readonly steps: readonly Step[]
  readonly violation: Violation
}

export interface Explored {
  readonly findings: readonly Finding[]
  readonly steps: number
}

/** Every so many seeds are run a second time without what changes nothing, and must go the same way. */
const TWIN_EVERY = 6

/** What a seed stands for. */
export function scenarioOf(
  seed: number,
  steps: number,
  direction: DirectionName = directionOf(seed),
): { settings: Settings; steps: Step[] } {
  const chance = createRandom(seed)
  const { settings, weights }: Direction = DIRECTIONS[direction]
  return {
    settings: { ...drawSettings(chance), ...settings },
    steps: drawSteps(chance, steps, weights),
  }
}

export async function explore(exploration: Exploration): Promise<Explored> {
  const { firstSeed, seeds, steps, known = new Set<string>(), goesOn = false } = exploration
  const findings: Finding[] = []
  let done = 0
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const scenario = scenarioOf(seed, steps, exploration.direction)
    const outcome = await runScenario({ seed, ...scenario, known })
    done += outcome.steps
    exploration.onSeed?.(seed, outcome)
    if (outcome.violation === null) continue
    findings.push({ seed, ...scenario, violation: outcome.violation })
    if (!goesOn) break
  }
  return { findings, steps: done }
}

/** What to run. */
export interface Scenario {
  readonly seed: number
  readonly settings: Settings
  readonly steps: readonly Step[]
  readonly known?: ReadonlySet<string>
  readonly trace?: (line: string) => void
}

/** Runs once, or twice where it is the turn of the twins. */
export async function runScenario(scenario: Scenario): Promise<RunOutcome> {
  const keepsLog = scenario.seed % TWIN_EVERY === 0
  const outcome = await run({ ...scenario, keepsLog })
  const rule = 'what changes nothing changed something'
  if (outcome.violation !== null || !keepsLog) return outcome
  if (scenario.known?.has(rule) === true) return outcome
  const quiet = await run({ ...scenario, keepsLog, isQuiet: true })
  const at = outcome.log.findIndex((line, index) => line !== quiet.log[index])
  if (at < 0 && outcome.log.length === quiet.log.length) return outcome
  const about = {
    looked: outcome.log[at],
    not: quiet.log[at],
    before: outcome.log.slice(at - 3, at),
  }
  return { ...outcome, violation: { rule, about, step: outcome.steps, atMs: 0 } }
}

/** Leaves out what is not needed for the same violation. */
export async function shrink(
  finding: Finding,
  known: ReadonlySet<string> = new Set(),
  mostRuns = 400,
): Promise<Finding> {
  let { steps } = finding
  steps = steps.slice(0, finding.violation.step + 1)
  let { violation } = finding
  let runs = 0
  for (
    let size = Math.ceil(steps.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < steps.length && runs < mostRuns;) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)]
      runs += 1
      const { seed, settings } = finding
      const outcome = await runScenario({ seed, settings, steps: fewer, known })
      if (outcome.violation?.rule === violation.rule) {
        violation = outcome.violation
        steps = fewer.slice(0, violation.step + 1)
      } else {
        at += size
      }
    }
  }
  return { ...finding, steps, violation }
}
