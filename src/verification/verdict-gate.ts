import type { ContextGrant, Proof, VerdictMemory } from '../cache/index.ts'
import { contextKey, createFlights, proofKey } from '../cache/index.ts'
import type { Clock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import type { PresentedToken } from '../token/index.ts'
import { familyOf } from '../token/index.ts'
import type { Question, Refused, Verification, Verifier } from '../verifier/index.ts'
import { isAccepted, refuse } from '../verifier/index.ts'
import type { Inspection, VerdictGate } from './inspection.ts'
import { invitesElsewhere, isJudgedLocally, objectionOf } from './local-judgement.ts'
import type { Lessons } from './lessons.ts'
import { grantAsOf, knownSince } from './proven-grant.ts'
import { createSuspensionCheck } from './suspension.ts'
import { hasEnded } from './token-end.ts'
import { createTurns } from './turns.ts'
import type { VerificationBudget } from './verification-budget.ts'

/** Options of {@link withFamilies}. */
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
}

/** What a proven token is judged by. */
interface JudgementTimes {
  /** Monotonic milliseconds. */
  readonly nowMs: number
  readonly onezoneNowMs: number
  /** What was asked from this moment on is believed however short that is otherwise. @default never */
  readonly sinceMs?: number
}

export type { Inspection, VerdictGate } from './inspection.ts'

/** How soon a refresh that told nothing is tried again, as a part of the bound. */
const RETRY_AFTER = 0.05

/**
 * The verdict model. A verdict is a conjunction of three parts, each asked for as seldom as it changes: the
 * **signature** once per token, since it never changes; the **caveats** never, since a proven token's text says what
 * they are; the **family** once per interval, for all its tokens and contexts. Tokens with caveats that only Onezone can
 * judge are asked about once per interval and context.
 */
