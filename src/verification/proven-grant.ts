import type { Proof } from './verdict-memory.ts'
import type { FamilyRecord, LedgerReading } from '../revocation/index.ts'
import type { FamilyRef } from '../token/index.ts'
import { familyOf } from '../token/index.ts'
import type { Question, SourcedVerdict } from '../verifier/index.ts'
import { accept } from '../verifier/index.ts'

/**
 * How many intervals a proven temporary token may be vouched for by others of its family before it is itself asked
 * about. A subject that is deleted and made anew between two questions has a family of the same name, but other
 * secrets; so this bounds how long a token of its former life can pass unseen.
 */
export const OWN_QUESTION_INTERVALS = 10

/**
 * When a token of a family should, and must, itself be asked about. The id of a named token never comes back, so that
 * any token of its family vouches for all.
 *
 * @param part In which part of an interval it should be, for jitter.
 */
export function ownQuestionOf(
  { kind }: FamilyRef,
  askedAtMs: number,
  maxStalenessMs: number,
  part: number,
): Pick<Proof<FamilyRecord>, 'ownRefreshAtMs' | 'ownLimitAtMs'> {
  if (kind === 'named') return { ownRefreshAtMs: Infinity, ownLimitAtMs: Infinity }
  return {
    ownRefreshAtMs: askedAtMs + maxStalenessMs * (OWN_QUESTION_INTERVALS - 1 + part),
    ownLimitAtMs: askedAtMs + maxStalenessMs * OWN_QUESTION_INTERVALS,
  }
}

/**
 * When what a grant rests on was known; -Infinity: nothing does any more. An answer about one token vouches for its
 * family, but one about an identity or invite token says nothing of services; and what the verifier has on record of
 * another member, no answer repeats.
 */
export function knownSince(
  proof: Proof<FamilyRecord>,
  family: FamilyRecord,
  ledger: Pick<LedgerReading, 'stillCounts' | 'stillProves'>,
): number {
  if (!ledger.stillProves(family, proof.confirmedAtMs)) return -Infinity
  let oldestMs = family.aliveAtMs
  if (proof.asAccess) oldestMs = Math.min(oldestMs, family.servedAtMs)
  if (hasRecord(proof)) oldestMs = Math.min(oldestMs, proof.grant.verdict.askedAtMs)
  return ledger.stillCounts(family, oldestMs) ? oldestMs : -Infinity
}

/** Whether a token of the same family was accepted before. */
export function isOfKnownFamily(
  { token }: Question,
  { glance }: { readonly glance: Pick<LedgerReading, 'find'> },
): boolean {
  const ref = familyOf(token)
  const family = ref === null ? null : glance.find(ref)
  return family !== null && family.aliveAtMs > -Infinity
}

/** Whether the verifier has a record of the token, which says of no other text whether it is good. */
export function hasRecord({ record }: Proof<FamilyRecord>): boolean {
  return record !== undefined && record !== null
}

/** The verdict on a proven token as of its family's last fact; made anew only when that has changed. */
export function grantAsOf(proof: Proof<FamilyRecord>, askedAtMs: number): SourcedVerdict {
  if (proof.grant.verdict.askedAtMs !== askedAtMs) {
    const verdict = accept({
      subject: proof.subject,
      // For a process that is told of the verdict and has no answer of its own to reckon the end from.
      ttlSeconds: proof.endsAtMs === Infinity ? null : (proof.endsAtMs - askedAtMs) / 1000,
      askedAtMs,
      record: proof.record,
    })
    proof.grant = Object.freeze({ verdict, source: 'cache' })
  }
  return proof.grant
}
