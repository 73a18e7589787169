import type { Proof } from './verdict-memory.ts'
import type { FamilyRecord } from '../revocation/index.ts'
import type { Question } from '../verifier/index.ts'

/** A proven token of a family, and how it was last used. */
export interface Turn {
  readonly request: Question
  readonly proof: Proof<FamilyRecord>
}

/**
 * Whose turn it is to be asked about: of each family the token that was itself asked about longest ago, of those in
 * use.
 */
export interface Turns {
  /** A token of the family was granted. */
  note(family: FamilyRecord, request: Question, proof: Proof<FamilyRecord>): void
  /**
   * Whose turn it is, which ends it; null: nobody's that is fit to be asked about instead of the one at hand.
   *
   * @param proof The one at hand: only an access token tells about services.
   */
  take(
    family: FamilyRecord,
    proof: Proof<FamilyRecord>,
    isFit: (turn: Turn) => boolean,
  ): Turn | null
}

/** Starts with nobody's turn. */
export function createTurns(): Turns {
  const turns = new WeakMap<FamilyRecord, Turn>()
  return {
    note(family, request, proof) {
      const { confirmedAtMs } = proof
      // Numbers first: a hit costs two comparisons.
      if (confirmedAtMs >= family.aliveAtMs || confirmedAtMs >= family.turnAtMs) return
      if (proof.ownLimitAtMs === Infinity) return
      family.turnAtMs = confirmedAtMs
      turns.set(family, { request: { ...request, maxFactAgeMs: undefined }, proof })
    },
    take(family, proof, isFit) {
      const turn = turns.get(family)
      family.turnAtMs = Infinity
      turns.delete(family)
      if (turn === undefined || (proof.asAccess && !turn.proof.asAccess)) return null
      return isFit(turn) ? turn : null
    },
  }
}
