import type { ContextGrant, Proof, VerdictMemory } from './verdict-memory.ts'
import { contextKey, proofKey } from './verdict-keys.ts'
import { createSingleFlight } from './single-flight.ts'
import type { Clock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { Question, SourcedVerdict, Verifier } from '../verifier/index.ts'
import { consumerOf, isAccepted } from '../verifier/index.ts'
import { createInspect } from './inspect.ts'
import type { VerdictGate } from './inspection.ts'
import { isJudgedLocally } from './local-judgement.ts'
import type { Lessons } from './lessons.ts'
import { grantAsOf, isOfKnownFamily, knownSince } from './proven-grant.ts'
import { createRecollection } from './recollection.ts'
import type { Sharing } from './sharing.ts'
import { createSuspensionCheck } from './suspension.ts'
import type { TokenEnd } from './token-end.ts'
import { hasEnded } from './token-end.ts'
import type { Turn } from './turns.ts'
import { createTurns } from './turns.ts'
import type { VerificationBudget } from './verification-budget.ts'

/** Options of {@link createVerdictGate}. */
export interface VerdictGateOptions {
  readonly memory: VerdictMemory<FamilyRecord>
  readonly ledger: FamilyLedger
  readonly onezoneTime: OnezoneTime
  /** Draws the conclusions from each answer. */
  readonly lessons: Lessons
  readonly clock: Clock
  /** No grant rests on a fact older than this. */
  readonly maxStalenessMs: number
  /** How much longer one may where nobody can say; 0: not at all. */
  readonly staleIfErrorMs: number
  /** How far Onezone's time may be off what is known of it, for tokens that are not proven. */
  readonly clockSkewMs: number
  /** What strangers may cost. */
  readonly budget: VerificationBudget
  /** What others know, looked for before anybody is asked. @default nobody shares */
  readonly sharing?: Pick<Sharing, 'look'> | undefined
}

export type { Inspection, VerdictGate } from './inspection.ts'

/** How a question is asked. */
interface Asking {
  /** Its client has paid for it. @default false */
  readonly isCharged?: boolean
  /** What is known would do for a while yet. @default false */
  readonly isEarly?: boolean
}

/** How soon a refresh that told nothing is tried again, as a part of the bound. */
const RETRY_AFTER = 0.05
/** For so many answers about others of its family a request waits in vain; then it asks itself. */
const MOST_SHARED = 2
/** A fact with less than a hundredth of its time left could run out before whoever waits gets to use it. */
const USABLE_PART = 0.99

/**
 * The verdict model. A verdict is a conjunction of three parts, each asked for as seldom as it changes: the
 * **signature** once per token, since it never changes; the **caveats** never, since a proven token's text says what
 * they are; the **family** once per interval, for all its tokens and contexts. Tokens with caveats that only Onezone
 * can judge are asked about once per interval and context.
 */
export function createVerdictGate(
  inner: Verifier<PresentedToken>,
  options: VerdictGateOptions,
): VerdictGate {
  const { memory, ledger, onezoneTime, lessons, clock, maxStalenessMs, staleIfErrorMs } = options
  const { budget, sharing } = options
  const known = createRecollection({ ...options, refusalOf: (key) => memory.refusalOf(key) })
  const questions = createSingleFlight<Question, SourcedVerdict>()
  /** The question under way that will tell about a family, whichever of its tokens it is about. */
  const refreshes = new Map<FamilyRecord, { answer: Promise<SourcedVerdict>; sentAtMs: number }>()
  const turns = createTurns()
  const inspect = createInspect({
    ...options,
    isRefreshed: (family) => refreshes.has(family),
    isAsked: (key) => questions.underWay(key) !== null,
  })
  const disown: VerdictGate['disown'] = (selects) => questions.disown(selects)
  const noteSuspension = createSuspensionCheck({ ...options, disown })

  function verify(request: Question): SourcedVerdict | Promise<SourcedVerdict> {
    const proof = memory.proofs.get(proofKey(request))
    if (proof !== undefined) {
      const verification = judge(request, proof)
      if (verification !== null) return verification
      if (isProven(proof)) return renew(request, proof)
    }
    return isJudgedLocally(request.token) ? prove(request) : verifyInContext(request)
  }

  const isProven = (proof: Proof<FamilyRecord>): boolean =>
    known.stillProves(proof, familyFor(proof))

  /** Null: only Onezone can say. */
  const isOver = (end: TokenEnd): boolean | null =>
    hasEnded(end, onezoneTime.now(), clock.monotonic(), onezoneTime.setAtMs)

  // One that was proven anew since, or refused, is not the one that waits longest.
  const isFit = ({ request, proof }: Turn): boolean =>
    memory.proofs.peek(proofKey(request)) === proof && isProven(proof) && isOver(proof) === false

  /** What can be said of a proven token without asking; null where a fact is too old, its family's or its own. */
  function judge(
    request: Question,
    proof: Proof<FamilyRecord>,
    sinceMs = Infinity,
  ): SourcedVerdict | null {
    const nowMs = clock.monotonic()
    noteSuspension(nowMs)
    const family = familyFor(proof)
    family.usedAtMs = nowMs
    const verification = known.ofProven(request, proof, family, nowMs, sinceMs)
    if (verification?.source === 'cache') {
      turns.note(family, request, proof)
      if (refreshes.has(family)) return verification
      if (nowMs >= proof.ownRefreshAtMs) refreshInBackground(request, proof)
      else if (nowMs >= family.refreshAtMs) {
        const turn = turns.take(family, proof, isFit) ?? { request, proof }
        refreshInBackground(turn.request, turn.proof)
      }
    }
    return verification
  }

  /** Whether a question about another token of the family does not tell of this one what it needs to. */
  function needsOwn(key: string, proof: Proof<FamilyRecord>): boolean {
    return (
      clock.monotonic() >= proof.ownLimitAtMs ||
      // A question about this very token is shared whatever the answer: a refusal may be about nothing else.
      questions.underWay(key) !== null ||
      isOver(proof) === null
    )
  }

  /** Asks anew about the family of a proven token, together with whoever else waits for it. */
  async function renew(request: Question, asked: Proof<FamilyRecord>): Promise<SourcedVerdict> {
    const arrivedAtMs = clock.monotonic()
    const { maxFactAgeMs } = request
    const key = proofKey(request)
    let proof = asked
    try {
      for (let shared = 0; ; shared += 1) {
        const underWay = refreshes.get(familyFor(proof))
        const tells =
          underWay !== undefined && underWay.sentAtMs >= arrivedAtMs - known.oldestFor(request)
        if (!tells || shared === MOST_SHARED || needsOwn(key, proof))
          return await ask(key, request, proof)
        // A fault is about Onezone, not about a token: all who wait for this answer share it.
        const { verdict } = await underWay.answer
        if (!proof.kept) return await verify(request)
        proof = memory.proofs.get(key) ?? proof
        // How old a fact may be counts from when the request came: what is asked for after that is never too old.
        const waitedMs = clock.monotonic() - arrivedAtMs
        const waiting =
          maxFactAgeMs === undefined
            ? request
            : { ...request, maxFactAgeMs: maxFactAgeMs + waitedMs }
        // A death is shared, too, however short it is believed.
        const judged = judge(waiting, proof, verdict.askedAtMs)
        if (judged !== null) return { verdict: judged.verdict, source: 'coalesced' }
        if (!isProven(proof)) return await verify(request)
      }
    } catch (error) {
      const stale = staleGrant(request, proof, error)
      if (stale === null) throw error
      return stale
    }
  }

  function refreshInBackground(request: Question, proof: Proof<FamilyRecord>): void {
    const settled = (): void => {
      const retryAtMs = clock.monotonic() + maxStalenessMs * RETRY_AFTER
      if (clock.monotonic() >= proof.family.refreshAtMs) proof.family.refreshAtMs = retryAtMs
      if (clock.monotonic() >= proof.ownRefreshAtMs) proof.ownRefreshAtMs = retryAtMs
    }
    ask(proofKey(request), request, proof, { isEarly: true }).then(settled, settled)
  }

  /** A token that is not proven, all of whose caveats we can judge: whoever asks first proves it for all. */
  function prove(request: Question): SourcedVerdict | Promise<SourcedVerdict> {
    const key = proofKey(request)
    noteSuspension(clock.monotonic())
    return known.ofStranger(key, request) ?? askFirst(key, request)
  }

  /** A token whose verdict depends on what only Onezone knows. */
  function verifyInContext(request: Question): SourcedVerdict | Promise<SourcedVerdict> {
    const key = contextKey(request)
    const nowMs = clock.monotonic()
    noteSuspension(nowMs)
    const granted = memory.contexts.get(key)
    if (granted !== undefined) {
      granted.family.usedAtMs = nowMs
      if (granted.consumer !== null) granted.consumer.family.usedAtMs = nowMs
    }
    const answer = known.inContext(key, request, granted)
    return answer ?? (granted ? askAgain(key, request, granted) : askFirst(key, request))
  }

  function askFirst(key: string, request: Question): Promise<SourcedVerdict> {
    const shared = share(key, request, null)
    if (shared !== null) return shared
    budget.charge(request)
    return send(key, request, null, { isCharged: true })
  }

  async function askAgain(
    key: string,
    request: Question,
    granted: ContextGrant<FamilyRecord>,
  ): Promise<SourcedVerdict> {
    try {
      return await ask(key, request, null)
    } catch (error) {
      noteSuspension(clock.monotonic(), true)
      const { verdict } = granted.grant
      const usable =
        isOver(granted) === false &&
        mayServeStale(error, verdict.askedAtMs) &&
        memory.contexts.get(key) === granted &&
        known.stillCounts(granted)
      if (!usable) throw error
      return { verdict, source: 'stale' }
    }
  }

  /** Asks, once for all who want to know the same. */
  function ask(
    key: string,
    request: Question,
    proof: Proof<FamilyRecord> | null,
    how: Asking = {},
  ): Promise<SourcedVerdict> {
    return share(key, request, proof) ?? send(key, request, proof, how)
  }

  /** Shares a question that is under way; null where there is none that was sent late enough for this request. */
  function share(
    key: string,
    request: Question,
    proof: Proof<FamilyRecord> | null,
  ): Promise<SourcedVerdict> | null {
    const sinceMs = clock.monotonic() - known.oldestFor(request)
    const underWay = questions.underWay(key, sinceMs)
    if (underWay === null) return null
    const shared = coalesced(underWay)
    if (request.maxFactAgeMs === undefined) return shared
    // Whoever is asked may remember, too, and then the answer is older than the question.
    return shared.then((verification) => {
      const { verdict, source } = verification
      const isYoung = !isAccepted(verdict) || verdict.askedAtMs >= sinceMs || source === 'stale'
      return isYoung ? verification : send(key, request, stillProven(proof))
    })
  }

  /** Sends a question, with nothing in it that no caveat reads, and learns from the answer. */
  function send(
    key: string,
    request: Question,
    proof: Proof<FamilyRecord> | null,
    { isCharged = false, isEarly = false }: Asking = {},
  ): Promise<SourcedVerdict> {
    const sentAtMs = clock.monotonic()
    const question = { ...request, consumerToken: consumerOf(request), proven: proof !== null }
    const answer = questions.send(key, question, sentAtMs, async (stillCounts) => {
      if (sharing !== undefined) {
        await sharing.look(key, question, stillCounts)
        const shared = stillCounts() ? fromOthers(key, request, isEarly) : null
        if (shared !== null) {
          if (isCharged && isAccepted(shared.verdict)) budget.refund(request, false)
          return shared
        }
      }
      const { verdict, source } = await inner.verify(question)
      if (isCharged && isAccepted(verdict)) budget.refund(request, isOfKnownFamily(request, ledger))
      noteSuspension(clock.monotonic(), true) // it may be from before a sleep
      if (!stillCounts()) return inspect(request).known ?? ask(key, request, stillProven(proof))
      return { verdict: lessons.learn(key, question, verdict, proof), source }
    })
    if (proof !== null) {
      const { family } = proof
      const refresh = { answer, sentAtMs }
      refreshes.set(family, refresh)
      const done = (): void => void (refreshes.get(family) === refresh && refreshes.delete(family))
      answer.then(done, done)
    }
    return answer
  }

  /** What follows from what others know; null: the verifier must be asked. */
  function fromOthers(key: string, request: Question, isEarly: boolean): SourcedVerdict | null {
    const proof = memory.proofs.peek(key)
    if (proof === undefined) return known.ofStranger(key, request)
    const nowMs = clock.monotonic()
    const family = familyFor(proof)
    const verification = known.ofProven(request, proof, family, nowMs)
    if (verification?.source !== 'cache') return verification
    const { verdict } = verification
    if (nowMs - verdict.askedAtMs >= known.oldestFor(request) * USABLE_PART) return null
    // Whoever asks before the fact is too old wants one that is younger.
    if (isEarly && nowMs >= Math.min(family.refreshAtMs, proof.ownRefreshAtMs)) return null
    return { verdict, source: 'shared' }
  }

  const stillProven = (proof: Proof<FamilyRecord> | null): Proof<FamilyRecord> | null =>
    proof !== null && isProven(proof) ? proof : null

  /** A grant beyond the bound, where the operator allows it and nobody could say. */
  function staleGrant(
    request: Question,
    proof: Proof<FamilyRecord>,
    error: unknown,
  ): SourcedVerdict | null {
    const nowMs = clock.monotonic()
    noteSuspension(nowMs, true)
    const family = familyFor(proof)
    const knownAtMs = knownSince(proof, family, ledger)
    if (!proof.kept || !mayServeStale(error, knownAtMs) || isOver(proof) === null) return null
    if (nowMs >= proof.ownLimitAtMs + staleIfErrorMs) return null
    if (known.objectionToProven(request, proof, family, nowMs) !== null) return null
    return { verdict: grantAsOf(proof, knownAtMs).verdict, source: 'stale' }
  }

  function mayServeStale(error: unknown, askedAtMs: number): boolean {
    return (
      staleIfErrorMs > 0 &&
      error instanceof VerifierFaultError &&
      error.code === 'ERR_VERIFIER_UNAVAILABLE' &&
      clock.monotonic() - askedAtMs < maxStalenessMs + staleIfErrorMs
    )
  }

  function familyFor(proof: Proof<FamilyRecord>): FamilyRecord {
    if (!proof.family.kept) proof.family = ledger.open(proof.family.ref, proof.subject)
    return proof.family
  }

  return { verify, inspect, disown, close: () => inner.close() }
}

async function coalesced(shared: Promise<SourcedVerdict>): Promise<SourcedVerdict> {
  const { verdict, source } = await shared
  // A grant that is older than usual must not lose its mark on the way to whoever shares it.
  return { verdict, source: source === 'stale' ? source : 'coalesced' }
}
