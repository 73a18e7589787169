import type { Proof } from './verdict-memory.ts'
import type { FamilyRecord, LedgerReading } from '../revocation/index.ts'
import type { SourcedVerdict } from '../verifier/index.ts'
import { accept } from '../verifier/index.ts'

/**
 * How many intervals a proven temporary token may be vouched for by others of its family before it is itself asked
 * about. A subject that is deleted and made anew between two questions has a family of the same name, but other
 * secrets; so this bounds how long a token of its former life can pass unseen.
 */
export const OWN_QUESTION_INTERVALS = 10

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
  const facts = [family.aliveAtMs]
  if (proof.asAccess) facts.push(family.servedAtMs)
  if (hasRecord(proof)) facts.push(proof.grant.verdict.askedAtMs)
  const oldestMs = Math.min(...facts)
  return ledger.stillCounts(family, oldestMs) ? oldestMs : -Infinity
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
