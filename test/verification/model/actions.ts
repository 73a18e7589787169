import type { Question } from '../../../src/verifier/index.ts'
import { isAccepted } from '../../../src/verifier/index.ts'
import { drawNetwork, drawRequest, drawSelector, DURATIONS_MS } from './draws.ts'
import type { Random } from './random.ts'
import type { Run } from './run.ts'
import { onezoneNowMs } from './world.ts'
import { KNOWLEDGE_STORIES } from './knowledge-stories.ts'
import { STORIES } from './stories.ts'
import { SUBJECT_CHANGES, WORLD_CHANGES } from './world-changes.ts'

/** One thing that happens: what, and the seed of all that is left to chance in it. */
export interface Step {
  readonly action: ActionName
  readonly seed: number
}

interface Action {
  /** How often it is drawn. */
  readonly weight: number
  readonly run: (run: Run) => Promise<void> | void
}

/** How much more often than usual something is drawn. */
export type Weights = Readonly<Partial<Record<ActionName, number>>>

/** Draws the steps of a run. */
export function drawSteps(chance: Random, count: number, weights: Weights = {}): Step[] {
  const names = (Object.keys(ACTIONS) as ActionName[]).flatMap((name) =>
    Array.from({ length: ACTIONS[name].weight * (weights[name] ?? 1) }, () => name),
  )
  return Array.from({ length: count }, () => ({
    action: chance.pick(names),
    seed: chance.whole(0xffffffff),
  }))
}

function send(run: Run, requests: readonly Question[]): void {
  for (const request of requests) {
    const door = run.chance.pick(run.gateway.doors)
    try {
      const verified = run.verify(door, request)
      if (verified instanceof Promise) verified.catch(() => {})
    } catch {
      // The referee has seen it.
    }
  }
}

/** Which step of the wall clock looks like a sleep. */
const LEAST_STEP_MS = 999
/** Within so long somebody will have looked whether the machine has slept. */
const HIDDEN_STEP_MS = 5_000

/** How long on-off things last, and how often somebody comes meanwhile. */
const STEADY = { everyMs: 300, leastMs: 4_000, mostMs: 16_000 }

