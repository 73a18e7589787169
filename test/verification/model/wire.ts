import type { PresentedToken } from '../../../src/token/index.ts'
import type { BreakerState, Question } from '../../../src/verifier/index.ts'
import { familyNameOf, ownerOf, questionName } from './accounts.ts'
import { isRemote, readsConsumer } from './onezone-law.ts'
import type { KnownTime } from './known-time.ts'
import type { Call, Network, WireWatcher } from './onezone-server.ts'
import type { Pending } from './referee.ts'
import type { Settings } from './settings.ts'
import { TIMEOUT_MS } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { WhatOnezoneSaid } from './what-onezone-said.ts'
import type { History } from './world.ts'

/** Watches what goes to Onezone and comes back, and objects where it is asked more often than is promised. */
export interface Wire extends WireWatcher {
  /** Whether something went wrong within a time, so that nobody could say. */
  hasTrouble(fromMs: number, toMs: number): boolean
  /** How long a request within that time may take: so many questions one after another. */
  patienceMs(fromMs: number, toMs: number): number
  /**
   * A token was granted by what is remembered, on a fact so old: the watch must read what is used steadily, and who asks
   * next must not have to wait for a fact that was old enough to be asked for anew.
   */
  used(question: Question, ageMs: number): void
  /** Somebody asks a door. */
  wanted(): void
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
/** And a hit at this part of it or later has it done. */
const LATEST_REFRESH = 0.76
/** And where that told nothing, it is tried again so much later. */
const RETRY_AFTER = 0.05
const EPSILON_MS = 0.01
/** A proven temporary token is itself asked about when it was not for so many intervals. */
const OWN_QUESTION_FROM = 9 + EARLIEST_REFRESH
/** What is known of Onezone’s time may be off by so much, and nothing follows from it. */
const LARGEST_DRIFT_MS = 3_500 + 2_000
/** How soon workers are told what their primary has found out of Onezone’s time. */
const HERALD_MS = 110
/** What is used is read within so many intervals, and a little for looks, reports and jitter. */
const UNREAD_INTERVALS = 2
/** Which step of the wall clock makes every fact old, and how often it is looked at. */
const LEAST_STEP_MS = 999
const STEP_CHECK_MS = 100

/** What the watch reads of a token’s family. */
function readingOf({ id, generation, subject }: PresentedToken): string {
  const of = subject.type === 'user' ? 'users' : 'providers'
  const path =
    generation === null ? `tokens/named/${id}/status` : `${of}/${subject.id}/tokens/temporary`
  return `/api/v3/onezone/${path}`
}

/** Not all that the key of a question holds is sent where the token is used as anything but an access token. */
function isKeptFiner({ kind, consumerToken, token }: Question): boolean {
  return kind !== 'access' && (consumerToken !== null || isRemote(token))
}

interface UnderWay {
  readonly call: Call
  readonly question: Question
  readonly isProven: boolean
  counts: boolean
}

export function createWire(options: WireOptions): Wire {
  const { settings, time, history, said, knownTime, pending, object } = options
  const { maxStalenessMs, negativeTtlMs, isTiny, watchIntervalMs, channelMs, workers } = settings
  const earliestRefreshMs = maxStalenessMs * (workers === 0 ? EARLIEST_REFRESH : YOUNG_PART)
  const underWay = new Set<UnderWay>()
  /** When an answer came that counts no more, so that the same is asked anew at that moment; by question. */
  const repeats = new Map<string, number>()
  /**
   * When answers came that may tell nothing of other tokens of a family: whoever waits for one asks for itself then.
   */
  const untold = new Map<string, readonly number[]>()
  /** Families that were used when they should have been asked about, and were not since. */
  const ripe = new Map<string, number>()
  const floods = new Map<string, { readonly sinceMs: number; asked: number }>()
  const readings = new Map<string, { askedAtMs: number; underWay: boolean }>()
  /** Since when without a pause, and when last, something is used; by what is read of it. */
  const uses = new Map<string, { readonly sinceMs: number; readonly lastMs: number }>()
  let readingsUnderWay = 0
  let troubles: number[] = []
  /** Since when it took so long, by the time that the machine is awake. */
  let slowest: { awakeMs: number; wayMs: number }[] = [{ awakeMs: -Infinity, wayMs: 0 }]
  const awake = time.clockOf(0)
  let breaker: BreakerState = 'closed'
  let breakerSinceMs = -Infinity
  const breakerTimes: { fromMs: number; toMs: number }[] = []
  let faultsInARow = 0
  let seenStepMs = -Infinity
  let lookDueMs = -Infinity
  let wokenAtMs = -Infinity
  const recent: { atMs: number; fault: boolean }[] = []
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

  /** The youngest fact that somebody who waits about the same family wants. */
  const demandedSince = (family: string): number => {
    let sinceMs = -Infinity
    for (const { request } of pending) {
      const { maxFactAgeMs } = request
      if (maxFactAgeMs === undefined || familyNameOf(request.token, history.now) !== family)
        continue
      sinceMs = Math.max(sinceMs, time.nowMs - maxFactAgeMs)
    }
    return sinceMs
  }

  const about = (question: Question, more: object = {}): object => {
    const { token, kind, peerIp, interface: door } = question
    const { id, generation, caveats } = token
    return { id, generation, kind, peerIp, door, caveats, ...more }
  }

  /**
   * Whoever asks Onezone looks at the clocks now and then, and at each answer: if the machine seems to have slept, all
   * that was known is asked anew. What workers want, their primary sees only where it has to ask.
   */
  function look(mustSee: boolean, isOnlySeen = workers > 0): void {
    const stepMs = time.lastStepMs(LEAST_STEP_MS)
    const isDue = mustSee || awake.monotonic() >= lookDueMs
    if (isDue) lookDueMs = awake.monotonic() + STEP_CHECK_MS
    if (stepMs <= seenStepMs || (!isDue && !isOnlySeen)) return
    wokenAtMs = time.nowMs
    if (mustSee || !isOnlySeen || time.nowMs >= stepMs + STEP_CHECK_MS + channelMs) {
      seenStepMs = stepMs
    }
  }

  /** A hit at such an age has the family asked about in the background. */
  function noteRipe(question: Question, ageMs: number): void {
    const { token } = question
    if (workers > 0 || isTiny || token.id === null || !said.isProven(question)) return
    const family = familyNameOf(token, history.now)
    // One that was used as something else tells of the family, and nothing of services.
    const aliveMs = said.yesFor({ ...question, kind: 'identity' })?.askedAtMs ?? -Infinity
    if (aliveMs > time.nowMs - ageMs + EPSILON_MS) return
    const isAsked = [...underWay].some(
      ({ question: { token: other } }) => familyNameOf(other, history.now) === family,
    )
    const isTriedAgainLater = (untold.get(family) ?? []).some(
      (atMs) => atMs >= time.nowMs - RETRY_AFTER * maxStalenessMs - EPSILON_MS,
    )
    if (isAsked || isTriedAgainLater) return void ripe.delete(family)
    const ripeAtMs = ripe.get(family) ?? Infinity
    if (ageMs < LATEST_REFRESH * maxStalenessMs) ripe.delete(family)
    else if (ripeAtMs === Infinity) ripe.set(family, time.nowMs)
    else if (ripeAtMs < time.nowMs && !troubles.some((atMs) => atMs > ripeAtMs - maxStalenessMs)) {
      if (breaker === 'closed' && wokenAtMs < ripeAtMs - maxStalenessMs) {
        object('a family in use was not asked about in time', { ageMs })
      }
    }
  }

  function checkFlood({ token }: Question): void {
    const { budgetPerSecond } = settings
    const flood = floods.get(token.digest)
    if (flood === undefined || budgetPerSecond === null) return
    flood.asked += 1
    const seconds = 10 + (time.nowMs - flood.sinceMs) / 1000
    if (flood.asked > budgetPerSecond * seconds + 1) {
      object('a flood cost more than its budget', { asked: flood.asked, seconds })
    }
  }

  function askedVerdict(call: Call, question: Question): void {
    const nowMs = time.nowMs
    const name = questionName(question)
    const isRepeated = repeats.get(name) === nowMs
    // A second attempt is made without a look at the clocks, and so is a question whose answer counted no more.
    if (workers > 0 && call.askedAtMs === nowMs && !isRepeated) look(false)
    ripe.delete(familyNameOf(question.token, history.now))
    if (call.askedAtMs === nowMs) checkFlood(question)
    const isProven = said.isProven(question)
    const family = familyNameOf(question.token, history.now)
    const demandMs = demandedSince(family)
    // Each temporary token must itself be asked about at least every so many intervals.
    const ownMs = nowMs - (said.yesTo(question)?.askedAtMs ?? nowMs)
    const hasOwnTurn =
      isProven &&
      (ownMs >= OWN_QUESTION_FROM * maxStalenessMs - EPSILON_MS ||
        // How long that is counts by the wall clock, which went ahead.
        nowMs - ownMs <= wokenAtMs ||
        isDisputed(question))
    for (const other of call.askedAtMs < nowMs || isRepeated ? [] : underWay) {
      // Whoever asked has lost patience; where there was no connection yet, nobody says so here.
      if (nowMs - other.call.askedAtMs >= TIMEOUT_MS) continue
      const fromMs = Math.max(demandMs, wokenAtMs, lastTakenBack(other.question))
      if (!other.counts || fromMs > other.call.askedAtMs - EPSILON_MS) continue
      if (questionName(other.question) === name && !isKeptFiner(question)) {
        object('the same was asked twice at once', about(question))
      } else if (
        !isTiny &&
        isProven &&
        !hasOwnTurn &&
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
    if (breaker === 'open') object('asked though the breaker is open', about(question))
    // What was under way then is asked anew when its answer is there.
    if (isTiny || nowMs - wokenAtMs <= TIMEOUT_MS * settings.maxAttempts) return

    const backMs = lastTakenBack(question)
    const youngerThan = Math.max(backMs, demandMs)
    const yes = isProven ? said.yesFor(question) : said.yesTo(question)
    const no = said.noTo(question)
    const death = said.deathOf(question.token)
    const over = said.overSince(question.token)
    if (
      over !== undefined &&
      over.askedAtMs > (said.madeAnewSince(question.token)?.askedAtMs ?? -Infinity) &&
      over.askedAtMs > Math.max(generationsBackAt(question), wokenAtMs) &&
      nowMs - over.askedAtMs < 60_000 - EPSILON_MS
    ) {
      const named = said.namedSince(question.token)
      const later = [yes, named].some(
        (each) => each !== undefined && each.askedAtMs > over.askedAtMs,
      )
      if (!later) object('asked about a generation that is over', about(question))
    }
    const noMs = no?.askedAtMs ?? -Infinity
    const yesMs = yes?.askedAtMs ?? -Infinity
    const voidMs = Math.max(
      death?.askedAtMs ?? -Infinity,
      said.madeAnewSince(question.token)?.askedAtMs ?? -Infinity,
      noMs,
      consumerEndedMs(question),
      // What is said of generations that were taken back may be of another life, in which this one must be proven.
      generationsBackAt(question),
    )
    if (
      !isProven &&
      !isKeptFiner(question) &&
      noMs > yesMs &&
      noMs > Math.max(backMs, wokenAtMs) &&
      nowMs - noMs < negativeTtlMs - EPSILON_MS
    ) {
      object('asked again about what was just refused', about(question, { ageMs: nowMs - noMs }))
    }
    const aliveMs = Math.max(
      said.yesFor({ ...question, kind: 'identity' })?.askedAtMs ?? -Infinity,
      said.ownerAliveSince(question.token)?.askedAtMs ?? -Infinity,
    )
    const diedMs = death?.askedAtMs ?? -Infinity
    if (
      workers === 0 &&
      isProven &&
      question.token.id !== null &&
      diedMs > Math.max(aliveMs, backMs, wokenAtMs) &&
      nowMs - diedMs < negativeTtlMs - EPSILON_MS
    ) {
      object('asked about a family that is known to have ended', about(question))
    }
    if (yesMs <= voidMs || yesMs <= youngerThan) return
    const ageMs = nowMs - yesMs
    if (wokenAtMs >= yesMs) return
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

  /** The last moment of which it is known that the consumer token that is read had ended. */
  function consumerEndedMs({ token, consumerToken }: Question): number {
    if (consumerToken === null || !readsConsumer(token)) return -Infinity
    const ends = [said.deathOf(consumerToken), said.overSince(consumerToken)]
    return Math.max(...ends.map((end) => end?.askedAtMs ?? -Infinity))
  }

  /** Whether Onezone’s clock seems to have been set since it last spoke of the token, so that only it can say. */
  function isDisputed(question: Question): boolean {
    if (question.token.validUntil === null) return false
    const spokenAtMs = said.yesTo(question)?.askedAtMs ?? -Infinity
    const heardByMs = spokenAtMs - EPSILON_MS - (workers === 0 ? 0 : HERALD_MS + 2 * channelMs)
    return knownTime.errorMs(time.nowMs, heardByMs) > LARGEST_DRIFT_MS
  }

  function hasWaitedInVain(family: string): boolean {
    const sinceMs = time.nowMs - 2 * TIMEOUT_MS * settings.maxAttempts
    return (untold.get(family) ?? []).some((atMs) => atMs >= sinceMs)
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
    return own?.counts !== false && askedAtMs >= Math.max(lastTakenBack(question), wokenAtMs)
  }

  function askedReading({ path, askedAtMs }: Call): void {
    const nowMs = time.nowMs
    const known = readings.get(path)
    readingsUnderWay += 1
    if (askedAtMs < nowMs) return // a second attempt
    if (readingsUnderWay > 4) object('more readings at once than allowed', { path })
    if (known?.underWay === true) object('the same was read twice at once', { path })
    // What was not in use for a while is read at the next look after it is.
    const leastMs = (watchIntervalMs ?? 0) / 8
    if (known !== undefined && nowMs - known.askedAtMs < leastMs - EPSILON_MS) {
      object('the watch read too soon', { path, ageMs: nowMs - known.askedAtMs })
    }
    if (breaker !== 'closed') object('the watch read though the breaker is not closed', { path })
    readings.set(path, { askedAtMs: nowMs, underWay: true })
  }

  function ended({ question, path, ...call }: Call, isFault: boolean): void {
    if (question === null) {
      readingsUnderWay -= 1
      const known = readings.get(path)
      if (known !== undefined) known.underWay = false
      return
    }
    for (const each of underWay) {
      if (each.question !== question || each.call.askedAtMs !== call.askedAtMs) continue
      underWay.delete(each)
      const backMs = Math.max(wokenAtMs, lastTakenBack(question))
      if (!each.counts || each.call.askedAtMs <= backMs) {
        repeats.set(questionName(question), time.nowMs)
      }
    }
    if (settings.maxAttempts > 1) return
    if (breaker === 'closed') {
      faultsInARow = isFault ? faultsInARow + 1 : 0
      recent.push({ atMs: time.nowMs, fault: isFault })
    }
  }

  return {
    asked(call) {
      if (call.question === null) askedReading(call)
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
      if (question !== null) look(true)
      const counts = doesCount(call)
      if (counts) said.heard(call, outcome, time.nowMs)
      const tellsOfOthers = counts && outcome.objection === null && question?.kind === 'access'
      if (question !== null && !tellsOfOthers) {
        const family = familyNameOf(question.token, history.now)
        untold.set(family, [...(untold.get(family) ?? []).slice(-4), time.nowMs])
      }
      ended(call, false)
    },
    wanted() {
      if (workers === 0) look(false)
    },
    failed(call) {
      // Before a stale grant.
      if (call.question !== null && said.isProven(call.question)) look(true)
      troubles.push(time.nowMs)
      ended(call, call.question !== null)
    },
    hasTrouble(fromMs, toMs) {
      if (breaker !== 'closed') return true
      if (breakerTimes.some((each) => each.fromMs <= toMs && each.toMs >= fromMs)) return true
      return troubles.some((atMs) => atMs >= fromMs - EPSILON_MS && atMs <= toMs)
    },
    patienceMs(fromMs, toMs) {
      let wayMs = 0
      for (let at = slowest.length - 1; at >= 0; at--) {
        const { awakeMs, wayMs: each } = slowest[at] ?? { awakeMs: 0, wayMs: 0 }
        wayMs = Math.max(wayMs, Math.min(each, TIMEOUT_MS))
        if (awakeMs < awake.monotonic() - (toMs - fromMs) - TIMEOUT_MS * settings.maxAttempts) break
      }
      const failed = this.hasTrouble(fromMs - TIMEOUT_MS, toMs)
      // Two about others of the family, then its own; a worker waits for two of its own kind before.
      const most = workers === 0 ? 3 : 5
      return most * (failed ? settings.maxAttempts * TIMEOUT_MS + 150 : wayMs)
    },
    used(question, ageMs) {
      noteRipe(question, ageMs)
      const { token } = question
      if (watchIntervalMs === null || isTiny || token.id === null) return
      const { nowMs } = time
      const path = readingOf(token)
      const use = uses.get(path)
      const isSteady = use !== undefined && nowMs - use.lastMs <= watchIntervalMs / 2
      const sinceMs = isSteady ? use.sinceMs : nowMs
      uses.set(path, { sinceMs, lastMs: nowMs })
      const fromMs = Math.max(sinceMs, readings.get(path)?.askedAtMs ?? -Infinity, wokenAtMs)
      if (nowMs - fromMs <= UNREAD_INTERVALS * watchIntervalMs + 2_000) return
      // After a fault the watch pauses for a minute at most; and it waits for what it has asked.
      const isWell = !this.hasTrouble(nowMs - 70_000, nowMs)
      if (isWell && this.patienceMs(nowMs - 20_000, nowMs) < 500) {
        object('the watch does not read what is in use', { path, forMs: nowMs - fromMs })
      }
    },
    flooded(tokens) {
      const flood = { sinceMs: time.nowMs, asked: 0 }
      for (const { digest } of tokens) floods.set(digest, flood)
    },
    networkIs({ thereMs, backMs, jitterMs }) {
      slowest.push({ awakeMs: awake.monotonic(), wayMs: thereMs + backMs + 2 * jitterMs })
      slowest = slowest.slice(-50)
      troubles = troubles.slice(-200)
    },
    breakerIs(state) {
      const nowMs = time.nowMs
      if (state === 'open' && breaker === 'closed' && settings.maxAttempts === 1)
        checkOpening(nowMs)
      if (breaker === 'closed') breakerSinceMs = nowMs
      if (state === 'closed') {
        breakerTimes.push({ fromMs: breakerSinceMs, toMs: nowMs })
        faultsInARow = 0
        recent.length = 0
      }
      breaker = state
    },
    takenBack(selects, selectsGenerations) {
      takenBackAtMs.push({ atMs: time.nowMs, selects, selectsGenerations })
      for (const each of underWay) if (selects(each.question)) each.counts = false
    },
  }

  function checkOpening(nowMs: number): void {
    // The window begins with a whole second, so that it is not quite the same for whoever only looks on.
    const window = recent.filter(({ atMs }) => nowMs - atMs <= 11_000)
    const faultsSince = (from: number): number =>
      window.slice(from).filter(({ fault }) => fault).length
    const faults = faultsSince(0)
    const many = window.some(
      ({ atMs }, from) =>
        (from === 0 || nowMs - atMs >= 8_900) &&
        window.length - from >= 20 &&
        faultsSince(from) * 2 >= window.length - from,
    )
    if (faultsInARow < 5 && !many) {
      object('the breaker opened without need', { faultsInARow, faults, calls: window.length })
    }
  }
}
