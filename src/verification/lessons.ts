import type { ConsumerPart, Proof, VerdictMemory } from '../cache/index.ts'
import type { Clock } from '../clock.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import type { FamilyRef, PresentedToken } from '../token/index.ts'
import { familyOf } from '../token/index.ts'
import type { Accepted, Question, Refused, TokenRecord, Verdict } from '../verifier/index.ts'
import { consumerOf, isAccepted, refuse } from '../verifier/index.ts'
import { contextCaveatsOf, isJudgedLocally } from './local-judgement.ts'
import { hasRecord } from './proven-grant.ts'

/** Options of {@link createLessons}. */
export interface LessonsOptions {
  readonly memory: VerdictMemory<FamilyRecord>
  readonly ledger: FamilyLedger
  readonly onezoneTime: OnezoneTime
  readonly clock: Clock
  readonly maxStalenessMs: number
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
  /** Whether a refusal may tell something about the token's family, too. @default true */
  readonly refusalsTell?: boolean | undefined
}

/** What one answer teaches about its token, its family and Onezone's time. */
export interface Lessons {
  /**
   * Takes an answer in.
   *
   * @param key Key of the question.
   * @param proof What had been proven of the token when the question was sent, or null.
   * @returns The verdict to act on: what was answered, or a refusal where the answer came late.
   */
  learn(
    key: string,
    request: Question,
    verdict: Verdict,
    proof: Proof<FamilyRecord> | null,
  ): Verdict
}

/** A family in use is asked about anew when its fact has reached about this part of the bound. */
const REFRESH_FROM = 0.65
const REFRESH_JITTER = 0.1

/** Makes the one place in which answers turn into knowledge. */
export function createLessons(options: LessonsOptions): Lessons {
  const { memory, ledger, onezoneTime, clock, maxStalenessMs, random } = options
  const { refusalsTell = true } = options

  function learnAccepted(key: string, request: Question, verdict: Accepted): Verdict {
    const { token } = request
    const { askedAtMs, ttlSeconds, record } = verdict
    const ref = familyOf(token) ?? familyOfRecord(record)
    if (ref === null) return verdict // no family to vouch for it later: good for those who wait now
    if (token.validUntil !== null && ttlSeconds !== null) {
      const answeredAtMs = clock.monotonic()
      onezoneTime.observe({ validUntil: token.validUntil, ttlSeconds, askedAtMs, answeredAtMs })
    }
    const consumer = consumerPartOf(request)
    // Onezone has accepted both (API §5.3, step 4).
    if (consumer !== null && !ledger.sawAlive(consumer.family, askedAtMs)) {
      return refuse('consumer_token_invalid', askedAtMs)
    }
    const family = ledger.open(ref, verdict.subject)
    if (!ledger.sawAlive(family, askedAtMs)) {
      return refuse(ledger.deathOf(family) ?? 'token_revoked', askedAtMs)
    }
    const asAccess = request.kind === 'access'
    if (asAccess) family.servedAtMs = Math.max(family.servedAtMs, askedAtMs)
    family.usedAtMs = clock.monotonic()
    if (consumer !== null) consumer.family.usedAtMs = family.usedAtMs
    const restMs = maxStalenessMs * (REFRESH_FROM + REFRESH_JITTER * random())
    family.refreshAtMs = Math.max(family.refreshAtMs, askedAtMs + restMs)
    memory.forgive(key)
    const grant = Object.freeze({ verdict, source: 'cache' as const })
    if (isJudgedLocally(token)) {
      memory.proofs.set(key, {
        family,
        subject: verdict.subject,
        asAccess,
        validUntilMs: endOfToken(token, verdict),
        caveats: contextCaveatsOf(token),
        grant,
        record,
        kept: true,
      })
    } else {
      const { subject } = verdict
      const ends = endInContext(request, verdict)
      memory.contexts.set(key, { family, subject, consumer, grant, ...ends })
    }
    return verdict
  }

  /** The consumer token that an answer was about, too. */
  function consumerPartOf(request: Question): ConsumerPart<FamilyRecord> | null {
    const consumer = consumerOf(request)
    const ref = consumer === null ? null : familyOf(consumer)
    if (consumer === null || ref === null) return null
    const { digest, subject } = consumer
    // Of a version 1 token only Onezone knows the subject, and it does not say here.
    const known = subject.type === 'nobody' ? ledger.find(ref)?.subject?.subject : subject
    return { digest, family: ledger.open(ref, known ?? subject) }
  }

  /** When a token ends, in Onezone's time: as its text says, or else as the verifier does. */
  function endOfToken({ validUntil }: PresentedToken, { askedAtMs, ttlSeconds }: Accepted): number {
    if (validUntil !== null || ttlSeconds === null) return endOf(validUntil)
    return onezoneTime.now() - clock.monotonic() + askedAtMs + endOf(ttlSeconds)
  }

  /** When a grant in context ends: with its token or its consumer token, and before with the bound. */
  function endInContext(
    request: Question,
    { askedAtMs, ttlSeconds }: Accepted,
  ): { validUntilMs: number; goodUntilMs: number } {
    const consumerEnds = consumerOf(request)?.validUntil ?? null
    const validUntilMs = Math.min(endOf(request.token.validUntil), endOf(consumerEnds))
    const goodUntilMs = Math.min(
      askedAtMs + maxStalenessMs,
      askedAtMs + endOf(ttlSeconds),
      clock.monotonic() + validUntilMs - onezoneTime.now(),
    )
    return { validUntilMs, goodUntilMs }
  }

  function learnRefused(
    key: string,
    request: Question,
    verdict: Refused,
    proof: Proof<FamilyRecord> | null,
  ): Refused {
    const { askedAtMs, reason } = verdict
    const { token } = request
    const ref = familyOf(token) ?? proof?.family.ref ?? null
    if (!refusalsTell) {
      if (proof !== null) proof.kept = false
      memory.proofs.delete(key)
    } else if (reason === 'token_revoked' && ref !== null) {
      ledger.sawRevoked(ref, askedAtMs)
    } else if (reason === 'user_blocked') {
      const subject = proof?.subject ?? token.subject
      if (subject.type === 'user') ledger.sawBlocked(subject, askedAtMs)
    } else if (reason === 'token_invalid' && proof !== null && !hasRecord(proof)) {
      ledger.sawLost(proof.family, askedAtMs)
    } else {
      if (proof !== null) proof.kept = false
      memory.proofs.delete(key) // about this token alone: it must be proven anew
    }
    memory.contexts.delete(key)
    memory.refused(key, verdict, request, ref)
    return verdict
  }

  return {
    learn: (key, request, verdict, proof) =>
      isAccepted(verdict)
        ? learnAccepted(key, request, verdict)
        : learnRefused(key, request, verdict, proof),
  }
}

/** The family of a token of which only the verifier knows by which id it is revoked. */
function familyOfRecord(record: TokenRecord | null): FamilyRef | null {
  return record === null ? null : { kind: 'named', tokenId: record.id }
}

/** Seconds as milliseconds; null, for never, as Infinity. */
function endOf(seconds: number | null): number {
  return seconds === null ? Infinity : seconds * 1000
}
