import type { FamilyLedger } from './family-ledger.ts'
import type { FamilyRecord } from './family-record.ts'

/** The same ledger, which also tells of each family of which Onezone accepted a token. */
export function withConfirmations(
  inner: FamilyLedger,
  onConfirmed: (family: FamilyRecord) => void,
): FamilyLedger {
  const sawAlive: FamilyLedger['sawAlive'] = (family, askedAtMs, provenAtMs) => {
    onConfirmed(family)
    return inner.sawAlive(family, askedAtMs, provenAtMs)
  }
  // Everything else, live properties included, is the inner ledger's.
  return Object.assign(Object.create(inner) as FamilyLedger, { sawAlive })
}
