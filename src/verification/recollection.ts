import type { ContextGrant, Proof } from './verdict-memory.ts'
import type { Clock } from '../clock.ts'
import type { FamilyRecord, LedgerReading, OnezoneTime } from '../revocation/index.ts'
import type { PresentedToken } from '../token/index.ts'
import { familyOf } from '../token/index.ts'
import type { Question, Refused, SourcedVerdict } from '../verifier/index.ts'
import { consumerOf, refuse } from '../verifier/index.ts'
import { invitesElsewhere, objectionOf } from './local-judgement.ts'
import { grantAsOf, knownSince } from './proven-grant.ts'
import { hasEnded } from './token-end.ts'

/** What {@link createRecollection} looks into. */
export interface RecollectionOptions {
  readonly ledger: LedgerReading
  /** A refusal that is remembered under a key, or null. */
  readonly refusalOf: (key: string) => SourcedVerdict | null
  readonly onezoneTime: OnezoneTime
  readonly clock: Clock
  /** No grant rests on a fact older than this. */
  readonly maxStalenessMs: number
  /** How far Onezone's time may be off what is known of it, for tokens that are not proven. */
  readonly clockSkewMs: number
}

/** What is known of a request without asking Onezone; null: nothing that decides. */
export interface Recollection {
  /**
   * The verdict on a proven token; null where the fact about its family is too old, or where the token must itself be
   * asked about.
   *
   * @param sinceMs What was asked from this moment on is believed however short that is otherwise. @default never
   */
  ofProven(
    request: Question,
    proof: Proof<FamilyRecord>,
    family: FamilyRecord,
    nowMs: number,
    sinceMs?: number,
  ): SourcedVerdict | null
  /** Why a proven token is refused, however old the fact about its family is. */
  objectionToProven(
    request: Question,
    proof: Proof<FamilyRecord>,
    family: FamilyRecord,
    nowMs: number,
  ): Refused | null
  /** The verdict on a token that only Onezone can judge, of which a grant is known in this context or not. */
  inContext(
    key: string,
    request: Question,
    known: ContextGrant<FamilyRecord> | undefined,
  ): SourcedVerdict | null
  /** A reason to refuse a token that is not proven, whatever its signature is, or the last refusal. */
  ofStranger(key: string, request: Question): SourcedVerdict | null
  /** Whether a grant in context rests on nothing that is known to have ended since. */
  stillCounts(known: ContextGrant<FamilyRecord>): boolean
  /** Whether a yes to this very token still says that its signature is right. */
  stillProves(proof: Proof<FamilyRecord>, family: FamilyRecord): boolean
  /** From which age on a fact must not be used for a request without asking. */
  oldestFor(request: Question): number
}

