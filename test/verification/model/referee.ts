import { VerificationBudgetError, VerifierFaultError } from '../../../src/errors.ts'
import type { InvalidationSelector } from '../../../src/verification/index.ts'
import type { Accepted, Question, Refused, SourcedVerdict } from '../../../src/verifier/index.ts'
import { isAccepted } from '../../../src/verifier/index.ts'
import type { Door, ModelGateway } from './gateway.ts'
import { createHindsight } from './hindsight.ts'
import type { KnownTime } from './known-time.ts'
import { objectionsTo, readsConsumer } from './onezone-law.ts'
import type { Settings } from './settings.ts'
import { HERALD_MS, TIMEOUT_MS } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'
import { createTakenBack } from './taken-back.ts'
import type { WhatOnezoneSaid } from './what-onezone-said.ts'
import type { Wire } from './wire.ts'
import type { History } from './world.ts'

/** A request that is under way. */
export interface Pending {
  readonly door: Door
  readonly request: Question
  readonly askedAtMs: number
  /** Tells what happened before and after it at the same moment. */
  readonly turn: number
}

/** A stream that is open. */
export interface ModelStream {
  readonly door: Door
  readonly request: Question
  carrying: boolean
}

/** Judges what the gateway does, by what Onezone would have done and by what the gateway was told. */
export interface Referee {
  decided(pending: Pending, outcome: SourcedVerdict | Error): void
  checkStream(stream: ModelStream, atMs: number): void
  streamEnded(stream: ModelStream, why: string): void
  /** @returns Call it when all processes know. */
  takenBack(selector: InvalidationSelector): () => void
  suspended(forMs: number): void
}

export interface RefereeOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly history: History
  readonly said: WhatOnezoneSaid
  readonly knownTime: KnownTime
  readonly wire: Wire
  /** Numbers of what happens, in its order. */
  readonly nextTurn: () => number
  readonly gateway: () => ModelGateway
  readonly object: (rule: string, about: object) => void
}

