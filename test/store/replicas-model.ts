import type { Dispatcher } from 'undici'

import type { Clock } from '../../src/clock.ts'
import type { Store } from '../../src/store/index.ts'
import type { Token } from '../../src/token/index.ts'
import { parseToken } from '../../src/token/index.ts'
import type { InvalidationSelector, Verification } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { mint, withOneCharacterChanged } from '../helpers/tokens.ts'
import { question } from '../verification/gate-rig.ts'
import type { Random } from '../verification/model/random.ts'
import { createRandom } from '../verification/model/random.ts'
import { createSimulatedTime, EPOCH_MS } from '../verification/model/simulated-time.ts'
import { createMemoryServer, NO_FAULTS } from './memory-server.ts'

/** What Onezone knows at one moment. */
interface World {
  readonly generations: Readonly<Record<string, number>>
  readonly blocked: Readonly<Record<string, boolean>>
  readonly revoked: Readonly<Record<string, boolean>>
  readonly deleted: Readonly<Record<string, boolean>>
}

interface Gate {
  readonly name: string
  readonly verification: Verification
  readonly clock: Clock
  readonly trueTimeOf: (monotonicMs: number) => number
  readonly setWall: (aheadMs: number) => void
  /** Stands still for so long, though its clocks do not: what comes meanwhile is taken in later. */
  readonly freeze: (forMs: number) => void
  /** Runs something as soon as it does not stand still. */
  readonly awake: (run: () => void) => void
  /** What was taken back here, and when. */
  readonly takenBack: { readonly selector: InvalidationSelector; readonly atMs: number }[]
}

type Action = () => Promise<void> | void
type Actions = readonly (readonly [weight: number, run: Action])[]

export interface ReplicasOutcome {
  readonly violations: readonly object[]
  readonly granted: number
  /** Verdicts that came from the store. */
  readonly shared: number
}

const SECRET = 'a secret of the store, long enough for anybody'
const BOUND_MS = 10_000
const NEGATIVE_MS = 2_000
const DEADLINE_MS = 30
/** How long the way to Onezone takes, and the way back. */
const SLOWEST_MS = 400
const LONGEST_FREEZE_MS = 1_500
/** Clocks that go 100 ppm wrong, and rounding. */
const EPSILON_MS = 5
const USERS = ['alice', 'bob'] as const
const NAMED = ['n1', 'n2', 'n3'] as const

const FIRST: World = {
  generations: { alice: 1, bob: 3 },
  blocked: {},
  revoked: {},
  deleted: {},
}

