import type { BoundedMap } from '../bounded-map.ts'
import { createBoundedMap } from '../bounded-map.ts'
import type { Clock } from '../clock.ts'
import type { FamilyRef, Subject } from '../token/index.ts'
import { familyKey, serializeSubject } from '../token/index.ts'
import type { DeathReason, FamilyRecord, SubjectRecord } from './family-record.ts'
import { newFamilyRecord, newSubjectRecord } from './family-record.ts'
import type { LedgerReading } from './ledger-reading.ts'
import type { Naming } from './generations.ts'
import { isBelieved, overSince, sawCurrent, sawOver } from './generations.ts'

/** Options of {@link createFamilyLedger}. */
export interface FamilyLedgerOptions {
  /** How many families of accepted tokens, and as many subjects, are remembered. */
  readonly maxFamilies: number
  /**
   * How many families, and as many subjects, are remembered of which only refused tokens were seen. They are kept
   * apart, so that forged tokens push out nobody.
   */
  readonly maxStrangers: number
  /**
   * How long a death that can be taken back is believed without asking again, in milliseconds. That a generation is
   * over is believed for a minute.
   */
  readonly negativeTtlMs: number
  readonly clock: Clock
  /** Told when knowledge about a family of accepted tokens had to go because the ledger was full. */
  readonly onEviction: () => void
  /** Told of each death of a family, or of a subject, of which tokens were accepted. */
  readonly onDeath: (reason: DeathReason, dead: Dead) => void
  /** Told of each family of which Onezone accepted a token. */
  readonly onConfirmed?: ((family: FamilyRecord) => void) | undefined
}

/** Who is dead: one family, or some or all families of a subject. */
export type Dead = { readonly family: FamilyRef } | { readonly subject: Subject }

/**
 * What Onezone has said about families. It draws these conclusions and no others, each from an answer and none from
 * what a token merely claims:
 *
 * - a yes for generation g of S: every older generation of S is over; S exists and is not blocked. Where g was over
 *   already, S was made anew since, and whatever was proven in its former life must be proven anew;
 * - `tokenRevoked` for generation g of S: g and every older one are over, even if the token was forged, since Onezone
 *   compares generations before signatures (Onezone API, §5.3, steps 6 and 8);
 * - `tokenRevoked` for a named token: it and all its attenuations are dead now;
 * - `userBlocked`: the subject is blocked now;
 * - a refusal of a token that was proven before: its family is dead now. Of temporary tokens those are that were first
 *   proven before that one was last confirmed; a younger one may be of another life of the subject, and every one must
 *   be proven anew (a token of which the verifier has a record may be gone alone, as a secret that was replaced: of
 *   that the ledger is not told).
 *
 * Facts are as old as their question. Of two that contradict each other the later question wins, and the death where
 * both are of the same moment. Eviction loses knowledge and never makes any up.
 */
export interface FamilyLedger extends LedgerReading {
  /** The same answers without a trace: no record is made and kept, and none counts as used. */
  readonly glance: LedgerReading

  /**
   * Onezone said yes. False: the answer came late, and the token is known to be dead by now.
   *
   * @param provenAtMs When the token was first proven. @default by this very answer
   */
  sawAlive(family: FamilyRecord, askedAtMs: number, provenAtMs?: number): boolean
  sawRevoked(ref: FamilyRef, askedAtMs: number): void
  sawBlocked(subject: Subject, askedAtMs: number): void
  /**
   * Onezone refused a token of the family that it had accepted before.
   *
   * @param confirmedAtMs When the question was sent to which it last did. @default whenever: all of the family are lost
   */
  sawLost(family: FamilyRecord, askedAtMs: number, confirmedAtMs?: number): void
  /** Onezone named the current generation of a subject. */
  sawGeneration(subject: Subject, generation: number, askedAtMs: number): void

  /** Answers about the family to questions that were sent until now no longer count, be they yes or no. */
  distrust(family: FamilyRecord): void
  /** Believes of the selected subjects no more that generations are over, without asking anew. */
  distrustGenerations(selects: (subject: Subject) => boolean): void
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

