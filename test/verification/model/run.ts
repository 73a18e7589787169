import type { InvalidationSelector } from '../../../src/verification/index.ts'
import type { Question, SourcedVerdict } from '../../../src/verifier/index.ts'
import { isAccepted } from '../../../src/verifier/index.ts'
import type { Step } from './actions.ts'
import { ACTIONS } from './actions.ts'
import { areGenerationsSelected, isSelected, mayBeSelected } from './accounts.ts'
import type { Cast } from './cast.ts'
import { createCast } from './cast.ts'
import type { Door, ModelGateway } from './gateway.ts'
import { createModelGateway, decisionOf, STREAM_ABOUT } from './gateway.ts'
import { createKnownTime } from './known-time.ts'
import type { Network, OnezoneServer } from './onezone-server.ts'
import { createOnezoneServer } from './onezone-server.ts'
import type { Random } from './random.ts'
import { createRandom } from './random.ts'
import type { ModelStream, Pending, Referee } from './referee.ts'
import { createReferee } from './referee.ts'
import type { Settings } from './settings.ts'
import { TIMEOUT_MS } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'
import { createSimulatedTime } from './simulated-time.ts'
import { createWhatOnezoneSaid } from './what-onezone-said.ts'
import type { Wire } from './wire.ts'
import { createWire } from './wire.ts'
import type { History, World } from './world.ts'
import { createHistory, firstWorld } from './world.ts'

/** What the model does not allow, and after which step it was seen. */
export interface Violation {
  readonly rule: string
  readonly about: object
  readonly step: number
  readonly atMs: number
}

/** One run through a world. */
export interface Run {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly chance: Random
  readonly history: History
  readonly cast: Cast
  readonly onezone: OnezoneServer
  readonly gateway: ModelGateway
  readonly wire: Wire
  readonly referee: Referee
  /** Whether what changes nothing is left out, so as to see that it changes nothing. */
  readonly isQuiet: boolean
  change(next: (world: World) => World): void
  setNetwork(network: Network): void
  verify(door: Door, request: Question): SourcedVerdict | Promise<SourcedVerdict>
  openStream(door: Door, request: Question): void
  takeBack(selector: InvalidationSelector): void
  /** Somebody sets the clock behind `Date`, which need not be the one that tokens are judged by. */
  setDateClock(aheadMs: number): void
  setWallClock(byMs: number): void
  suspend(forMs: number): void
  object(rule: string, about: object): void
  note(line: string | (() => string)): void
}

export interface RunOptions {
  readonly seed: number
  readonly settings: Settings
  readonly steps: readonly Step[]
  readonly isQuiet?: boolean
  /** Whether what was decided and asked is told afterwards. @default false */
  readonly keepsLog?: boolean
  /** Every line of what happens. */
  readonly trace?: (line: string) => void
  /** Rules whose violations are known and looked past. */
  readonly known?: ReadonlySet<string>
}

export interface RunOutcome {
  readonly violation: Violation | null
  readonly steps: number
  /** What was decided and asked, one line each, for comparison with a quiet run. */
  readonly log: readonly string[]
}