/** Runs so many steps, until the first violation. */
export async function runReplicas(options: {
  readonly seed: number
  readonly steps: number
  readonly gates: number
}): Promise<ReplicasOutcome> {
  const chance = createRandom(options.seed)
  const time = createSimulatedTime(chance)
  const uninstall = time.install(chance)
  const violations: object[] = []
  let granted = 0
  let shared = 0
  let stepMs = 0
  const moments: { readonly fromMs: number; readonly world: World }[] = [
    { fromMs: -Infinity, world: FIRST },
  ]
  const now = (): World => moments.at(-1)?.world ?? FIRST
  const change = (next: Partial<World>): void =>
    void moments.push({ fromMs: time.nowMs, world: { ...now(), ...next } })
  const tokens = createTokens(chance)

  /** Whether something held at some moment of that time. */
  function heldWithin(fromMs: number, toMs: number, holds: (world: World) => boolean): boolean {
    return moments.some(
      ({ fromMs: beganMs, world }, index) =>
        beganMs <= toMs && (moments[index + 1]?.fromMs ?? Infinity) >= fromMs && holds(world),
    )
  }

  // Some forget what they cannot hold; and room for many more would take longer to make than all steps.
  const most = chance.pick([5, 500])
  const limits = { maxTokens: most, maxFamilies: most, maxRefusals: most }
  let slowMs = 0
  const server = createMemoryServer({
    clock: { now: () => EPOCH_MS + time.nowMs, monotonic: () => time.nowMs },
    schedule: time.schedule,
    random: () => chance.next(),
  })
  const gates = Array.from({ length: options.gates }, (_, index): Gate => {
    const startMs = 1_000_000 * (index + 1)
    const drift = (chance.next() - 0.5) * 2e-4
    let wallAheadMs = (chance.next() - 0.5) * 200
    const clock: Clock = {
      now: () => EPOCH_MS + time.nowMs + wallAheadMs,
      monotonic: () => startMs + time.nowMs * (1 + drift),
    }
    const name = 'ABC'[index] ?? ''
    let frozenUntilMs = 0
    const awake = (run: () => void): void => {
      const leftMs = frozenUntilMs - time.nowMs
      if (leftMs > 0) void time.schedule(leftMs, () => awake(run))
      else run()
    }
    const dispatcher = createOnezone({
      later: (ms, run) => void time.schedule(ms, run),
      awake,
      delayMs: () => chance.next() * slowMs,
      judge: (text) => objectionsTo(now(), tokens.byText(text))[0] ?? null,
      subjectOf: (text) => tokens.byText(text).token.subject,
    })
    const verification = createVerification({
      onezone: { url: 'https://onezone.example.org', dispatcher, clock, maxAttempts: 1 },
      store: {
        secret: SECRET,
        deadlineMs: DEADLINE_MS,
        open: () => heardWhenAwake(server.open(name), awake),
      },
      verdicts: { ...limits, budget: { perAddressPerSecond: 1e6, perSubjectPerSecond: 1e6 } },
      clock,
      schedule(afterMs, run) {
        let cancelled = false
        const cancel = time.schedule(afterMs, () => awake(() => void (cancelled || run())))
        return () => {
          cancelled = true
          cancel()
        }
      },
      random: () => chance.next(),
      onStoreEvent({ operation, durationMs }) {
        const isFrozen = time.nowMs - frozenUntilMs < durationMs
        if (durationMs > DEADLINE_MS + EPSILON_MS && !isFrozen)
          object('the store held somebody up', { operation })
      },
    })
    return {
      name,
      verification,
      clock,
      trueTimeOf: (atMs) => (atMs - startMs) / (1 + drift),
      setWall: (aheadMs) => void (wallAheadMs = aheadMs),
      freeze: (forMs) => void (frozenUntilMs = time.nowMs + forMs),
      awake,
      takenBack: [],
    }
  })

  function object(rule: string, about: object): void {
    violations.push({ rule, ...about, atMs: Math.round(time.nowMs), step: stepMs })
  }

  async function ask(gate: Gate, known: KnownToken, maxFactAgeMs?: number): Promise<void> {
    const askedAtMs = time.nowMs
    const takenBackMs = gate.takenBack.findLast(({ selector }) => selects(selector, known))?.atMs
    const about = { gate: gate.name, token: known.name }
    try {
      const { verdict, source } = await gate.verification.verifier.verify({
        ...question(),
        token: known.token,
        clientAddress: '192.0.2.1',
        maxFactAgeMs,
      })
      const nowMs = time.nowMs
      if (source === 'shared') shared += 1
      if (isAccepted(verdict)) {
        granted += 1
        const factMs = gate.trueTimeOf(verdict.askedAtMs)
        const ageMs = nowMs - factMs
        const isTrue = (world: World): boolean => objectionsTo(world, known).length === 0
        if (ageMs > BOUND_MS + EPSILON_MS)
          object('a fact beyond the bound', { ...about, source, ageMs })
        if (!heldWithin(factMs - EPSILON_MS, nowMs, isTrue)) {
          object('a grant that was true at no moment since its fact', { ...about, source, ageMs })
        }
        if (!heldWithin(nowMs - BOUND_MS - EPSILON_MS, nowMs, isTrue)) {
          object('a grant that was true at no moment within the bound', { ...about, source, ageMs })
        }
        if (maxFactAgeMs !== undefined && factMs < askedAtMs - maxFactAgeMs - EPSILON_MS) {
          object('a fact older than was asked for', { ...about, source, ageMs, maxFactAgeMs })
        }
        if (takenBackMs !== undefined && factMs < takenBackMs - EPSILON_MS) {
          object('a grant on what was taken back', { ...about, source, ageMs })
        }
      } else {
        const slowestMs = 2 * SLOWEST_MS + LONGEST_FREEZE_MS
        const windowMs = NEGATIVE_MS + (nowMs - askedAtMs) + slowestMs + EPSILON_MS
        const isTrue = (world: World): boolean =>
          objectionsTo(world, known).includes(verdict.reason)
        if (!heldWithin(nowMs - windowMs, nowMs, isTrue)) {
          object('a refusal that was not true', { ...about, source, reason: verdict.reason })
        }
      }
    } catch (error) {
      object('an error though Onezone answers', { ...about, error: String(error) })
    }
  }

  const underWay = new Set<Promise<void>>()
  const start = (gate: Gate, known: KnownToken, maxFactAgeMs?: number): void => {
    const asked = new Promise<void>((resolve) => gate.awake(resolve)).then(() =>
      ask(gate, known, maxFactAgeMs),
    )
    underWay.add(asked)
    void asked.finally(() => underWay.delete(asked))
  }

  const ACTIONS: Actions = [
    [
      60,
      async () => {
        const known = tokens.pick(now())
        const age = chance.chance(0.1) ? chance.pick([0, 500, 3_000]) : undefined
        start(chance.pick(gates), known, age)
        if (chance.chance(0.3)) start(chance.pick(gates), known)
        await time.settle()
      },
    ],
    [25, () => time.pass(chance.pick([1, 20, 100, 300, 1_000, 2_500, 6_000]))],
    [
      3,
      () => {
        const user = chance.pick(USERS)
        const { generations } = now()
        change({ generations: { ...generations, [user]: (generations[user] ?? 1) + 1 } })
      },
    ],
    [
      4,
      () => {
        const name = chance.pick(NAMED)
        change({ revoked: { ...now().revoked, [name]: now().revoked[name] !== true } })
      },
    ],
    [
      2,
      () => {
        const user = chance.pick(USERS)
        change({ blocked: { ...now().blocked, [user]: now().blocked[user] !== true } })
      },
    ],
    [
      1,
      () => {
        const name = chance.pick(NAMED)
        if (chance.chance(0.3)) change({ deleted: { ...now().deleted, [name]: true } })
      },
    ],
    [
      3,
      () => {
        const gate = chance.pick(gates)
        const selector = drawSelector(chance, tokens.pick(now()))
        gate.awake(() => {
          gate.verification.invalidate(selector)
          gate.takenBack.push({ selector, atMs: time.nowMs })
        })
      },
    ],
    [1, () => void (slowMs = chance.pick([0, 0, 50, SLOWEST_MS]))],
  ]
  const FAULTS: Actions = [
    [
      4,
      () => {
        server.faults = {
          delayMs: chance.pick([0, 0, 2, 14, 100]),
          loss: chance.pick([0, 0, 0, 0.05, 0.3, 1]),
          error: chance.chance(0.1) ? chance.pick(['READONLY', 'LOADING', 'OOM']) : null,
        }
      },
    ],
    [6, () => void (server.faults = NO_FAULTS)],
    [2, () => server.step(chance.pick([-5_000, -700, -100, 100, 700, 5_000]))],
    [2, () => chance.pick(gates).freeze(chance.pick([20, 40, 300, LONGEST_FREEZE_MS]))],
    [1, () => server.restart()],
    [1, () => server.evict(() => chance.chance(0.3))],
    [
      1,
      () => {
        const { name } = chance.pick(gates)
        if (!server.partitioned.delete(name)) server.partitioned.add(name)
      },
    ],
    // Most hosts are right within a tenth of a second; some are not, and some are set right again.
    [
      2,
      () =>
        chance
          .pick(gates)
          .setWall((chance.next() - 0.5) * chance.pick([200, 200, 200, 200, 20_000])),
    ],
    [
      2,
      () => {
        // Somebody who rules the store puts back, or sends again, what was there before.
        if (server.written.length === 0) return
        const [name = '', value = ''] = chance.pick(server.written.slice(-60)).split(' ')
        if (name.includes(':ev:')) server.say(name, value)
        else server.put(name, value)
      },
    ],
  ]
  const totalOf = (actions: Actions): number => actions.reduce((sum, [weight]) => sum + weight, 0)
  const draw = (actions: Actions): Action => {
    let left = chance.next() * totalOf(actions)
    return actions.find(([weight]) => (left -= weight) < 0)?.[1] ?? (() => {})
  }
  // Where something goes wrong all the time nothing is shared, and nothing shared can be wrong.
  const faultPart = chance.pick([0.01, 0.05, 0.15])

  try {
    await time.pass(2_000)
    for (let step = 0; step < options.steps && violations.length === 0; step++) {
      stepMs = step
      await draw(chance.chance(faultPart) ? FAULTS : ACTIONS)()
      if (server.written.length > 1_000) server.written.splice(0, 500)
    }
    slowMs = 0
    await time.pass(5_000)
    if (underWay.size > 0) object('a request got no answer', {})
  } finally {
    for (const gate of gates) void gate.verification.close()
    uninstall()
  }
  return { violations, granted, shared }
}

