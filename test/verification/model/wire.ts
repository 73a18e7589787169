import type { PresentedToken } from '../../../src/token/index.ts'
import type { BreakerState, Question } from '../../../src/verifier/index.ts'
import { familyNameOf, isKeptFiner, ownerOf, questionName } from './accounts.ts'
import { isRemote } from './onezone-law.ts'
import type { KnownTime } from './known-time.ts'
import type { Call, Network, WireWatcher } from './onezone-server.ts'
import type { Pending } from './referee.ts'
import { createFloods } from './floods.ts'
import { createReadings } from './readings.ts'
import { createRefreshes } from './refreshes.ts'
import type { Settings } from './settings.ts'
import { HERALD_MS, TIMEOUT_MS } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'
import { createTroubles } from './troubles.ts'
import { createWaking } from './waking.ts'
import type { WhatOnezoneSaid } from './what-onezone-said.ts'
import type { History } from './world.ts'

/** Watches what goes to Onezone and comes back, and objects where it is asked more often than is promised. */
export interface Wire extends WireWatcher {
  /** Whether something went wrong within a time, so that nobody could say. */
  readonly hasTrouble: (fromMs: number, toMs: number) => boolean
  /** How long a request within that time may take: so many questions one after another. */
  readonly patienceMs: (fromMs: number, toMs: number) => number
  /**
   * A token was granted by what is remembered, on a fact so old: the watch must read what is used steadily, and who asks
   * next must not have to wait for a fact that was old enough to be asked for anew.
   */
  used(question: Question, ageMs: number): void
  /** Somebody asks a door. */
  wanted(): void
  /** Somebody was told what the verifier said without asking Onezone, which is an answer like any other. */
  toldUnasked(): void
  networkIs(network: Network): void
  /** Somebody sends these, each of them once and none of them good. */
  flooded(tokens: readonly PresentedToken[]): void
  breakerIs(state: BreakerState): void
  /** The answers to questions under way no longer count. */
  takenBack(
    selects: (question: Question) => boolean,
    selectsGenerations: (question: Question) => boolean,
  ): void
}

export interface WireOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly history: History
  readonly said: WhatOnezoneSaid
  readonly knownTime: KnownTime
  readonly pending: ReadonlySet<Pending>
  readonly object: (rule: string, about: object) => void
}

/** A family is asked about anew when its fact has reached this part of the bound, and not before. */
const EARLIEST_REFRESH = 0.65
/** A worker does without an answer that is nearly too old when it comes. */
const USABLE_PART = 0.99
/** And demands one so young instead. */
const YOUNG_PART = 0.5
const EPSILON_MS = 0.01
/** A proven temporary token is itself asked about when it was not for so many intervals. */
const OWN_QUESTION_FROM = 9 + EARLIEST_REFRESH
/** What is known of Onezone’s time may be off by so much, and nothing follows from it. */
const LARGEST_DRIFT_MS = 3_500 + 2_000

interface UnderWay {
  readonly call: Call
  readonly question: Question
  readonly isProven: boolean
  counts: boolean
}

