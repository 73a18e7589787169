import type { BoundedMap } from '../bounded-map.ts'
import { createBoundedMap } from '../bounded-map.ts'
import type { Clock } from '../clock.ts'
import type { FamilyRef, Subject } from '../token/index.ts'
import { familyKey, serializeSubject } from '../token/index.ts'
import type { DeathReason, FamilyRecord, SubjectRecord } from './family-record.ts'
import { newFamilyRecord, newSubjectRecord } from './family-record.ts'

/** Options of {@link createFamilyLedger}. */
export interface FamilyLedgerOptions {
  /** How many families of accepted tokens, and as many subjects, are remembered. */
  readonly maxFamilies: number
  /**
   * How many families, and as many subjects, are remembered of which only refused tokens were seen. They are kept apart,
   * so that forged tokens push out nobody.
   */
  readonly maxStrangers: number
  /** How long a death that can be taken back is believed without asking again, in milliseconds. */
  readonly negativeTtlMs: number
  readonly clock: Clock
  /** Told when knowledge about a family of accepted tokens had to go because the ledger was full. */
  readonly onEviction: () => void
  /** Told of each death of a family, or of a subject, of which tokens were accepted. */
  readonly onDeath: (reason: DeathReason, dead: Dead) => void
}

/** Who is dead: one family, or some or all families of a subject. */
export type Dead = { readonly family: FamilyRef } | { readonly subject: Subject }

/** What a ledger says of a family. */
export interface LedgerReading {
  /** The record of a family of which a token was accepted for this subject; made where there is none. */
  open(ref: FamilyRef, subject: Subject): FamilyRecord
  /** Why the family is dead as far as is known, or null. */
  deathOf(family: FamilyRecord): DeathReason | null
  /** The same for a token that was not accepted, by what it claims. */
  deathOfStranger(ref: FamilyRef, claimed: Subject): DeathReason | null
  /** Whether an answer to a question sent at that moment still counts. */
  stillCounts(family: FamilyRecord, askedAtMs: number): boolean
  /** When the question behind the last yes that still counts was sent; -Infinity: there is none. */
  aliveSince(family: FamilyRecord): number
  /** What is known of a family, of whose tokens one was accepted or not; null: nothing. */
  find(ref: FamilyRef): FamilyRecord | null
}

/**
 * What Onezone has said about families. It draws these conclusions and no others, each from an answer and none from
 * what a token merely claims:
 *
 * - a yes for generation g of S: every older generation of S is dead for ever; S exists and is not blocked;
 * - `tokenRevoked` for generation g of S: g and every older one are dead for ever, even if the token was forged, since
 *   Onezone compares generations before signatures (Onezone API, §5.3, steps 6 and 8);
 * - `tokenRevoked` for a named token: it and all its attenuations are dead now;
 * - `userBlocked`: the subject is blocked now;
 * - a refusal of a token that was proven before: its family is dead now (a token of which the verifier has a record may
 *   be gone alone, as a secret that was replaced: of that the ledger is not told).
 *
 * Facts are as old as their question. Of two that contradict each other the later question wins, and the death where
 * both are of the same moment. Eviction loses knowledge and never makes any up.
 */
export interface FamilyLedger extends LedgerReading {
  /** The same answers without a trace: no record is made and kept, and none counts as used. */
  readonly glance: LedgerReading

  /** Onezone said yes. False: the answer came late, and the family is known to be dead by now. */
  sawAlive(family: FamilyRecord, askedAtMs: number): boolean
  sawRevoked(ref: FamilyRef, askedAtMs: number): void
  sawBlocked(subject: Subject, askedAtMs: number): void
  /** Onezone refused a token of the family that it had accepted before. */
  sawLost(family: FamilyRecord, askedAtMs: number): void
  /** Onezone named the current generation of a subject. */
  sawGeneration(subject: Subject, generation: number): void

  /**
   * Answers about the family to questions that were sent until now no longer count, be they yes or no. That a generation
   * is over stays known.
   */
  distrust(family: FamilyRecord): void
  /** The families of which a token was accepted, the most recently confirmed first. */
  families(): Iterable<FamilyRecord>
  /** The families of which only refused tokens were seen. */
  strangers(): Iterable<FamilyRecord>
  /** How many families there are of which a token was accepted. */
  readonly size: number
}