/** What a client that stands still takes in when it goes on. */
function heardWhenAwake(store: Store, awake: (run: () => void) => void): Store {
  const later = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      answer.then(
        (value) => awake(() => resolve(value)),
        (error: unknown) => awake(() => reject(error as Error)),
      )
    })
  return {
    get: (name) => later(store.get(name)),
    mget: (names) => later(store.mget(names)),
    set: (name, value, ttlMs) => later(store.set(name, value, ttlMs)),
    publish: (channel, message) => later(store.publish(channel, message)),
    time: () => later(store.time()),
    subscribe: (channel, hear) => store.subscribe(channel, (message) => awake(() => hear(message))),
    onConnect: (listener) => store.onConnect(() => awake(listener)),
    close: () => store.close(),
  }
}

interface KnownToken {
  readonly name: string
  readonly token: Token
  /** Null: a temporary one. */
  readonly named: string | null
  readonly owner: string
  readonly generation: number
  readonly forged: boolean
}

/**
 * Why Onezone would refuse it, what it would say first at the front; empty: it would not. Generations come before
 * signatures (Onezone API, §5.3).
 */
function objectionsTo(world: World, known: KnownToken): string[] {
  const { named, owner, generation, forged } = known
  const current = world.generations[owner] ?? 1
  const isDeleted = named !== null && world.deleted[named] === true
  const isRevoked = named === null ? generation < current : world.revoked[named] === true
  const isUnknown = forged || (named === null && generation > current)
  const reasons: (string | false)[] = [
    isDeleted && 'token_invalid',
    isRevoked && !isDeleted && 'token_revoked',
    isUnknown && 'token_invalid',
    world.blocked[owner] === true && 'user_blocked',
  ]
  return reasons.filter((reason) => reason !== false)
}

