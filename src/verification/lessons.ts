import type { ConsumerPart, Proof, VerdictMemory } from './verdict-memory.ts'
import type { Clock } from '../clock.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import type { FamilyRef } from '../token/index.ts'
import { familyOf, serializeSubject } from '../token/index.ts'
import type {
  Accepted,
  Question,
  RefusalReason,
  Refused,
  TokenRecord,
  Verdict,
} from '../verifier/index.ts'
import { consumerOf, isAccepted, refuse } from '../verifier/index.ts'
import { contextCaveatsOf, isJudgedLocally } from './local-judgement.ts'
import { hasRecord, ownQuestionOf } from './proven-grant.ts'
import type { Sharing } from './sharing.ts'
import { SHARED_REFRESH } from './sharing.ts'
import type { TokenEnd } from './token-end.ts'
import { endOfToken } from './token-end.ts'

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
  /** Told of each refusal of what had been granted under this key. @default nobody is told */
  readonly onWithdrawal?: ((key: string) => void) | undefined
  /** Who else is told. @default nobody is */
  readonly sharing?: Pick<Sharing, 'granted' | 'withdrawn'> | undefined
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
const REFRESH = { from: 0.65, jitter: 0.1 }

/** Makes the one place in which answers turn into knowledge. */
export function createLessons(options: LessonsOptions): Lessons {
  const { memory, ledger, onezoneTime, clock, maxStalenessMs, random } = options
  const { refusalsTell = true, onWithdrawal = () => {}, sharing } = options
  const refresh = sharing === undefined ? REFRESH : SHARED_REFRESH

  function learnAccepted(
    key: string,
    request: Question,
    verdict: Accepted,
    proof: Proof<FamilyRecord> | null,
  ): Verdict {
    const { token } = request
    const { askedAtMs, ttlSeconds, record } = verdict
    const ref = familyOf(token) ?? familyOfRecord(record)
    if (ref === null) return verdict // no family to vouch for it later: good for those who wait now
    const { validUntil } = token
    const answeredAtMs = clock.monotonic()
    if (validUntil !== null && ttlSeconds !== null) {
      const holder = serializeSubject(verdict.subject)
      onezoneTime.observe({ validUntil, ttlSeconds, holder, askedAtMs, answeredAtMs })
    }
    const consumer = consumerPartOf(request)
    // Onezone has accepted both (API §5.3, step 4).
    if (consumer !== null && !ledger.sawAlive(consumer.family, askedAtMs)) {
      return refuse('consumer_token_invalid', askedAtMs)
    }
    const family = ledger.open(ref, verdict.subject)
    const provenAtMs = proof?.provenAtMs ?? askedAtMs
    if (!ledger.sawAlive(family, askedAtMs, provenAtMs)) {
      const death = ledger.deathOf(family, provenAtMs, askedAtMs)
      return refuse(death ?? reasonOfLate(family, askedAtMs), askedAtMs)
    }
    const asAccess = request.kind === 'access'
    if (asAccess) family.servedAtMs = Math.max(family.servedAtMs, askedAtMs)
    family.usedAtMs = answeredAtMs
    if (consumer !== null) consumer.family.usedAtMs = answeredAtMs
    const part = refresh.from + refresh.jitter * random()
    const restMs = maxStalenessMs * part
    family.refreshAtMs = Math.max(family.refreshAtMs, askedAtMs + restMs)
    memory.forgive(key)
    sharing?.granted(key, request, verdict, family)
    const grant = Object.freeze({ verdict, source: 'cache' as const })
    if (isJudgedLocally(token)) {
      memory.proofs.set(key, {
        family,
        subject: verdict.subject,
        asAccess,
        provenAtMs,
        confirmedAtMs: askedAtMs,
        ...ownQuestionOf(ref, askedAtMs, maxStalenessMs, part),
        ...endOfToken(token, verdict, onezoneTime, answeredAtMs),
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

  /** When a grant in context ends: with its token or its consumer token, and before with the bound. */
  function endInContext(request: Question, verdict: Accepted): TokenEnd & { goodUntilMs: number } {
    const nowMs = clock.monotonic()
    const own = endOfToken(request.token, verdict, onezoneTime, nowMs)
    const consumerUntilMs = (consumerOf(request)?.validUntil ?? Infinity) * 1000
    const consumerEndsAtMs = consumerUntilMs - (onezoneTime.now() - nowMs)
    const validUntilMs = Math.min(own.validUntilMs, consumerUntilMs)
    const endsAtMs = Math.min(own.endsAtMs, consumerEndsAtMs)
    const goodUntilMs = Math.min(verdict.askedAtMs + maxStalenessMs, endsAtMs)
    const toldAtMs = endsAtMs === Infinity ? Infinity : verdict.askedAtMs
    return { validUntilMs, endsAtMs, toldAtMs, goodUntilMs }
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
    if (refusalsTell && reason === 'token_revoked' && ref !== null) {
      ledger.sawRevoked(ref, askedAtMs)
    } else if (refusalsTell && reason === 'user_blocked') {
      const subject = proof?.subject ?? token.subject
      if (subject.type === 'user') ledger.sawBlocked(subject, askedAtMs)
    } else {
      if (proof !== null) {
        proof.kept = false
        const isLost = refusalsTell && reason === 'token_invalid' && !hasRecord(proof)
        if (isLost) ledger.sawLost(proof.family, askedAtMs, proof.confirmedAtMs)
        sharing?.withdrawn(key, proof.family.ref, askedAtMs)
      }
      memory.proofs.delete(key) // it must be proven anew
    }
    const hadContext = memory.contexts.delete(key)
    memory.refused(key, verdict, request, ref)
    // Never for a stranger: whoever makes this be told has lost something for it.
    if (hadContext || proof !== null || request.proven === true) onWithdrawal(key)
    return verdict
  }

  return {
    learn: (key, request, verdict, proof) =>
      isAccepted(verdict)
        ? learnAccepted(key, request, verdict, proof)
        : learnRefused(key, request, verdict, proof),
  }
}

/** Why a yes does not count that came too late: a higher generation than the current one is of a former life. */
function reasonOfLate({ ref, subject }: FamilyRecord, askedAtMs: number): RefusalReason {
  // Even if that is over by now: the next question is answered by what is so now.
  if (subject !== null && subject.blockedAtMs >= askedAtMs) return 'user_blocked'
  const isFormer =
    ref.kind === 'temporary' && ref.generation > (subject?.generations.current ?? Infinity)
  return isFormer ? 'token_invalid' : 'token_revoked'
}

/** The family of a token of which only the verifier knows by which id it is revoked. */
function familyOfRecord(record: TokenRecord | null): FamilyRef | null {
  return record === null ? null : { kind: 'named', tokenId: record.id }
}