/** Makes the one place in which knowledge turns into verdicts. */
export function createRecollection(options: RecollectionOptions): Recollection {
  const { ledger, onezoneTime, clock, maxStalenessMs } = options

  const ofProven: Recollection['ofProven'] = (
    request,
    proof,
    family,
    nowMs,
    sinceMs = Infinity,
  ) => {
    const onezoneNowMs = onezoneTime.now()
    const refusal = objection(request, proof, family, { nowMs, onezoneNowMs, sinceMs })
    if (refusal !== null) return { verdict: refusal, source: 'local' }
    const ended = hasEnded(proof, onezoneNowMs, nowMs, onezoneTime.setAtMs)
    if (ended === null || nowMs >= proof.ownLimitAtMs) return null
    const knownAtMs = knownSince(proof, family, ledger)
    return nowMs - knownAtMs < oldestFor(request) ? grantAsOf(proof, knownAtMs) : null
  }

  function oldestFor({ maxFactAgeMs }: Question): number {
    return maxFactAgeMs === undefined ? maxStalenessMs : Math.min(maxStalenessMs, maxFactAgeMs)
  }

  function objection(
    request: Question,
    proof: Proof<FamilyRecord>,
    family: FamilyRecord,
    times: { readonly nowMs: number; readonly onezoneNowMs: number; readonly sinceMs: number },
  ): Refused | null {
    const { nowMs, onezoneNowMs, sinceMs } = times
    const death = ledger.deathOf(family, proof.provenAtMs, sinceMs)
    if (death !== null) return refuse(death, nowMs)
    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)
    const ended = hasEnded(proof, onezoneNowMs, nowMs, onezoneTime.setAtMs)
    if (ended === true) return refuse('token_expired', nowMs)
    return objectionOf(proof.caveats, request, onezoneNowMs, nowMs)
  }

  function judgeInContext(
    known: ContextGrant<FamilyRecord>,
    oldestMs: number,
  ): SourcedVerdict | null {
    if (!isTold(known)) return null
    const { family, consumer, grant, goodUntilMs } = known
    const nowMs = clock.monotonic()
    const { askedAtMs } = grant.verdict
    if (consumer !== null && ledger.deathOf(consumer.family, askedAtMs) !== null) {
      return { verdict: refuse('consumer_token_invalid', nowMs), source: 'local' }
    }
    const death = ledger.deathOf(family, askedAtMs)
    if (death !== null) return { verdict: refuse(death, nowMs), source: 'local' }
    if (nowMs >= goodUntilMs || nowMs - askedAtMs >= oldestMs) return null
    // Only Onezone can say where its clock seems to have been set since.
    const { setAtMs } = onezoneTime
    if (known.endsAtMs < Infinity && hasEnded(known, onezoneTime.now(), nowMs, setAtMs) !== false)
      return null
    return restsOnFacts(known) ? grant : null
  }

  function restsOnFacts({ family, consumer, grant }: ContextGrant<FamilyRecord>): boolean {
    const { askedAtMs } = grant.verdict
    return (
      ledger.stillCounts(family, askedAtMs) &&
      (consumer === null || ledger.stillCounts(consumer.family, askedAtMs))
    )
  }

  function stillCounts(known: ContextGrant<FamilyRecord>): boolean {
    return isTold(known) && restsOnFacts(known)
  }

  /** Nobody would tell a record of a death that is kept no more. */
  function isTold({ family, consumer }: ContextGrant<FamilyRecord>): boolean {
    return family.kept && consumer?.family.kept !== false
  }

  const ofStranger: Recollection['ofStranger'] = (key, request) => {
    const verdict = objectionToStranger(request, clock.monotonic())
    return verdict === null ? options.refusalOf(key) : { verdict, source: 'local' }
  }

  function objectionToStranger(request: Question, nowMs: number): Refused | null {
    const { token } = request
    const consumer = consumerOf(request)
    if (consumer !== null && (hasLapsed(consumer) || isDead(consumer))) {
      return refuse('consumer_token_invalid', nowMs)
    }
    const ref = familyOf(token)
    const death = ref === null ? null : ledger.deathOfStranger(ref, token.subject)
    if (death !== null) return refuse(death, nowMs)
    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)
    return objectionOf(token.caveats, request, leastOnezoneMs(), nowMs)
  }

  /** Whether a token that is not proven has ended for certain. */
  function hasLapsed({ validUntil }: PresentedToken): boolean {
    return validUntil !== null && leastOnezoneMs() >= validUntil * 1000
  }

  function leastOnezoneMs(): number {
    return onezoneTime.leastNow() - options.clockSkewMs
  }

  function isDead(token: PresentedToken): boolean {
    const ref = familyOf(token)
    return ref !== null && ledger.deathOfStranger(ref, token.subject) !== null
  }

  return {
    ofProven,
    objectionToProven: (request, proof, family, nowMs) =>
      objection(request, proof, family, {
        nowMs,
        onezoneNowMs: onezoneTime.now(),
        sinceMs: Infinity,
      }),
    inContext: (key, request, known) =>
      (known === undefined ? null : judgeInContext(known, oldestFor(request))) ??
      ofStranger(key, request),
    ofStranger,
    stillCounts,
    stillProves: (proof, family) => proof.kept && ledger.stillProves(family, proof.confirmedAtMs),
    oldestFor,
  }
}