function createTokens(chance: Random) {
  const all = new Map<string, KnownToken>()
  const remember = (known: Omit<KnownToken, 'token'>, text: string): KnownToken => {
    const made = all.get(text) ?? { ...known, token: parseToken(text) }
    all.set(text, made)
    return made
  }
  function temporary(owner: string, generation: number, id: string, forged: boolean): KnownToken {
    const subject = { type: 'user', id: owner } as const
    const text = mint({ persistence: 'temporary', generation, id, subject })
    const name = `${owner}@${generation} ${id}${forged ? ' forged' : ''}`
    const known = { name, named: null, owner, generation, forged }
    return remember(known, forged ? withOneCharacterChanged(text) : text)
  }
  function named(id: string, forged: boolean): KnownToken {
    const owner = id === 'n3' ? 'bob' : 'alice'
    const text = mint({ id, subject: { type: 'user', id: owner } })
    const known = {
      name: `${id}${forged ? ' forged' : ''}`,
      named: id,
      owner,
      generation: 0,
      forged,
    }
    return remember(known, forged ? withOneCharacterChanged(text) : text)
  }
  return {
    byText(text: string): KnownToken {
      const known = all.get(text)
      if (known === undefined) throw new Error('a token that nobody has')
      return known
    },
    /** One of those in use: most are good. */
    pick(world: World): KnownToken {
      const forged = chance.chance(0.08)
      if (chance.chance(0.4)) return named(chance.pick(NAMED), forged)
      const owner = chance.pick(USERS)
      const current = world.generations[owner] ?? 1
      const generation = chance.chance(0.2) ? Math.max(1, current - 1) : current
      return temporary(owner, generation, chance.pick(['t1', 't2', 't3']), forged)
    },
  }
}