/** Moments are compared that were reckoned in different ways. */
const EPSILON_MS = 0.01
/** How long a dead generation is believed without asking: the longest that the design allows. */
const DEAD_GENERATION_MS = 60_000
/** For so long a request may be decided before it is seen that the machine has slept. */
const UNSEEN_MS = 100
/** How long it may take until each stream has been asked about again after something ended. */
const SWEEP_MS = 750
/** How long a stream may take to end that must. */
const FAREWELL_MS = 500 + EPSILON_MS
/** How much longer than its primary a worker waits for an answer. */
const GRACE_MS = 2_000
/** Three questions of a worker, there and back, each once more where its answer was too old when it came. */
const MOST_WAYS = 12
/** How long the machine may take to see that it has slept. */
const WAKING_MS = 2_000
export function createReferee(options: RefereeOptions): Referee {
  const { settings, time, history, said, knownTime, wire, object } = options
  const { maxStalenessMs, staleIfErrorMs, negativeTtlMs, workers, channelMs, isTiny } = settings
  const { accepted, acceptedByClockSetBack, isOfFormerLife, reasonIsTrue } = createHindsight({
    settings,
    history,
    said,
  })
  const takenBack = createTakenBack({ time, history, nextTurn: options.nextTurn })
  const sleeps: { readonly atMs: number; readonly forMs: number }[] = []

  const sleptSince = (atMs: number): number =>
    sleeps.reduce((sum, sleep) => sum + (sleep.atMs >= atMs - EPSILON_MS ? sleep.forMs : 0), 0)
  /** The same within the last so many milliseconds in which the machine was awake. */
  const sleptWithin = (awakeMs: number): number => {
    let sleptMs = 0
    for (const sleep of sleeps.toReversed()) {
      if (sleep.atMs >= time.nowMs - awakeMs - sleptMs - EPSILON_MS) sleptMs += sleep.forMs
    }
    return sleptMs
  }
  const mostWorkerMs = Math.min(maxStalenessMs, TIMEOUT_MS + GRACE_MS)
  /** How long it may take until all processes know what one does. */
  const spreadMs = workers === 0 ? 0 : 4 * channelMs + EPSILON_MS

  /** By how much the door’s notion of Onezone’s time may be off. */
  const timeErrorMs = (askedAtMs: number, request?: Question): number =>
    knownTime.errorMs(
      time.nowMs,
      workers === 0 ? askedAtMs : askedAtMs - maxStalenessMs - TIMEOUT_MS,
      request !== undefined && workers === 0 && said.isProven(request),
    )

  function granted(pending: Pending, verdict: Accepted, source: string): void {
    const { door, request, askedAtMs } = pending
    const nowMs = time.nowMs
    const hasSlept = sleptSince(askedAtMs - UNSEEN_MS) > 0
    // Whoever waits for an answer sees it in time.
    const mustSee = workers === 0 && source !== 'cache' && sleptSince(askedAtMs) > 0
    if (hasSlept && !mustSee) return
    const about = { source, door: door.name }
    const ageMs = door.clock.monotonic() - verdict.askedAtMs
    if (source === 'cache') wire.used(request, ageMs)
    const boundMs = maxStalenessMs + (source === 'stale' ? staleIfErrorMs : 0)
    if (source === 'stale' && staleIfErrorMs === 0) object('a stale grant without leave', about)
    const hasTrouble = wire.hasTrouble(askedAtMs - spreadMs, nowMs) || mayLosePatience(pending)
    if (source === 'stale' && !hasTrouble) {
      object('a stale grant though Onezone answers', { ...about, ageMs })
    }
    if (ageMs > boundMs + EPSILON_MS) {
      object('a grant on a fact older than the bound', { ...about, ageMs, boundMs })
    }
    const factMs = time.trueTimeOf(verdict.askedAtMs, door.startMs)
    // A worker takes a fact for older than it is, by as long as messages take.
    const latestMs = time.trueTimeOf(verdict.askedAtMs + spreadMs, door.startMs)
    const demandMs = request.maxFactAgeMs ?? Infinity
    if (source !== 'stale' && latestMs < askedAtMs - demandMs - EPSILON_MS) {
      object('a grant on a fact older than was asked for', {
        ...about,
        ageMs: askedAtMs - factMs,
        demandMs,
      })
    }
    const errorMs = timeErrorMs(askedAtMs)
    // A worker says that a fact is as old as its own question; and the machine may have slept since.
    const sinceMs = Math.max(factMs, nowMs - boundMs)
    const former = { moreMs: source === 'stale' ? staleIfErrorMs : 0 }
    if (
      !accepted(request, sinceMs, nowMs, errorMs) &&
      !acceptedByClockSetBack(request, sinceMs, nowMs, errorMs) &&
      !isOfFormerLife(request, sinceMs, nowMs, errorMs, former)
    ) {
      object('a grant that Onezone gave at no moment since the fact', {
        ...about,
        factAgeMs: nowMs - factMs,
        why: [...objectionsTo(history.now, nowMs, request)],
      })
    }
    // Where only tokens tell the time, that it was set is seen by the next question about the very token.
    const isSeenLater =
      !settings.tellsDate && history.clocks.some(({ fromMs }) => fromMs >= factMs - EPSILON_MS)
    if ((source === 'cache' || source === 'stale') && !isSeenLater) {
      // What time it is, all processes know at once; a worker is behind by as long as it was on its way.
      const heardByMs = askedAtMs - (workers === 0 ? 0 : HERALD_MS + 2 * channelMs)
      const endErrorMs = knownTime.errorMs(nowMs, heardByMs) + (workers === 0 ? 0 : channelMs)
      for (const { reason } of objectionsTo(history.now, nowMs, request, -endErrorMs)) {
        const ends =
          reason === 'token_expired' ||
          (reason === 'consumer_token_invalid' && hasEnded(request, endErrorMs))
        if (ends) object('a grant beyond the end of the token', { ...about, endErrorMs, reason })
      }
    }
    if (!isTiny) knownDeath(pending, latestMs, source)
    const backMs = takenBack.at(pending)
    const isNews =
      accepted(request, backMs, nowMs, errorMs) ||
      acceptedByClockSetBack(request, backMs, nowMs, errorMs) ||
      // A signature stays good that was taken back with its family only: others may vouch for it.
      (accepted(request, takenBack.proofsAt(pending), nowMs, errorMs) &&
        isOfFormerLife(request, Math.max(backMs, sinceMs), nowMs, errorMs, former))
    if (latestMs < backMs - EPSILON_MS || !isNews) {
      object('a grant on what was taken back', { ...about, takenBackMs: nowMs - backMs })
    }
  }

  function hasEnded({ consumerToken }: Question, errorMs: number): boolean {
    if (consumerToken === null || consumerToken.validUntil === null) return false
    const world = history.now
    const asked = { kind: 'identity', consumerToken: null, allowDataAccessCaveats: false } as const
    const request = {
      ...asked,
      token: consumerToken,
      peerIp: null,
      interface: null,
      inviteType: null,
    }
    return [...objectionsTo(world, time.nowMs, request, -errorMs)].some(
      ({ reason }) => reason === 'token_expired',
    )
  }

  function knownDeath(
    { door, request, askedAtMs }: Pending,
    latestMs: number,
    source: string,
  ): void {
    const { token, consumerToken } = request
    // An answer that comes after one that tells of the end does not count.
    const isAnswer = workers === 0 && (source === 'onezone' || source === 'coalesced')
    const knownBy = isAnswer ? time.nowMs - EPSILON_MS : askedAtMs - spreadMs
    const about = { source, door: door.name, factAgeMs: time.nowMs - latestMs }
    const rests = consumerToken !== null && readsConsumer(token) ? [token, consumerToken] : [token]
    for (const each of rests) {
      const death = said.deathOf(each)
      if (
        death !== undefined &&
        death.heardAtMs <= knownBy &&
        death.askedAtMs > latestMs + EPSILON_MS
      ) {
        const whose = each === token ? 'the token' : 'the consumer token'
        object(`a grant against the known death of ${whose}`, {
          ...about,
          deadSinceMs: time.nowMs - death.askedAtMs,
        })
      }
      const over = said.overSince(each)
      if (
        over !== undefined &&
        over.heardAtMs <= knownBy &&
        over.askedAtMs > latestMs + EPSILON_MS
      ) {
        object('a grant to a generation that is known to be over', about)
      }
    }
    const no = said.noTo(request)
    if (no === undefined || (workers > 0 && source !== 'stale')) return
    if (no.heardAtMs <= knownBy && no.askedAtMs > latestMs + EPSILON_MS) {
      object('a grant older than a known refusal of the same', {
        ...about,
        refusedSinceMs: time.nowMs - no.askedAtMs,
      })
    }
  }

  function refused(pending: Pending, verdict: Refused, source: string): void {
    const { door, request, askedAtMs } = pending
    const nowMs = time.nowMs
    const about = { source, door: door.name, reason: verdict.reason, caveat: verdict.caveat }
    const { token } = request
    const workerPart = workers > 0 ? 0.25 : 0
    const memoryMs = negativeTtlMs * (1 + workerPart) + TIMEOUT_MS * settings.maxAttempts
    const { consumerToken } = request
    const isOver =
      (verdict.reason === 'token_revoked' && token.generation !== null) ||
      (verdict.reason === 'consumer_token_invalid' && (consumerToken?.generation ?? null) !== null)
    const windowMs = Math.max(
      memoryMs,
      isOver ? DEAD_GENERATION_MS + negativeTtlMs * workerPart + TIMEOUT_MS : 0,
      nowMs - askedAtMs + EPSILON_MS,
    )
    const sleptMs = sleptWithin(windowMs + spreadMs)
    const isOfFamily = source === 'local' || workers > 0
    const backMs = isOfFamily ? takenBack.endAt(pending, verdict) : takenBack.at(pending)
    const sinceMs = Math.max(nowMs - windowMs - spreadMs - sleptMs, isOver ? -Infinity : backMs)
    const errorMs = timeErrorMs(askedAtMs, request)
    const isKnown = workers === 0 && !isTiny && source === 'local' && said.isProven(request)
    const alive = said.ownerAliveSince(token)
    if (isKnown && verdict.reason === 'user_blocked' && alive !== undefined) {
      const isHeard = alive.heardAtMs < askedAtMs && alive.askedAtMs >= sinceMs
      if (
        isHeard &&
        !reasonIsTrue(request, verdict, alive.askedAtMs + EPSILON_MS, nowMs, errorMs)
      ) {
        object('a refusal for a block that is known to be over', about)
      }
    }
    if (!reasonIsTrue(request, verdict, sinceMs, nowMs, errorMs)) {
      object(`a refusal for a reason that was not true: ${verdict.reason}`, {
        ...about,
        true: [...objectionsTo(history.now, nowMs, request)],
        windowMs: nowMs - sinceMs,
        errorMs,
      })
    }
  }

  /** A worker that waits for several answers may lose patience, or the last of them may be too old for it. */
  function mayLosePatience({ askedAtMs }: Pending): boolean {
    return workers > 0 && wire.patienceMs(askedAtMs, time.nowMs) > mostWorkerMs
  }

  function undecided(pending: Pending, error: Error): void {
    const { door, request, askedAtMs } = pending
    const about = { door: door.name, error: error.message }
    if (error instanceof VerificationBudgetError) {
      if (settings.budgetPerSecond === null) object('a budget without bounds was spent', about)
      const knownMs = said.yesFor(request)?.askedAtMs ?? -Infinity
      const sinceMs = Math.max(askedAtMs - maxStalenessMs, takenBack.at(pending))
      // Whoever has slept asks about all anew.
      const isYoung = knownMs > sinceMs && sleptSince(knownMs) === 0
      if (!isTiny && workers === 0 && isYoung && said.isProven(request)) {
        object('a proven token was charged', about)
      }
    } else if (!(error instanceof VerifierFaultError))
      object('an error that is no fault', { ...about, stack: error.stack })
    else if (error.code !== 'ERR_VERIFIER_UNAVAILABLE') object('a fault of our own', about)
    else if (!mayLosePatience(pending) && !wire.hasTrouble(askedAtMs - spreadMs, time.nowMs)) {
      object('a fault though Onezone answers', about)
    }
  }

  return {
    decided(pending, outcome) {
      const { askedAtMs } = pending
      if (!(outcome instanceof Error) && isUnasked(pending.request, outcome)) wire.toldUnasked()
      if (outcome instanceof Error) undecided(pending, outcome)
      else if (isAccepted(outcome.verdict)) granted(pending, outcome.verdict, outcome.source)
      else refused(pending, outcome.verdict, outcome.source)
      const tookMs = time.nowMs - askedAtMs - sleptSince(askedAtMs)
      const mostMs =
        wire.patienceMs(askedAtMs, time.nowMs) + (workers === 0 ? 0 : MOST_WAYS * channelMs)
      // What was asked before the machine was seen to have slept is asked anew, too.
      const again = takenBack.since(askedAtMs) + Math.sign(sleptSince(askedAtMs - UNSEEN_MS))
      if (tookMs > mostMs * (1 + again) + EPSILON_MS) {
        object('an answer took longer than Onezone', { tookMs, mostMs })
      }
    },
    checkStream({ door, request }, atMs) {
      // Then it is asked about again, and has a little time to say farewell.
      if (sleptSince(atMs - WAKING_MS - FAREWELL_MS) > 0) return
      const boundMs = maxStalenessMs + staleIfErrorMs
      const sinceMs = atMs - boundMs
      const errorMs = knownTime.errorMs(atMs, sinceMs)
      const former = { toldByMs: atMs - SWEEP_MS - FAREWELL_MS, moreMs: staleIfErrorMs }
      if (accepted(request, sinceMs, atMs, errorMs)) return
      // One that is refused has a little time to say so to its client.
      if (isOfFormerLife(request, sinceMs, atMs, errorMs, former)) return
      object('a stream carried on beyond the bound', {
        door: door.name,
        why: [...objectionsTo(history.now, atMs, request)],
      })
    },
    streamEnded({ door }, why) {
      const boundMs = maxStalenessMs + staleIfErrorMs
      if (settings.budgetPerSecond !== null) return
      if (why !== 'unverified' || wire.hasTrouble(time.nowMs - boundMs, time.nowMs)) return
      if (wire.patienceMs(time.nowMs - boundMs, time.nowMs) > 0.2 * maxStalenessMs) return
      if (sleptSince(time.nowMs - 2 * boundMs) > 0) return
      object('a stream was ended in vain', { door: door.name })
    },
    takenBack: takenBack.add,
    suspended: (forMs) => void sleeps.push({ atMs: time.nowMs + forMs, forMs }),
  }
}

/** Whether the verifier answered by itself: it looks up no secret that is used as anything but an access token. */
function isUnasked({ token, kind }: Question, { source }: SourcedVerdict): boolean {
  return token.id === null && kind !== 'access' && source === 'local'
}