  const named = (subject: SubjectRecord, generation: number, askedAtMs: number): Naming => {
    const knewSome = subject.generations.overUpTo > -Infinity
    const naming = sawCurrent(subject.generations, generation, askedAtMs)
    // What is first learned of a subject's generations ends no family that was known.
    if (naming === 'older ones end' && knewSome) tellOfEnd(subject, 'token_revoked')
    if (naming === 'made anew') tellOfEnd(subject, 'token_invalid')
    return naming
  }

  const tellOfEnd = (subject: SubjectRecord, reason: DeathReason): void => {
    if (subject.aliveAtMs > -Infinity) onDeath(reason, { subject: subject.subject })
  }

  const bury = (family: FamilyRecord, askedAtMs: number): void => {
    if (askedAtMs < family.deadAtMs) return
    const lived = livedSince(family) && family.aliveAtMs <= askedAtMs
    family.deadAtMs = askedAtMs
    if (lived) onDeath('token_revoked', { family: family.ref })
  }

  const livedSince = ({ aliveAtMs, deadAtMs, lostAtMs }: FamilyRecord): boolean =>
    aliveAtMs > deadAtMs && aliveAtMs > lostAtMs

  const isRecent = (atMs: number, sinceMs: number): boolean =>
    atMs >= sinceMs || clock.monotonic() - atMs < negativeTtlMs

  const isOver = ({ generations }: SubjectRecord, ref: FamilyRef, sinceMs: number): boolean =>
    ref.kind === 'temporary' &&
    ref.generation <= generations.overUpTo &&
    (generations.overAtMs >= sinceMs || isBelieved(generations, clock.monotonic()))

  const isBlocked = (subject: SubjectRecord, family: FamilyRecord, sinceMs: number): boolean =>
    subject.blockedAtMs >= subject.aliveAtMs &&
    subject.blockedAtMs > family.distrustedUntilMs &&
    isRecent(subject.blockedAtMs, sinceMs)

  const isBuried = (family: FamilyRecord, sinceMs: number): boolean =>
    family.deadAtMs >= family.aliveAtMs &&
    family.deadAtMs > family.distrustedUntilMs &&
    isRecent(family.deadAtMs, sinceMs)

  const isLost = (family: FamilyRecord, provenAtMs: number, sinceMs: number): boolean =>
    provenAtMs <= family.lostUpToMs &&
    family.lostAtMs >= family.aliveAtMs &&
    family.lostAtMs > family.distrustedUntilMs &&
    isRecent(family.lostAtMs, sinceMs)

  const endOf = (
    family: FamilyRecord,
    provenAtMs: number,
    sinceMs: number,
  ): 'token_revoked' | 'token_invalid' | null => {
    if (isLost(family, provenAtMs, sinceMs)) return 'token_invalid'
    return isBuried(family, sinceMs) ? 'token_revoked' : null
  }

  const deathOf: FamilyLedger['deathOf'] = (family, provenAtMs = Infinity, sinceMs = Infinity) => {
    const subject = currentSubject(family)
    if (subject !== null) {
      if (isOver(subject, family.ref, sinceMs)) return 'token_revoked'
      if (isBlocked(subject, family, sinceMs)) return 'user_blocked'
    }
    return endOf(family, provenAtMs, sinceMs)
  }

  const stillProves = (family: FamilyRecord, askedAtMs: number): boolean => {
    if (askedAtMs <= family.lostAtMs) return false
    const { ref } = family
    const subject = ref.kind === 'temporary' ? currentSubject(family) : null
    if (ref.kind === 'named' || subject === null) return true
    return askedAtMs > overSince(subject.generations, ref.generation)
  }

  const stillCounts = (family: FamilyRecord, askedAtMs: number): boolean =>
    askedAtMs > family.deadAtMs &&
    askedAtMs > family.distrustedUntilMs &&
    askedAtMs > (currentSubject(family)?.blockedAtMs ?? -Infinity) &&
    stillProves(family, askedAtMs)