function drawSelector(chance: Random, known: KnownToken): InvalidationSelector {
  const { named, owner, generation, token } = known
  const subject = { type: 'user', id: owner } as const
  return chance.pick<InvalidationSelector>([
    { subject },
    named === null ? { family: { subject, generation } } : { tokenId: named },
    { fingerprint: token.fingerprint },
    { all: true },
  ])
}

/** Whether what a token rests on was taken back; with its fingerprint only the token itself is, and not its family. */
function selects(selector: InvalidationSelector, known: KnownToken): boolean {
  if ('all' in selector) return true
  if ('fingerprint' in selector) return false
  if ('subject' in selector) return selector.subject.id === known.owner
  if ('tokenId' in selector) return selector.tokenId === known.named
  const { family } = selector
  return 'tokenId' in family
    ? family.tokenId === known.named
    : known.named === null &&
        family.subject.id === known.owner &&
        family.generation === known.generation
}

/** Onezone behind HTTP, as plain as can be. */
function createOnezone(options: {
  readonly later: (ms: number, run: () => void) => void
  /** When whoever asked takes in what comes. */
  readonly awake: (run: () => void) => void
  readonly delayMs: () => number
  readonly judge: (text: string) => string | null
  readonly subjectOf: (text: string) => object
}): Dispatcher {
  const { later, awake, delayMs, judge, subjectOf } = options
  const ids: Readonly<Record<string, string>> = {
    token_revoked: 'tokenRevoked',
    token_invalid: 'tokenInvalid',
    user_blocked: 'userBlocked',
  }
  const dispatch: Dispatcher['dispatch'] = ({ body }, handler) => {
    let aborted = false
    const controller = {
      abort: () => void (aborted = true),
      pause() {},
      resume() {},
    } as unknown as Dispatcher.DispatchController
    const { token } = JSON.parse(body as string) as { token: string }
    handler.onRequestStart?.(controller, {})
    later(delayMs(), () => {
      const reason = judge(token)
      const text =
        reason === null
          ? JSON.stringify({ subject: subjectOf(token), ttl: null })
          : JSON.stringify({ error: { id: ids[reason] } })
      const answer = (): void => {
        if (aborted) return
        const headers = { 'content-type': 'application/json' }
        handler.onResponseStart?.(controller, reason === null ? 200 : 400, headers, '')
        handler.onResponseData?.(controller, Buffer.from(text))
        handler.onResponseEnd?.(controller, {})
      }
      later(delayMs(), () => awake(answer))
    })
    return true
  }
  return { dispatch } as Dispatcher
}
