import type { FamilyRef, Subject } from '../token/index.ts'
import type { Generations } from './generations.ts'
import { newGenerations } from './generations.ts'

/** Why a family is dead. */
export type DeathReason = 'token_revoked' | 'token_invalid' | 'user_blocked'

/**
 * What is known about a subject: a live record. Times here and below are monotonic milliseconds at which a question was
 * sent; -Infinity: never.
 */
export interface SubjectRecord {
  readonly subject: Subject
  /** The generations of its temporary tokens. */
  readonly generations: Generations
  blockedAtMs: number
  aliveAtMs: number
  /** False once the ledger has dropped the record to stay in its bounds. */
  kept: boolean
}

/**
 * What is known about a family: a live record, changed in place as answers come in, so that whoever holds one need not
 * look it up again.
 */
export interface FamilyRecord {
  readonly ref: FamilyRef
  /** Null where only Onezone knows it yet (version 1 tokens). */
  subject: SubjectRecord | null
  /** The last yes. */
  aliveAtMs: number
  /**
   * The last yes to an access token: only of those is asked whether their service is allowed (Onezone API, §5.3, step
   * 11).
   */
  servedAtMs: number
  /** The last time that its named token was revoked, which can be taken back. */
  deadAtMs: number
  /**
   * The last refusal of a token of it as unknown that was proven before: what was proven until then must be proven
   * anew.
   */
  lostAtMs: number
  /**
   * Tokens that were first proven until this moment are lost with that one; others may be of the subject's next life.
   */
  lostUpToMs: number
  /** Answers to questions sent at or before this moment no longer count. */
  distrustedUntilMs: number
  /** When whoever uses the family should ask about it anew. */
  refreshAtMs: number
  /** When the token whose turn it is to be asked about was itself last confirmed; Infinity: it is nobody's turn. */
  turnAtMs: number
  /** When a token of the family was last used. */
  usedAtMs: number
  /** False once the ledger has dropped the record to stay in its bounds: then look the family up anew. */
  kept: boolean
}

/** The record of a subject about which nothing is known. */
export function newSubjectRecord(subject: Subject): SubjectRecord {
  return {
    subject,
    generations: newGenerations(),
    blockedAtMs: -Infinity,
    aliveAtMs: -Infinity,
    kept: true,
  }
}

/** The record of a family about which nothing is known. */
export function newFamilyRecord(ref: FamilyRef): FamilyRecord {
  return {
    ref,
    subject: null,
    aliveAtMs: -Infinity,
    servedAtMs: -Infinity,
    deadAtMs: -Infinity,
    lostAtMs: -Infinity,
    lostUpToMs: -Infinity,
    distrustedUntilMs: -Infinity,
    refreshAtMs: -Infinity,
    turnAtMs: Infinity,
    usedAtMs: -Infinity,
    kept: true,
  }
}