export const ACTIONS = {
  use: {
    weight: 50,
    run(run) {
      const count = 1 + run.chance.whole(4)
      send(
        run,
        Array.from({ length: count }, () => drawRequest(run)),
      )
    },
  },
  useAll: {
    weight: 10,
    async run(run) {
      send(
        run,
        run.cast.tokens.slice(0, 12).map((token) => drawRequest(run, token)),
      )
      await run.time.settle()
    },
  },
  useOneOften: {
    weight: 6,
    async run(run) {
      const request = drawRequest(run)
      send(
        run,
        Array.from({ length: 4 }, () => request),
      )
      await run.time.settle()
    },
  },
  pass: {
    weight: 50,
    run: ({ time, chance }) => time.pass(chance.pick(DURATIONS_MS)),
  },
  steady: {
    weight: 4,
    async run(run) {
      const { chance, time } = run
      const tokens = [chance.pick(run.cast.tokens), chance.pick(run.cast.tokens)]
      const forMs = STEADY.leastMs + chance.whole(STEADY.mostMs - STEADY.leastMs)
      const changesAtMs = chance.whole(forMs)
      const seed = chance.whole(1e9)
      let hasChanged = false
      for (let passedMs = 0; passedMs < forMs; passedMs += STEADY.everyMs) {
        for (const token of tokens)
          send(run, [{ ...drawRequest(run, token), maxFactAgeMs: undefined }])
        await time.pass(STEADY.everyMs)
        if (hasChanged || passedMs < changesAtMs) continue
        hasChanged = true
        chance.reseed(seed)
        changeWorld(run)
      }
    },
  },
  issue: { weight: 8, run: ({ cast, chance }) => void cast.issue(chance) },
  confine: {
    weight: 5,
    run({ cast, chance, settings }) {
      if (settings.backend !== 'onezone') return
      const token = chance.pick(cast.tokens)
      const caveats = cast.drawCaveats(chance).filter((each) => each.type !== 'unknown')
      cast.confine(token, caveats)
    },
  },
  forge: { weight: 3, run: ({ cast, chance }) => void cast.forge(chance) },
  endless: {
    weight: 1,
    run(run) {
      const { cast, chance, settings, time, history } = run
      if (settings.backend !== 'onezone') return
      const own = cast.tokens.find((token) => token.validUntil === null) ?? chance.pick(cast.tokens)
      const nowSeconds = Math.floor(onezoneNowMs(history.now, time.nowMs) / 1000)
      const ends = chance.pick([
        Number.MAX_SAFE_INTEGER + nowSeconds + 2_592_000,
        Number.MAX_SAFE_INTEGER + nowSeconds + 3_600,
        Number.MAX_SAFE_INTEGER,
        1e300,
        4e15,
      ])
      send(run, [drawRequest(run, cast.confine(own, [{ type: 'time', validUntil: ends }]))])
    },
  },
  poison: {
    weight: 1,
    async run(run) {
      const { chance, cast, onezone, time } = run
      const token = cast.issue(chance)
      onezone.poison.add(token.serialized)
      for (let round = 0; round < 8; round++) {
        send(run, [drawRequest(run, token)])
        await time.pass(chance.pick([0, 100, 300, 2_100]))
      }
    },
  },
  network: { weight: 8, run: (run) => run.setNetwork(drawNetwork(run.chance)) },
  network2: {
    weight: 8,
    run: (run) =>
      run.setNetwork({ thereMs: 5, backMs: 10, jitterMs: 0, trouble: 'none', share: 0 }),
  },
  change: { weight: 24, run: changeWorld },
  changeAndBack: {
    weight: 5,
    async run(run) {
      const { history, time, chance } = run
      const before = history.now
      changeWorld(run)
      send(
        run,
        run.cast.tokens.slice(0, 6).map((token) => drawRequest(run, token)),
      )
      await time.pass(chance.pick([0, 10, 300, 2_100]))
      run.change((world) => ({
        ...before,
        clock: world.clock,
        lives: world.lives,
        lookups: { ...world.lookups, ...before.lookups },
        named: Object.fromEntries(
          Object.entries(world.named).map(([id, record]) => [id, before.named[id] ?? record]),
        ),
        subjects: revived(before.subjects, world.subjects),
      }))
      run.note('and back')
    },
  },
  setClock: {
    weight: 1,
    run(run) {
      const { chance, time, settings } = run
      if (settings.backend !== 'onezone') return
      const byMs = chance.pick([-3_600_000, -60_000, -4_000, 1_500, 30_000, 3_600_000])
      const drift = chance.pick([0, 0, 0.001, -0.001])
      run.change((world) => ({
        ...world,
        clock: {
          atMs: time.nowMs,
          aheadMs:
            onezoneNowMs(world, time.nowMs) -
            onezoneNowMs({ ...world, clock: { atMs: 0, aheadMs: 0, drift: 0 } }, time.nowMs) +
            byMs,
          drift,
        },
      }))
      run.note(`onezone's clock is set by ${byMs}`)
    },
  },
  setDateClock: {
    weight: 1,
    run(run) {
      if (run.settings.backend === 'onezone') {
        run.setDateClock(run.chance.pick([0, 0, 4_000, -4_000, 3_600_000, -3_600_000]))
      }
    },
  },
  setWallClock: {
    weight: 1,
    run(run) {
      const byMs = run.chance.pick([-3_600_000, -1_500, 1_500, 8_000, 3_600_000])
      // Set back right after a sleep, it hides that: no clock that Node has tells the two from one step.
      if (run.time.nowMs - run.time.lastStepMs(LEAST_STEP_MS) < HIDDEN_STEP_MS) return
      if (run.settings.backend === 'onezone') run.setWallClock(byMs)
    },
  },
  suspend: {
    weight: 1,
    run(run) {
      const forMs = run.chance.pick([3_000, 20_000, 3_600_000])
      run.suspend(forMs)
    },
  },
  invalidate: {
    weight: 3,
    async run(run) {
      const selector = drawSelector(run)
      run.takeBack(selector)
      if (run.chance.chance(0.5))
        send(
          run,
          run.cast.tokens.map((token) => drawRequest(run, token)),
        )
      await run.time.settle()
    },
  },
  explain: {
    weight: 6,
    async run(run) {
      const { chance, gateway, time } = run
      // A run that only looks takes more turns at it, which must come neither before nor after those of others.
      await time.settle()
      const door = chance.pick(gateway.doors)
      const requests = [drawRequest(run), drawRequest(run), drawRequest(run)]
      for (const request of requests) {
        if (run.isQuiet) continue
        const { explanation } = await door.verification.explain(request)
        const { verdict } = explanation
        const inspected = await gateway.primary.explain(request)
        void inspected
        if (verdict === null || requests.indexOf(request) > 0) continue
        run.wire.wanted()
        const verified = door.verification.verifier.verify(request)
        const same =
          !(verified instanceof Promise) &&
          (isAccepted(verified.verdict) ? null : verified.verdict.reason) === verdict.reason
        // Whoever only looks does not see that the machine slept; the next request does.
        const hasSlept = time.lastStepMs(LEAST_STEP_MS) > -Infinity
        if (!same && !hasSlept) run.object('what is explained is not what is done', { verdict })
      }
      if (run.isQuiet) {
        // Whoever only looks does not use: but this one is used right after.
        const [request] = requests
        if (request !== undefined) {
          const { verdict } = (await door.verification.explain(request)).explanation
          if (verdict !== null) {
            run.wire.wanted()
            void door.verification.verifier.verify(request)
          }
        }
      }
      await time.settle()
    },
  },
  dryRun: {
    weight: 2,
    run(run) {
      const selector = drawSelector(run)
      if (!run.isQuiet) run.gateway.invalidate(selector, true)
    },
  },
  stream: {
    weight: 4,
    async run(run) {
      run.openStream(run.chance.pick(run.gateway.doors), {
        ...drawRequest(run),
        maxFactAgeMs: undefined,
      })
      await run.time.settle()
    },
  },
  ...STORIES,
  ...KNOWLEDGE_STORIES,
} satisfies Record<string, Action>

/** Names of what can happen. */
export type ActionName = keyof typeof ACTIONS

function changeWorld(run: Run): void {
  const { chance } = run
  const [name, next] = chance.pick(chance.chance(0.7) ? SUBJECT_CHANGES : WORLD_CHANGES)
  run.change((world) => next(world, chance))
  run.note(`world: ${name}`)
}

/** Generations never go back, and what was deleted comes back with other secrets only. */
function revived<Each extends { generation: number; exists: boolean; secret: string }>(
  before: Readonly<Record<string, Each>>,
  now: Readonly<Record<string, Each>>,
): Record<string, Each> {
  return Object.fromEntries(
    Object.entries(before).map(([name, each]) => {
      const { generation, exists, secret } = now[name] ?? each
      return [name, { ...each, generation, exists, secret }]
    }),
  )
}