export function withFamilies(
  inner: Verifier<PresentedToken>,
  options: VerdictGateOptions,
): VerdictGate {
  const { memory, ledger, onezoneTime, lessons, clock, maxStalenessMs, staleIfErrorMs } = options
  const questions = createFlights<Question, Verification>()
  /** The question under way that will tell about a family, whichever of its tokens it is about. */
  const refreshes = new Map<FamilyRecord, Promise<Verification>>()
  const turns = createTurns()
  const leastOnezoneMs = (): number => onezoneTime.leastNow() - options.clockSkewMs
  const disown: VerdictGate['disown'] = (selects) => questions.disown(selects)
  const noteSuspension = createSuspensionCheck({ ...options, disown })

  function verify(request: Question): Verification | Promise<Verification> {
    if (request.consumerToken !== null && hasLapsed(request.consumerToken)) {
      return { verdict: refuse('consumer_token_invalid', clock.monotonic()), source: 'local' }
    }
    const proof = memory.proofs.get(proofKey(request))
    if (proof !== undefined) {
      const known = judge(request, proof)
      if (known !== null) return known
      if (isProven(proof)) return renew(request, proof)
    }
    return isJudgedLocally(request.token) ? prove(request) : verifyInContext(request)
  }

  /** Whether a token that is not proven has ended for certain. */
  function hasLapsed({ validUntil }: PresentedToken): boolean {
    return validUntil !== null && leastOnezoneMs() >= validUntil * 1000
  }

  /** Whether a yes to this very token still says that its signature is right. */
  function isProven(proof: Proof<FamilyRecord>): boolean {
    return proof.kept && ledger.stillProves(familyFor(proof), proof.confirmedAtMs)
  }

  /**
   * What can be said of a proven token without asking; null where the fact about its family is too old, or where it must
   * itself be asked about.
   */
  function judge(
    request: Question,
    proof: Proof<FamilyRecord>,
    sinceMs = Infinity,
  ): Verification | null {
    const nowMs = clock.monotonic()
    noteSuspension(nowMs)
    const family = familyFor(proof)
    family.usedAtMs = nowMs
    const known = recall(request, proof, family, nowMs, sinceMs)
    if (known?.source === 'cache') {
      turns.note(family, request, proof)
      if (refreshes.has(family)) return known
      if (nowMs >= proof.ownRefreshAtMs) refreshInBackground(request, proof)
      else if (nowMs >= family.refreshAtMs) {
        const turn = turns.take(family, proof, isFit) ?? { request, proof }
        refreshInBackground(turn.request, turn.proof)
      }
    }
    return known
  }

  function recall(
    request: Question,
    proof: Proof<FamilyRecord>,
    family: FamilyRecord,
    nowMs: number,
    sinceMs = Infinity,
  ): Verification | null {
    const onezoneNowMs = onezoneTime.now()
    const refusal = refusalOf(request, proof, family, { nowMs, onezoneNowMs, sinceMs })
    if (refusal !== null) return { verdict: refusal, source: 'local' }
    if (hasEnded(proof, onezoneNowMs, nowMs) === null || nowMs >= proof.ownLimitAtMs) return null
    const knownAtMs = knownSince(proof, family, ledger)
    return nowMs - knownAtMs < oldestFor(request) ? grantAsOf(proof, knownAtMs) : null
  }

  /** From which age on a fact must not be used for a request without asking. */
  function oldestFor({ maxFactAgeMs }: Question): number {
    return maxFactAgeMs === undefined ? maxStalenessMs : Math.min(maxStalenessMs, maxFactAgeMs)
  }

  function refusalOf(
    request: Question,
    proof: Proof<FamilyRecord>,
    family: FamilyRecord,
    { nowMs, onezoneNowMs, sinceMs = Infinity }: JudgementTimes,
  ): Refused | null {
    const death = ledger.deathOf(family, proof.provenAtMs, sinceMs)
    if (death !== null) return refuse(death, nowMs)
    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)
    if (hasEnded(proof, onezoneNowMs, nowMs) === true) return refuse('token_expired', nowMs)
    return objectionOf(proof.caveats, request, onezoneNowMs, nowMs)
  }

  /** Whether only Onezone can say if a proven token has ended. */
  function endIsDisputed(proof: Proof<FamilyRecord>): boolean {
    return hasEnded(proof, onezoneTime.now(), clock.monotonic()) === null
  }

  /** Asks anew about the family of a proven token, together with whoever else waits for it. */
  async function renew(request: Question, asked: Proof<FamilyRecord>): Promise<Verification> {
    const key = proofKey(request)
    let proof = asked
    try {
      for (;;) {
        const underWay = refreshes.get(familyFor(proof))
        // A question about this very token is shared whatever the answer: a refusal may be about nothing else.
        // So is one about when it ends, which an answer about another token does not say.
        const isOwn =
          clock.monotonic() >= proof.ownLimitAtMs ||
          questions.underWay(key) !== null ||
          endIsDisputed(proof)
        if (underWay === undefined || isOwn) return await ask(key, request, proof)
        // A fault is about Onezone, not about a token: all who wait for this answer share it.
        const { verdict } = await underWay
        if (!proof.kept) return await verify(request)
        proof = memory.proofs.get(key) ?? proof
        // So is a death, however short it is believed.
        const judged = judge(request, proof, verdict.askedAtMs)
        if (judged !== null) return { verdict: judged.verdict, source: 'coalesced' }
        if (!isProven(proof)) return await verify(request)
      }
    } catch (error) {
      const stale = staleGrant(request, proof, error)
      if (stale === null) throw error
      return stale
    }
  }

  function isFit(proof: Proof<FamilyRecord>): boolean {
    return isProven(proof) && hasEnded(proof, onezoneTime.now(), clock.monotonic()) === false
  }

  function refreshInBackground(request: Question, proof: Proof<FamilyRecord>): void {
    const settled = (): void => {
      const { family } = proof
      const retryAtMs = clock.monotonic() + maxStalenessMs * RETRY_AFTER
      if (clock.monotonic() >= family.refreshAtMs) family.refreshAtMs = retryAtMs
      if (clock.monotonic() >= proof.ownRefreshAtMs) proof.ownRefreshAtMs = retryAtMs
    }
    ask(proofKey(request), request, proof).then(settled, settled)
  }

  /** A token that is not proven, all of whose caveats we can judge: whoever asks first proves it for all. */
  function prove(request: Question): Verification | Promise<Verification> {
    const key = proofKey(request)
    noteSuspension(clock.monotonic())
    return recallOfStranger(key, request) ?? askFirst(key, request)
  }

  /** A token whose verdict depends on what only Onezone knows. */
  function verifyInContext(request: Question): Verification | Promise<Verification> {
    const key = contextKey(request)
    const nowMs = clock.monotonic()
    noteSuspension(nowMs)
    const known = memory.contexts.get(key)
    if (known !== undefined) known.family.usedAtMs = nowMs
    const answer = recallInContext(key, request, known)
    if (answer !== null) return answer
    return known === undefined ? askFirst(key, request) : askAgain(key, request, known)
  }

  function recallInContext(
    key: string,
    request: Question,
    known: ContextGrant<FamilyRecord> | undefined,
  ): Verification | null {
    return (
      (known === undefined ? null : judgeInContext(known, oldestFor(request))) ??
      recallOfStranger(key, request)
    )
  }

  function judgeInContext(
    { family, grant, goodUntilMs }: ContextGrant<FamilyRecord>,
    oldestMs: number,
  ): Verification | null {
    if (!family.kept) return null // nobody would tell this record of a death
    const nowMs = clock.monotonic()
    const { askedAtMs } = grant.verdict
    const death = ledger.deathOf(family, askedAtMs)
    if (death !== null) return { verdict: refuse(death, nowMs), source: 'local' }
    if (nowMs >= goodUntilMs || nowMs - askedAtMs >= oldestMs) return null
    return ledger.stillCounts(family, askedAtMs) ? grant : null
  }

  /** What can be said of a token that is not proven: a reason to refuse it, whatever its signature is, or the last refusal. */
  function recallOfStranger(key: string, request: Question): Verification | null {
    const verdict = objectionToStranger(request, clock.monotonic())
    return verdict === null ? memory.refusalOf(key) : { verdict, source: 'local' }
  }

  function objectionToStranger(request: Question, nowMs: number): Refused | null {
    const { token } = request
    const ref = familyOf(token)
    const death = ref === null ? null : ledger.deathOfStranger(ref, token.subject)
    if (death !== null) return refuse(death, nowMs)
    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)
    return objectionOf(token.caveats, request, leastOnezoneMs(), nowMs)
  }

  function askFirst(key: string, request: Question): Promise<Verification> {
    const shared = questions.underWay(key)
    if (shared !== null) return coalesced(shared)
    options.budget.charge(request)
    return ask(key, request, null).then((verification) => {
      if (isAccepted(verification.verdict)) options.budget.refund(request)
      return verification
    })
  }

  async function askAgain(
    key: string,
    request: Question,
    known: ContextGrant<FamilyRecord>,
  ): Promise<Verification> {
    try {
      const shared = questions.underWay(key)
      return await (shared === null ? ask(key, request, null) : coalesced(shared))
    } catch (error) {
      const { askedAtMs } = known.grant.verdict
      const usable =
        known.family.kept &&
        hasEnded(known, onezoneTime.now(), clock.monotonic()) === false &&
        mayServeStale(error, askedAtMs) &&
        ledger.stillCounts(known.family, askedAtMs) &&
        memory.contexts.get(key) === known
      if (!usable || ledger.deathOf(known.family) !== null) throw error
      return { verdict: known.grant.verdict, source: 'stale' }
    }
  }

  /** Asks, once for all who want to know the same, and learns from the answer. */
  function ask(
    key: string,
    request: Question,
    proof: Proof<FamilyRecord> | null,
  ): Promise<Verification> {
    const shared = questions.underWay(key)
    if (shared !== null) return coalesced(shared)
    const asked = questions.share(key, request, async (stillCounts) => {
      const { verdict, source } = await inner.verify({ ...request, proven: proof !== null })
      if (!stillCounts()) return ask(key, request, proof !== null && isProven(proof) ? proof : null)
      return { verdict: lessons.learn(key, request, verdict, proof), source }
    })
    if (proof !== null) {
      const { family } = proof
      refreshes.set(family, asked)
      const done = (): void => void (refreshes.get(family) === asked && refreshes.delete(family))
      asked.then(done, done)
    }
    return asked
  }

  /** A grant beyond the bound, where the operator allows it and nobody could say. */
  function staleGrant(
    request: Question,
    proof: Proof<FamilyRecord>,
    error: unknown,
  ): Verification | null {
    const family = familyFor(proof)
    const knownAtMs = knownSince(proof, family, ledger)
    if (!proof.kept || !mayServeStale(error, knownAtMs) || endIsDisputed(proof)) return null
    const nowMs = clock.monotonic()
    if (nowMs >= proof.ownLimitAtMs + staleIfErrorMs) return null
    const times = { nowMs, onezoneNowMs: onezoneTime.now() }
    if (refusalOf(request, proof, family, times) !== null) return null
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

  function inspect(request: Question): Inspection {
    const proof = memory.proofs.get(proofKey(request))
    if (proof !== undefined && isProven(proof)) {
      const family = familyFor(proof)
      const known = recall(request, proof, family, clock.monotonic())
      return { known, proof, context: null, family, underWay: refreshes.has(family) }
    }
    const key = isJudgedLocally(request.token) ? proofKey(request) : contextKey(request)
    const context = memory.contexts.get(key)
    const ref = familyOf(request.token)
    return {
      known: recallInContext(key, request, context),
      proof: null,
      context: context ?? null,
      family: context?.family ?? (ref === null ? null : ledger.find(ref)),
      underWay: questions.underWay(key) !== null,
    }
  }

  return {
    verify,
    inspect,
    disown,
    close: () => inner.close(),
  }
}

async function coalesced(shared: Promise<Verification>): Promise<Verification> {
  const { verdict, source } = await shared
  // A grant that is older than usual must not lose its mark on the way to whoever shares it.
  return { verdict, source: source === 'stale' ? source : 'coalesced' }
}