/** Runs steps through a world, until the first violation. */
export async function run(options: RunOptions): Promise<RunOutcome> {
  const {
    seed,
    settings,
    steps,
    isQuiet = false,
    trace,
    keepsLog = false,
    known = new Set(),
  } = options
  const chance = createRandom(seed)
  const time = createSimulatedTime(chance)
  const uninstall = time.install(chance)
  const { stackTraceLimit } = Error
  // The product makes errors of faults and nobody reads where they come from.
  if (trace === undefined) Error.stackTraceLimit = 0
  const history = createHistory(firstWorld(settings.clock, settings.firstGeneration))
  const pending = new Set<Pending>()
  const log: string[] = []
  let violation: Violation | null = null
  let step = 0

  // Lines are made only where somebody reads them: that costs as much as what they tell of.
  const isTold = trace !== undefined || keepsLog
  const note = (line: string | (() => string)): void => {
    if (trace === undefined) return
    trace(`${time.nowMs.toFixed(1).padStart(11)}  ${typeof line === 'string' ? line : line()}`)
  }
  const tell = (line: string): void => {
    log.push(`${time.nowMs} ${line}`)
    note(line)
  }
  const object = (rule: string, about: object): void => {
    if (known.has(rule)) return
    note(`!!! ${rule} ${JSON.stringify(about)}`)
    violation ??= { rule, about, step, atMs: time.nowMs }
  }
  const knownTime = createKnownTime(history, settings.tellsDate)
  knownTime.dateIsOff(settings.dateAheadMs)
  const said = createWhatOnezoneSaid(history)
  let turns = 0
  const nextTurn = (): number => (turns += 1)
  const common = { settings, time, history, said, knownTime, object }
  const wire = createWire({ ...common, pending })
  const onezone = createOnezoneServer({
    time,
    chance,
    history,
    tellsDate: settings.tellsDate,
    dateAheadMs: settings.dateAheadMs,
    watcher: {
      asked(call) {
        if (isTold) tell(`asked ${call.path} ${nameOf(call.question)}`)
        wire.asked(call)
      },
      answered(call, outcome) {
        note(() => {
          const what = JSON.stringify(outcome.objection?.error ?? outcome.reading ?? 'yes')
          return `heard ${nameOf(call.question)} of ${call.askedAtMs.toFixed(1)}: ${what}`
        })
        wire.answered(call, outcome)
      },
      failed(call, why) {
        note(() => `failed ${nameOf(call.question)} of ${call.askedAtMs.toFixed(1)}: ${why}`)
        wire.failed(call, why)
      },
    },
  })
  const gateway = createModelGateway({
    settings,
    time,
    chance,
    onezone,
    onBreakerChange(state) {
      note(`breaker ${state}`)
      wire.breakerIs(state)
    },
  })
  const referee = createReferee({ ...common, nextTurn, wire, gateway: () => gateway })
  const streams = new Set<ModelStream>()

  function settle(one: Pending, outcome: SourcedVerdict | Error): void {
    pending.delete(one)
    if (isTold) tell(`said  ${one.door.name} ${nameOf(one.request)} ${wordOf(outcome, one.door)}`)
    referee.decided(one, outcome)
  }

  function verify(door: Door, request: Question): SourcedVerdict | Promise<SourcedVerdict> {
    const one: Pending = { door, request, askedAtMs: time.nowMs, turn: nextTurn() }
    pending.add(one)
    wire.wanted()
    note(() => `wants ${door.name} ${nameOf(request)} ${contextOf(request)}`)
    try {
      const verified = door.verification.verifier.verify(request)
      if (!(verified instanceof Promise)) {
        settle(one, verified)
        return verified
      }
      return verified.then(
        (verification) => {
          settle(one, verification)
          return verification
        },
        (error: unknown) => {
          settle(one, error as Error)
          throw error
        },
      )
    } catch (error) {
      settle(one, error as Error)
      throw error
    }
  }

  function openStream(door: Door, request: Question): void {
    const decide = async (maxFactAgeMs?: number) => {
      try {
        return decisionOf(await verify(door, { ...request, maxFactAgeMs }))
      } catch (error) {
        return decisionOf(error as Error)
      }
    }
    void decide().then((decision) => {
      if (decision.outcome !== 'granted' || decision.askedAtMs === null) return
      const stream: ModelStream = { door, request, carrying: true }
      const stop = (): void => {
        if (stream.carrying) referee.checkStream(stream, time.nowMs)
        stream.carrying = false
      }
      streams.add(stream)
      note(`stream ${nameOf(request)} begins`)
      const close = door.streams.open(
        {
          hold: stop,
          release: () => void (stream.carrying = true),
          end(why, reason, patienceMs) {
            note(`stream ${nameOf(request)} ends: ${why} ${reason} ${patienceMs}`)
            referee.streamEnded(stream, why)
            if (patienceMs === 0) stop()
            time.schedule(patienceMs, () => {
              stop()
              streams.delete(stream)
            })
          },
        },
        STREAM_ABOUT,
        {
          askedAtMs: decision.askedAtMs,
          expiresAt: request.token.validUntil,
          renew: decide,
        },
      )
      if (streams.size > 3) {
        const [oldest] = streams
        if (oldest !== undefined) streams.delete(oldest)
        close('client')
        stream.carrying = false
        streams.delete(stream)
      }
    })
  }

  const context: Run = {
    settings,
    time,
    chance,
    history,
    cast: createCast({ time, history, chance, isLookup: settings.backend === 'token-lookup' }),
    onezone,
    gateway,
    wire,
    referee,
    isQuiet,
    change: (next) => history.change(time.nowMs, next),
    setNetwork(network) {
      onezone.network = network
      wire.networkIs(network)
    },
    verify,
    openStream,
    takeBack(selector) {
      note(() => `taken back: ${JSON.stringify(selector)}`)
      const selects = (question: Question): boolean => isSelected(selector, question, history.now)
      const known = referee.takenBack(selector)
      const takesProofs = 'fingerprint' in selector || 'all' in selector
      said.takenBack((each) => selects(each) && (takesProofs || each.token.id === null))
      wire.takenBack(
        (question) => mayBeSelected(selector, question, history.now),
        (question) => areGenerationsSelected(selector, question),
      )
      const dry = gateway.invalidate(selector, true).counted
      const { counted, done } = gateway.invalidate(selector, false)
      if (JSON.stringify(dry) !== JSON.stringify(counted)) {
        object('a dry run counts otherwise', { dry, counted })
      }
      if (settings.workers === 0) known()
      else void done.then(known)
    },
    setDateClock(aheadMs) {
      note(`the clock behind Date is off by ${aheadMs}`)
      knownTime.dateIsOff(aheadMs)
      onezone.dateAheadMs = aheadMs
    },
    setWallClock(byMs) {
      note(`the wall clock is set by ${byMs}`)
      knownTime.stepped(time.nowMs, byMs)
      time.setWallClock(byMs)
    },
    suspend(forMs) {
      note(`the machine sleeps for ${forMs}`)
      referee.suspended(forMs)
      knownTime.slept(time.nowMs, forMs)
      time.suspend(forMs)
    },
    object,
    note,
  }

  try {
    for (const each of steps) {
      chance.reseed(each.seed)
      note(`--- ${step} ${each.action}`)
      await ACTIONS[each.action].run(context)
      for (const stream of streams) {
        if (stream.carrying) referee.checkStream(stream, time.nowMs)
      }
      step += 1
      if (violation !== null) break
    }
    if (violation === null) {
      chance.reseed(0)
      context.setNetwork({ thereMs: 0, backMs: 0, jitterMs: 0, trouble: 'none', share: 0 })
      for (let round = 0; pending.size > 0 && round < 6; round++) await time.pass(2 * TIMEOUT_MS)
      if (pending.size > 0) {
        const [one] = pending
        object('a request got no answer', { request: one === undefined ? '' : nameOf(one.request) })
      }
    }
  } finally {
    gateway.close()
    uninstall()
    Error.stackTraceLimit = stackTraceLimit
  }
  return { violation, steps: step, log }
}

