import type { Clock } from '../clock.ts'
import type { FamilyLedger } from '../revocation/index.ts'
import type { FamilyRef } from '../token/index.ts'

/** Which families are in use, for processes that share what they know. */
export interface FamilyUse {
  /** The families of which a token was used at that moment or later, in monotonic milliseconds. */
  usedSince(atMs: number): FamilyRef[]
  /** Another process has just used tokens of these families. Nothing is learned of one that is not known. */
  noteUse(families: readonly FamilyRef[]): void
}

/** Looks into a ledger: hits are noted in its records anyway, so that they need do no more. */
export function createFamilyUse(ledger: FamilyLedger, clock: Clock): FamilyUse {
  return {
    usedSince(atMs) {
      const used: FamilyRef[] = []
      for (const { ref, usedAtMs } of ledger.families()) if (usedAtMs >= atMs) used.push(ref)
      return used
    },
    noteUse(families) {
      for (const ref of families) {
        const family = ledger.find(ref)
        if (family !== null) family.usedAtMs = clock.monotonic()
      }
    },
  }
}
