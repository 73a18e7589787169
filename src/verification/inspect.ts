import type { FamilyLedger, FamilyRecord } from '../revocation/index.ts'
import { familyOf } from '../token/index.ts'
import type { Question } from '../verifier/index.ts'
import type { Inspection } from './inspection.ts'
import { isJudgedLocally } from './local-judgement.ts'
import type { RecollectionOptions } from './recollection.ts'
import { createRecollection } from './recollection.ts'
import { contextKey, proofKey } from './verdict-keys.ts'
import type { VerdictMemory } from './verdict-memory.ts'

/** What {@link createInspect} looks into. */
export interface InspectOptions extends Omit<RecollectionOptions, 'ledger' | 'refusalOf'> {
  readonly memory: VerdictMemory<FamilyRecord>
  readonly ledger: FamilyLedger
  /** Whether a family is being asked about. */
  readonly isRefreshed: (family: FamilyRecord) => boolean
  /** Whether a question of that key is under way. */
  readonly isAsked: (key: string) => boolean
}

/** Makes the look at what would be said of a request, which asks, refreshes and learns nothing. */
export function createInspect(options: InspectOptions): (request: Question) => Inspection {
  const { memory, ledger, clock, isRefreshed, isAsked } = options
  const seen = createRecollection({
    ...options,
    ledger: ledger.glance,
    refusalOf: (key) => memory.peekRefusal(key),
  })

  return function inspect(request) {
    const proof = memory.proofs.peek(proofKey(request))
    if (proof !== undefined) {
      const { kept, ref } = proof.family
      const family = kept ? proof.family : ledger.glance.open(ref, proof.subject)
      const verification = seen.ofProven(request, proof, family, clock.monotonic())
      if (verification !== null || seen.stillProves(proof, family)) {
        const underWay = isRefreshed(proof.family)
        return { known: verification, proof, context: null, family, underWay }
      }
    }
    const key = isJudgedLocally(request.token) ? proofKey(request) : contextKey(request)
    const context = memory.contexts.peek(key)
    const ref = familyOf(request.token)
    return {
      known: seen.inContext(key, request, context),
      proof: null,
      context: context ?? null,
      family: context?.family ?? (ref === null ? null : ledger.glance.find(ref)),
      underWay: isAsked(key),
    }
  }
}