function nameOf(question: Question | null): string {
  if (question === null) return 'reading'
  const { token, kind } = question
  return `${token.id ?? token.serialized}${token.generation === null ? '' : `@${token.generation}`}:${token.fingerprint.slice(0, 6)}/${kind}`
}

function contextOf(question: Question): string {
  const { token, peerIp, consumerToken, maxFactAgeMs, inviteType, allowDataAccessCaveats } =
    question
  const caveats = token.caveats.map((caveat) => JSON.stringify(caveat)).join(' ')
  const consumer = consumerToken === null ? '' : ` consumer ${consumerToken.id ?? ''}`
  return `${peerIp ?? '-'} ${question.interface ?? '-'} ${allowDataAccessCaveats} ${inviteType ?? ''}${consumer}${maxFactAgeMs === undefined ? '' : ` age ${maxFactAgeMs}`} ${caveats}`
}

function wordOf(outcome: SourcedVerdict | Error, door: Door): string {
  if (outcome instanceof Error) return `fault ${outcome.message}`
  const { verdict, source } = outcome
  const ageMs = (door.clock.monotonic() - verdict.askedAtMs).toFixed(1)
  return isAccepted(verdict)
    ? `granted by ${source} ${ageMs}`
    : `refused by ${source} ${ageMs} ${verdict.reason} ${verdict.caveat ?? ''}`
}