  const deathAsClaimed = (
    ref: FamilyRef,
    subject: SubjectRecord | undefined,
    family: FamilyRecord | undefined,
  ): DeathReason | null => {
    if (subject !== undefined && isOver(subject, ref, Infinity)) return 'token_revoked'
    return family === undefined ? null : endOf(family, Infinity, Infinity)
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

  const overUpTo: LedgerReading['overUpTo'] = ({ generations }) =>
    isBelieved(generations, clock.monotonic()) ? generations.overUpTo : -Infinity

  const glance: LedgerReading = {
    open: (ref, subject) => ({
      ...(peekFamily(ref) ?? newFamilyRecord(ref)),
      subject: peekSubject(subject) ?? newSubjectRecord(subject),
    }),
    deathOf: (family, ...when) => deathOf(beheld(family), ...when),
    deathOfStranger: (ref, claimed) => deathAsClaimed(ref, peekSubject(claimed), peekFamily(ref)),
    stillCounts: (family, askedAtMs) => stillCounts(beheld(family), askedAtMs),
    stillProves: (family, askedAtMs) => stillProves(beheld(family), askedAtMs),
    aliveSince: (family) =>
      glance.stillCounts(family, family.aliveAtMs) ? family.aliveAtMs : -Infinity,
    overUpTo,
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
    stillProves,
    aliveSince: (family) => (stillCounts(family, family.aliveAtMs) ? family.aliveAtMs : -Infinity),

    sawAlive(family, askedAtMs, provenAtMs = askedAtMs) {
      options.onConfirmed?.(family)
      const { ref } = family
      const subject = currentSubject(family)
      if (subject !== null) {
        if (ref.kind === 'temporary' && named(subject, ref.generation, askedAtMs) === 'late') {
          return false
        }
        subject.aliveAtMs = Math.max(subject.aliveAtMs, askedAtMs)
      }
      family.aliveAtMs = Math.max(family.aliveAtMs, askedAtMs)
      const diedAtMs = Math.max(family.deadAtMs, subject?.blockedAtMs ?? -Infinity)
      const isLate = provenAtMs <= family.lostUpToMs && askedAtMs <= family.lostAtMs
      return !isLate && askedAtMs > diedAtMs
    },
    sawRevoked(ref, askedAtMs) {
      if (ref.kind === 'temporary') {
        const subject = strangerOf(ref.subject)
        const knewSome = subject.generations.overUpTo > -Infinity
        const ends = sawOver(subject.generations, ref.generation, askedAtMs)
        if (ends && knewSome) tellOfEnd(subject, 'token_revoked')
        return
      }
      const key = familyKey(ref)
      let family = families.get(key) ?? strangeFamilies.get(key)
      if (family === undefined) {
        family = newFamilyRecord(ref)
        strangeFamilies.set(key, family)
      }
      bury(family, askedAtMs)
    },
    sawBlocked(subject, askedAtMs) {
      const record = strangerOf(subject)
      if (askedAtMs < record.blockedAtMs) return
      const lived = record.aliveAtMs > record.blockedAtMs && record.aliveAtMs <= askedAtMs
      record.blockedAtMs = askedAtMs
      if (lived) onDeath('user_blocked', { subject })
    },
    sawLost(family, askedAtMs, confirmedAtMs = Infinity) {
      const isNamed = family.ref.kind === 'named' // the id of one that was deleted never comes back
      // A yes to a later question to a temporary token may be of the subject's next life.
      const lived = livedSince(family) && (!isNamed || family.aliveAtMs <= askedAtMs)
      family.lostAtMs = Math.max(family.lostAtMs, askedAtMs)
      family.lostUpToMs = Math.max(family.lostUpToMs, isNamed ? Infinity : confirmedAtMs)
      if (lived) onDeath('token_invalid', { family: family.ref })
    },
    sawGeneration: (subject, generation, askedAtMs) =>
      void named(strangerOf(subject), generation, askedAtMs),

    distrust(family) {
      family.distrustedUntilMs = clock.monotonic()
    },
    distrustGenerations(selects) {
      for (const shelf of [subjects, strangeSubjects]) {
        for (const { subject, generations } of shelf.values()) {
          if (selects(subject)) generations.distrustedUntilMs = clock.monotonic()
        }
      }
    },
    overUpTo,
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
