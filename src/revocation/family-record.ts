import type { FamilyRef, Subject } from '../token/index.ts'

/** Why a family is dead. */
export type DeathReason = 'token_revoked' | 'token_invalid' | 'user_blocked'

/**
 * What is known about a subject: a live record. Times here and below are monotonic milliseconds at which a question was
 * sent; -Infinity: never.
 */
export interface SubjectRecord {
  readonly subject: Subject
  /** Temporary tokens of this generation and of older ones are dead for ever. Never goes back. */
  deadUpTo: number
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
  /** The last yes to an access token: only of those is asked whether their service is allowed (Onezone API, §5.3, step 11). */
  servedAtMs: number
  /** The last no that can be taken back. */
  deadAtMs: number
  deathReason: DeathReason
  /** Answers to questions sent at or before this moment no longer count. */
  distrustedUntilMs: number
  /** When whoever uses the family should ask about it anew. */
  refreshAtMs: number
  /** When a token of the family was last used. */
  usedAtMs: number
  /** False once the ledger has dropped the record to stay in its bounds: then look the family up anew. */
  kept: boolean
}

/** The record of a subject about which nothing is known. */
export function newSubjectRecord(subject: Subject): SubjectRecord {
  return {
    subject,
    deadUpTo: -Infinity,
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
    deathReason: 'token_invalid',
    distrustedUntilMs: -Infinity,
    refreshAtMs: -Infinity,
    usedAtMs: -Infinity,
    kept: true,
  }
}