/** Makes an empty ledger. */
export function createFamilyLedger(options: FamilyLedgerOptions): FamilyLedger {
  const { maxFamilies, maxStrangers, negativeTtlMs, clock, onDeath, onEviction } = options
  const families = createShelf<FamilyRecord>(maxFamilies, onEviction)
  const subjects = createShelf<SubjectRecord>(maxFamilies)
  const strangeFamilies = createShelf<FamilyRecord>(maxStrangers)
  const strangeSubjects = createShelf<SubjectRecord>(maxStrangers)

  /** The record of a subject that Onezone has confirmed; it takes over what was known of a stranger. */
  const subjectOf = (subject: Subject): SubjectRecord => {
    const key = serializeSubject(subject)
    const known = subjects.get(key)
    if (known !== undefined) return known
    const record = strangeSubjects.get(key) ?? newSubjectRecord(subject)
    strangeSubjects.delete(key)
    subjects.set(key, record)
    return record
  }

  const strangerOf = (subject: Subject): SubjectRecord => {
    const key = serializeSubject(subject)
    const known = subjects.get(key) ?? strangeSubjects.get(key)
    if (known !== undefined) return known
    const record = newSubjectRecord(subject)
    strangeSubjects.set(key, record)
    return record
  }

  /** The subject's record as it is now: what is learned is written to the one that is kept. */
  const currentSubject = (family: FamilyRecord): SubjectRecord | null => {
    const { subject } = family
    if (subject !== null && !subject.kept) family.subject = subjectOf(subject.subject)
    return family.subject
  }

  const raise = (subject: SubjectRecord, generation: number): void => {
    if (generation <= subject.deadUpTo) return
    // What is first learned of a subject's generations ends no family that was known.
    const ends = subject.deadUpTo > -Infinity && subject.aliveAtMs > -Infinity
    subject.deadUpTo = generation
    if (ends) onDeath('token_revoked', { subject: subject.subject })
  }

  const bury = (family: FamilyRecord, reason: DeathReason, askedAtMs: number): void => {
    if (askedAtMs < family.deadAtMs) return
    const lived = family.aliveAtMs > family.deadAtMs && family.aliveAtMs <= askedAtMs
    family.deadAtMs = askedAtMs
    family.deathReason = reason
    if (lived) onDeath(reason, { family: family.ref })
  }

  const isRecent = (atMs: number): boolean => clock.monotonic() - atMs < negativeTtlMs

  const isOutdated = (subject: SubjectRecord, ref: FamilyRef): boolean =>
    ref.kind === 'temporary' && ref.generation <= subject.deadUpTo

  const isBlocked = (subject: SubjectRecord, family: FamilyRecord): boolean =>
    subject.blockedAtMs >= subject.aliveAtMs &&
    subject.blockedAtMs > family.distrustedUntilMs &&
    isRecent(subject.blockedAtMs)

  const isBuried = (family: FamilyRecord): boolean =>
    family.deadAtMs >= family.aliveAtMs &&
    family.deadAtMs > family.distrustedUntilMs &&
    isRecent(family.deadAtMs)

  const deathOf = (family: FamilyRecord): DeathReason | null => {
    const subject = currentSubject(family)
    if (subject !== null) {
      if (isOutdated(subject, family.ref)) return 'token_revoked'
      if (isBlocked(subject, family)) return 'user_blocked'
    }
    return isBuried(family) ? family.deathReason : null
  }

  const stillCounts = (family: FamilyRecord, askedAtMs: number): boolean =>
    askedAtMs > family.deadAtMs &&
    askedAtMs > family.distrustedUntilMs &&
    askedAtMs > (currentSubject(family)?.blockedAtMs ?? -Infinity)

  const deathAsClaimed = (
    ref: FamilyRef,
    subject: SubjectRecord | undefined,
    family: FamilyRecord | undefined,
  ): DeathReason | null => {
    if (subject !== undefined && isOutdated(subject, ref)) return 'token_revoked'
    return family !== undefined && isBuried(family) ? family.deathReason : null
  }

  const peekFamily = (ref: FamilyRef): FamilyRecord | undefined =>
    families.peek(familyKey(ref)) ?? strangeFamilies.peek(familyKey(ref))

  const peekSubject = (subject: Subject): SubjectRecord | undefined => {
    const key = serializeSubject(subject)
    return subjects.peek(key) ?? strangeSubjects.peek(key)
  }

  /** The record as it would be if its subject were looked up. */
  const beheld = (family: FamilyRecord): FamilyRecord => {
    const { subject } = family
    if (subject === null || subject.kept) return family
    return { ...family, subject: peekSubject(subject.subject) ?? newSubjectRecord(subject.subject) }
  }

  const glance: LedgerReading = {
    open: (ref, subject) => ({
      ...(peekFamily(ref) ?? newFamilyRecord(ref)),
      subject: peekSubject(subject) ?? newSubjectRecord(subject),
    }),
    deathOf: (family) => deathOf(beheld(family)),
    deathOfStranger: (ref, claimed) => deathAsClaimed(ref, peekSubject(claimed), peekFamily(ref)),
    stillCounts: (family, askedAtMs) => stillCounts(beheld(family), askedAtMs),
    aliveSince: (family) =>
      glance.stillCounts(family, family.aliveAtMs) ? family.aliveAtMs : -Infinity,
    find: (ref) => peekFamily(ref) ?? null,
  }

  return {
    glance,
    open(ref, subject) {
      const key = familyKey(ref)
      let family = families.get(key)
      if (family === undefined) {
        family = strangeFamilies.get(key) ?? newFamilyRecord(ref)
        strangeFamilies.delete(key)
        families.set(key, family)
      }
      family.subject = subjectOf(subject)
      return family
    },
    deathOf,
    deathOfStranger(ref, claimed) {
      const key = serializeSubject(claimed)
      const subject = subjects.get(key) ?? strangeSubjects.get(key)
      const family = families.get(familyKey(ref)) ?? strangeFamilies.get(familyKey(ref))
      return deathAsClaimed(ref, subject, family)
    },
    stillCounts,
    aliveSince: (family) => (stillCounts(family, family.aliveAtMs) ? family.aliveAtMs : -Infinity),

    sawAlive(family, askedAtMs) {
      const subject = currentSubject(family)
      if (subject !== null) {
        if (isOutdated(subject, family.ref)) return false
        if (family.ref.kind === 'temporary') raise(subject, family.ref.generation - 1)
        subject.aliveAtMs = Math.max(subject.aliveAtMs, askedAtMs)
      }
      family.aliveAtMs = Math.max(family.aliveAtMs, askedAtMs)
      const isLate = askedAtMs <= Math.max(family.deadAtMs, subject?.blockedAtMs ?? -Infinity)
      return !isLate && deathOf(family) === null
    },
    sawRevoked(ref, askedAtMs) {
      if (ref.kind === 'temporary') {
        raise(strangerOf(ref.subject), ref.generation)
        return
      }
      const key = familyKey(ref)
      let family = families.get(key) ?? strangeFamilies.get(key)
      if (family === undefined) {
        family = newFamilyRecord(ref)
        strangeFamilies.set(key, family)
      }
      bury(family, 'token_revoked', askedAtMs)
    },
    sawBlocked(subject, askedAtMs) {
      const record = strangerOf(subject)
      if (askedAtMs < record.blockedAtMs) return
      const lived = record.aliveAtMs > record.blockedAtMs && record.aliveAtMs <= askedAtMs
      record.blockedAtMs = askedAtMs
      if (lived) onDeath('user_blocked', { subject })
    },
    sawLost: (family, askedAtMs) => bury(family, 'token_invalid', askedAtMs),
    sawGeneration: (subject, generation) => raise(strangerOf(subject), generation - 1),

    distrust(family) {
      family.distrustedUntilMs = clock.monotonic()
    },
    find: (ref) => families.get(familyKey(ref)) ?? strangeFamilies.get(familyKey(ref)) ?? null,
    families: () => families.values(),
    strangers: () => strangeFamilies.values(),
    get size() {
      return families.size
    },
  }
}

function createShelf<R extends { kept: boolean }>(
  max: number,
  onEviction: () => void = () => {},
): BoundedMap<R> {
  return createBoundedMap<R>({
    max,
    onEviction: (record) => {
      record.kept = false
      onEviction()
    },
  })
}
