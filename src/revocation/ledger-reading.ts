import type { FamilyRef, Subject } from '../token/index.ts'
import type { DeathReason, FamilyRecord, SubjectRecord } from './family-record.ts'

/** What a ledger says of a family. */
export interface LedgerReading {
  /** The record of a family of which a token was accepted for this subject; made where there is none. */
  open(ref: FamilyRef, subject: Subject): FamilyRecord
  /**
   * Why the family is dead as far as is known and believed, or null.
   *
   * @param provenAtMs When the token that is meant was first proven. @default unknown
   * @param sinceMs What was asked from this moment on is believed however short that is otherwise. @default never
   */
  deathOf(family: FamilyRecord, provenAtMs?: number, sinceMs?: number): DeathReason | null
  /** The same for a token that was not accepted, by what it claims. */
  deathOfStranger(ref: FamilyRef, claimed: Subject): DeathReason | null
  /** Whether an answer to a question sent at that moment still counts. */
  stillCounts(family: FamilyRecord, askedAtMs: number): boolean
  /** Whether the signature of a token is still proven by a yes to a question that was sent at that moment. */
  stillProves(family: FamilyRecord, askedAtMs: number): boolean
  /** When the question behind the last yes that still counts was sent; -Infinity: there is none. */
  aliveSince(family: FamilyRecord): number
  /** What is known of a family, of whose tokens one was accepted or not; null: nothing. */
  find(ref: FamilyRef): FamilyRecord | null
  /** Up to which generation the subject's temporary tokens are refused without asking; -Infinity: none. */
  overUpTo(subject: SubjectRecord): number
}
