import type { FamilyLedger } from '../revocation/index.ts'
import type { SharedKnowledge } from '../store/index.ts'
import type { FamilyRef, Subject } from '../token/index.ts'

/** The same ledger, which tells others of each death that it is told of. Facts of others do not come this way. */
export function withTelling(
  ledger: FamilyLedger,
  knowledge: Pick<SharedKnowledge, 'tellOfFamily' | 'tellOfSubject'>,
): FamilyLedger {
  const subjectOf = (subject: Subject) =>
    // Any family of the subject's leads to what is known of the subject.
    ledger.glance.open({ kind: 'named', tokenId: '' }, subject).subject
  const overUpTo = (subject: Subject): number =>
    subjectOf(subject)?.generations.overUpTo ?? -Infinity

  /** Tells what generation a subject has where that ends some of which it was not known, the first one ends none. */
  function tellIfNews(
    subject: Subject,
    beforeMs: number,
    kind: 'current' | 'over',
    generation: number,
    askedAtMs: number,
  ): void {
    const isNews = overUpTo(subject) !== beforeMs && (kind === 'over' || generation > 1)
    if (isNews) knowledge.tellOfSubject(subject, { kind, generation }, askedAtMs, true)
  }

  const isDead = (ref: FamilyRef): boolean => {
    const family = ledger.glance.find(ref)
    return family !== null && family.deadAtMs > family.aliveAtMs
  }

  return {
    ...ledger,
    get size() {
      return ledger.size
    },
    sawAlive(family, askedAtMs, provenAtMs) {
      const { ref } = family
      const subject = ref.kind === 'temporary' ? ref.subject : null
      const before = subject === null ? 0 : overUpTo(subject)
      const counts = ledger.sawAlive(family, askedAtMs, provenAtMs)
      if (subject !== null && ref.kind === 'temporary') {
        tellIfNews(subject, before, 'current', ref.generation, askedAtMs)
      }
      return counts
    },
    sawRevoked(ref, askedAtMs) {
      if (ref.kind === 'temporary') {
        const before = overUpTo(ref.subject)
        ledger.sawRevoked(ref, askedAtMs)
        tellIfNews(ref.subject, before, 'over', ref.generation, askedAtMs)
      } else {
        const wasDead = isDead(ref)
        ledger.sawRevoked(ref, askedAtMs)
        knowledge.tellOfFamily(ref, { kind: 'revoked' }, askedAtMs, !wasDead)
      }
    },
    sawBlocked(subject, askedAtMs) {
      const before = subjectOf(subject)
      const wasBlocked = before !== null && before.blockedAtMs > before.aliveAtMs
      ledger.sawBlocked(subject, askedAtMs)
      knowledge.tellOfSubject(subject, { kind: 'blocked' }, askedAtMs, !wasBlocked)
    },
    sawLost(family, askedAtMs, confirmedAtMs = Infinity) {
      ledger.sawLost(family, askedAtMs, confirmedAtMs)
      const confirmedBeforeMs =
        confirmedAtMs === Infinity ? -1 : Math.max(0, Math.ceil(askedAtMs - confirmedAtMs))
      knowledge.tellOfFamily(family.ref, { kind: 'lost', confirmedBeforeMs }, askedAtMs, true)
    },
    sawGeneration(subject, generation, askedAtMs) {
      const before = overUpTo(subject)
      ledger.sawGeneration(subject, generation, askedAtMs)
      tellIfNews(subject, before, 'current', generation, askedAtMs)
    },
  }
}