export function createWire(options: WireOptions): Wire {
  const { settings, time, history, said, knownTime, pending, object } = options
  const { maxStalenessMs, negativeTtlMs, isTiny, channelMs, workers } = settings
  const earliestRefreshMs = maxStalenessMs * (workers === 0 ? EARLIEST_REFRESH : YOUNG_PART)
  const troubles = createTroubles({ settings, time, object })
  const waking = createWaking({ settings, time })
  const floods = createFloods({ settings, time, object })
  const refreshes = createRefreshes({ settings, time, troubles, object })
  const readings = createReadings({ settings, time, troubles, object })
  const underWay = new Set<UnderWay>()
  /** When an answer came that counts no more, so that the same is asked anew at that moment; by question. */
  const repeats = new Map<string, number>()
  const takenBackAtMs: {
    atMs: number
    selects: (question: Question) => boolean
    selectsGenerations: (question: Question) => boolean
  }[] = []

  const lastTakenBack = (question: Question): number =>
    takenBackAtMs.findLast(({ selects }) => selects(question))?.atMs ?? -Infinity

  const generationsBackAt = (question: Question): number =>
    takenBackAtMs.findLast(({ selectsGenerations }) => selectsGenerations(question))?.atMs ??
    -Infinity

  const waitingFor = (family: string): Question[] =>
    [...pending]
      .map(({ request }) => request)
      .filter(({ token }) => familyNameOf(token, history.now) === family)

  /** The youngest fact that somebody who waits about the same family wants. */
  const demandedSince = (family: string): number => {
    const ages = waitingFor(family).map(({ maxFactAgeMs = Infinity }) => maxFactAgeMs)
    return time.nowMs - Math.min(Infinity, ...ages)
  }

  const about = (question: Question, more: object = {}): object => {
    const { token, kind, peerIp, interface: door } = question
    const { id, generation, caveats } = token
    return { id, generation, kind, peerIp, door, caveats, ...more }
  }

  function noteHit(question: Question, ageMs: number): void {
    const { token } = question
    if (workers > 0 || isTiny || token.id === null || !said.isProven(question)) return
    // One that was used as something else tells of the family, and nothing of services.
    const aliveMs = said.yesFor({ ...question, kind: 'identity' })?.askedAtMs ?? -Infinity
    if (aliveMs > time.nowMs - ageMs + EPSILON_MS) return
    const family = familyNameOf(token, history.now)
    const isAsked = [...underWay].some(
      ({ question: { token: other } }) => familyNameOf(other, history.now) === family,
    )
    refreshes.used({ family, ageMs, isAsked, wokenAtMs: waking.atMs })
  }

  function askedVerdict(call: Call, question: Question): void {
    const nowMs = time.nowMs
    const name = questionName(question)
    const isRepeated = repeats.get(name) === nowMs
    // A second attempt is made without a look at the clocks, and so is a question whose answer counted no more.
    if (call.askedAtMs === nowMs && !isRepeated) waking.look(false)
    refreshes.asked(familyNameOf(question.token, history.now))
    if (call.askedAtMs === nowMs) floods.asked(question.token)
    const isProven = said.isProven(question)
    const family = familyNameOf(question.token, history.now)
    const demandMs = demandedSince(family)
    // Each temporary token must itself be asked about at least every so many intervals.
    const ownMs = nowMs - (said.confirmedAtMs(question) ?? nowMs)
    const hasOwnTurn =
      isProven &&
      (ownMs >= OWN_QUESTION_FROM * maxStalenessMs - EPSILON_MS ||
        // How long that is counts by the wall clock, which went ahead.
        nowMs - ownMs <= waking.atMs ||
        isDisputed(question))
    for (const other of call.askedAtMs < nowMs || isRepeated ? [] : underWay) {
      // Whoever asked has lost patience; where there was no connection yet, nobody says so here.
      if (nowMs - other.call.askedAtMs >= TIMEOUT_MS) continue
      // What was asked before the last answer is of no use to a later request.
      const knownMs = Math.max(lastTakenBack(other.question), said.toldAtMs(other.question))
      const fromMs = Math.max(demandMs, waking.atMs, knownMs)
      if (!other.counts || fromMs > other.call.askedAtMs - EPSILON_MS) continue
      if (questionName(other.question) === name && !isKeptFiner(question)) {
        object('the same was asked twice at once', about(question))
      } else if (
        !isTiny &&
        isProven &&
        !hasOwnTurn &&
        !mayBeUnproven(question) &&
        other.isProven &&
        !hasWaitedInVain(family) &&
        lastTakenBack(question) < nowMs - TIMEOUT_MS * settings.maxAttempts &&
        question.token.id !== null &&
        familyNameOf(other.question.token, history.now) === family
      ) {
        object('a family was asked about twice at once', about(question))
      }
    }
    underWay.add({ call, question, isProven, counts: true })
    if (call.askedAtMs < nowMs) return // a second attempt
    const wokenMs = Math.max(waking.atMs, waking.steppedAtMs)
    // What was under way then is asked anew when its answer is there.
    const isAnew = nowMs - wokenMs <= TIMEOUT_MS * settings.maxAttempts
    const isBarred = troubles.breaker === 'open' && !isAnew
    if (isBarred) object('asked though the breaker is open', about(question))
    if (isTiny || isAnew) return

    const backMs = lastTakenBack(question)
    const youngerThan = Math.max(backMs, demandMs)
    const yes = isProven ? said.yesFor(question) : said.yesTo(question)
    const no = said.noTo(question)
    const diedMs = said.deathOf(question.token)?.askedAtMs ?? -Infinity
    const over = said.overSince(question.token)
    if (
      over !== undefined &&
      over.askedAtMs > (said.madeAnewSince(question.token)?.askedAtMs ?? -Infinity) &&
      over.askedAtMs > Math.max(generationsBackAt(question), waking.atMs) &&
      nowMs - over.askedAtMs < 60_000 - EPSILON_MS
    ) {
      const alive = [yes, said.namedSince(question.token)]
      const later = alive.some((each) => each !== undefined && each.askedAtMs > over.askedAtMs)
      if (!later) object('asked about a generation that is over', about(question))
    }
    const ownerAliveMs = said.ownerAliveSince(question.token)?.askedAtMs ?? -Infinity
    // Of a subject that is known not to be blocked any more, no such refusal is believed.
    const isBlockOver = no?.reason === 'user_blocked' && ownerAliveMs > no.askedAtMs
    const noMs = isBlockOver ? -Infinity : (no?.askedAtMs ?? -Infinity)
    const yesMs = yes?.askedAtMs ?? -Infinity
    const voidMs = Math.max(
      diedMs,
      said.madeAnewSince(question.token)?.askedAtMs ?? -Infinity,
      said.otherNamedSince(question.token)?.askedAtMs ?? -Infinity,
      mayBeUnproven(question) ? Infinity : -Infinity,
      noMs,
      said.consumerEndedMs(question),
    )
    if (
      !isProven &&
      !isKeptFiner(question) &&
      noMs > yesMs &&
      noMs > Math.max(backMs, waking.atMs) &&
      nowMs - noMs < negativeTtlMs - EPSILON_MS
    ) {
      object('asked again about what was just refused', about(question, { ageMs: nowMs - noMs }))
    }
    const ownYesMs = said.yesFor({ ...question, kind: 'identity' })?.askedAtMs ?? -Infinity
    const aliveMs = Math.max(ownYesMs, ownerAliveMs)
    if (
      workers === 0 &&
      isProven &&
      question.token.id !== null &&
      diedMs > Math.max(aliveMs, backMs, waking.atMs) &&
      nowMs - diedMs < negativeTtlMs - EPSILON_MS
    ) {
      object('asked about a family that is known to have ended', about(question))
    }
    if (yesMs <= voidMs || yesMs <= youngerThan) return
    const ageMs = nowMs - yesMs
    if (wokenMs >= yesMs) return
    if (isProven) {
      if (!hasOwnTurn && ageMs < earliestRefreshMs - EPSILON_MS) {
        object('a family was asked about too soon', about(question, { ageMs }))
      }
    } else if (isRemote(question.token) && !isKeptFiner(question)) {
      const { token, consumerToken } = question
      const endsByItself = token.validUntil !== null || (consumerToken?.validUntil ?? null) !== null
      const youngestMs = maxStalenessMs * (workers === 0 ? 1 : USABLE_PART)
      if (!endsByItself && ageMs < youngestMs - channelMs * 2 * workers - EPSILON_MS) {
        object('a context was asked about too soon', about(question, { ageMs }))
      }
    }
  }

  /** Whether Onezone’s clock seems to have been set since it last spoke of the token, so that only it can say. */
  function isDisputed(question: Question): boolean {
    if (question.token.validUntil === null) return false
    const spokenAtMs = said.yesTo(question)?.askedAtMs ?? -Infinity
    const heardByMs = spokenAtMs - EPSILON_MS - (workers === 0 ? 0 : HERALD_MS + 2 * channelMs)
    if (Math.max(knownTime.contradictedAtMs, knownTime.doubtedUntilMs) >= heardByMs) return true
    return knownTime.errorMs(time.nowMs, heardByMs) > LARGEST_DRIFT_MS
  }

  /** Whether the gateway may want the token proven anew. */
  function mayBeUnproven(question: Question): boolean {
    const { token } = question
    const provenMs = said.yesTo(question)?.askedAtMs ?? -Infinity
    const lostMs = said.lossOf(token)?.askedAtMs ?? -Infinity
    // What is said of generations that were taken back may be of another life.
    if (Math.max(lostMs, generationsBackAt(question)) >= provenMs) return true
    // Workers forget more than their primary: to one it can matter that a token of the family was invalid.
    return workers > 0 && (said.invalidSince(token)?.askedAtMs ?? -Infinity) > provenMs
  }

  function hasWaitedInVain(family: string): boolean {
    const sinceMs = time.nowMs - 2 * TIMEOUT_MS * settings.maxAttempts
    return refreshes.wasUntoldSince(family, sinceMs)
  }

  /**
   * Whether an answer teaches anything, which it does not where its question was sent before something was taken back.
   */
  function doesCount({ question, askedAtMs }: Call): boolean {
    if (question === null) return true
    const own = [...underWay].find(
      (each) => each.question === question && each.call.askedAtMs === askedAtMs,
    )
    // That the machine slept is seen before anything is asked.
    return own?.counts !== false && askedAtMs >= Math.max(lastTakenBack(question), waking.atMs)
  }

  function ended({ question, path, ...call }: Call, isFault: boolean): void {
    if (question === null) {
      readings.ended(path)
      return
    }
    for (const each of underWay) {
      if (each.question !== question || each.call.askedAtMs !== call.askedAtMs) continue
      underWay.delete(each)
      const backMs = Math.max(waking.atMs, lastTakenBack(question))
      if (!each.counts || each.call.askedAtMs <= backMs) {
        repeats.set(questionName(question), time.nowMs)
      }
    }
    troubles.ended(isFault)
  }

  return {
    asked(call) {
      if (call.question === null) readings.asked(call.path, call.askedAtMs < time.nowMs)
      else askedVerdict(call, call.question)
    },
    answered(call, outcome) {
      const { question } = call
      const { token } = question ?? {}
      const { judgedAtMs } = outcome
      const ends = outcome.objection === null ? (token?.validUntil ?? null) : null
      if (settings.tellsDate) {
        knownTime.told(judgedAtMs, time.nowMs)
      } else if (token !== undefined && ends !== null && ends < 1e12) {
        knownTime.toldOf(ownerOf(token, history.now), call.askedAtMs, judgedAtMs, time.nowMs)
      }
      if (question !== null) waking.look(true)
      const counts = doesCount(call)
      if (counts) said.heard(call, outcome, time.nowMs)
      const tellsOfOthers = counts && outcome.objection === null && question?.kind === 'access'
      if (question !== null && !tellsOfOthers) {
        const family = familyNameOf(question.token, history.now)
        refreshes.untold(family)
      }
      ended(call, false)
    },
    wanted() {
      if (workers === 0) waking.look(false)
    },
    toldUnasked: () => waking.look(true),
    failed(call) {
      // Before a stale grant: what was asked in the background, nobody waits for.
      if (call.question !== null && said.isProven(call.question)) {
        if (waitingFor(familyNameOf(call.question.token, history.now)).length > 0) waking.look(true)
      }
      troubles.failed()
      ended(call, call.question !== null)
    },
    hasTrouble: troubles.hasTrouble,
    patienceMs: troubles.patienceMs,
    used(question, ageMs) {
      noteHit(question, ageMs)
      readings.used(question.token, waking.atMs)
    },
    flooded: floods.began,
    networkIs: troubles.networkIs,
    breakerIs: troubles.breakerIs,
    takenBack(selects, selectsGenerations) {
      takenBackAtMs.push({ atMs: time.nowMs, selects, selectsGenerations })
      for (const each of underWay) if (selects(each.question)) each.counts = false
    },
  }
}
