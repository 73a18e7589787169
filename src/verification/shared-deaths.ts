import type { Clock } from '../clock.ts'
import type { FamilyLedger, FamilyRecord } from '../revocation/index.ts'
import type { Finding, SharedKnowledge } from '../store/index.ts'
import { isAfter } from '../store/index.ts'
import type { FamilyRef, Subject } from '../token/index.ts'
import { selectorOf } from './dead-selector.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'

/** Options of {@link createSharedDeaths}. */
export interface SharedDeathsOptions {
  readonly knowledge: Pick<SharedKnowledge, 'stampOf'>
  readonly ledger: FamilyLedger
  readonly clock: Clock
  readonly takeBack: (selector: InvalidationSelector) => void
}

/**
 * What others say has ended. Where it is certain when that was, it enters the ledger as our own answers do, and the
 * later question wins. Where it is not, nobody is refused for it: what is known here no longer counts, and the verifier
 * is asked.
 */
export interface SharedDeaths {
  /** Takes in what was found about a family and its subject. */
  found(ref: FamilyRef, subject: Subject, findings: readonly Finding[]): void
  /** Takes in what was said of a family, or of a subject. */
  heard(
    about: { readonly ref: FamilyRef | null; readonly subject: Subject | null },
    finding: Finding,
  ): void
}

/** Makes what takes them in. */
export function createSharedDeaths(options: SharedDeathsOptions): SharedDeaths {
  const { knowledge, ledger, clock, takeBack } = options
  /** For which moment a family was last asked about anew: once is enough. */
  const doubted = new WeakMap<FamilyRecord, string>()

  /** What ends by it, as the ledger is told; null: it is about something else. */
  function entryOf(
    { fact }: Finding,
    ref: FamilyRef | null,
    subject: Subject | null,
  ): ((askedAtMs: number) => void) | null {
    switch (fact.kind) {
      case 'revoked':
        return ref?.kind === 'named' ? (atMs) => ledger.sawRevoked(ref, atMs) : null
      case 'lost': {
        const family = ref === null ? null : ledger.find(ref)
        if (family === null) return null
        const beforeMs = fact.confirmedBeforeMs
        return (atMs) => ledger.sawLost(family, atMs, beforeMs < 0 ? Infinity : atMs - beforeMs)
      }
      case 'blocked':
        return subject && ((atMs) => ledger.sawBlocked(subject, atMs))
      case 'current':
        return subject && ((atMs) => ledger.sawGeneration(subject, fact.generation, atMs))
      case 'over':
        return (
          subject &&
          ((atMs) =>
            ledger.sawRevoked({ kind: 'temporary', subject, generation: fact.generation }, atMs))
        )
      default:
        return null
    }
  }

  /** When the last yes was asked for that it may contradict. */
  function aliveAtMs(ref: FamilyRef | null, subject: Subject | null): number {
    const family = ref === null ? null : ledger.find(ref)
    if (family !== null) return family.aliveAtMs
    if (subject === null) return -Infinity
    // Any family of the subject's leads to what is known of the subject.
    const any = ledger.glance.open({ kind: 'named', tokenId: '' }, subject)
    return any.subject?.aliveAtMs ?? -Infinity
  }

  /** False: it cannot be told whether it was before or after what is known here. */
  function enter(finding: Finding, entry: (askedAtMs: number) => void, lastYesMs: number): boolean {
    const { age } = finding
    if (age === null) return false
    const nowMs = clock.monotonic()
    const [earliestMs, latestMs] = [nowMs - age.mostMs, nowMs - age.leastMs]
    entry(earliestMs)
    return lastYesMs <= earliestMs || lastYesMs > latestMs
  }

  /** Has a family asked about anew, unless what is known of it is certainly younger, or that was done before. */
  function doubt(ref: FamilyRef, { stamp }: Finding): void {
    const family = ledger.find(ref)
    // What is known of it may not count any more as it is.
    if (family === null || family.aliveAtMs <= family.distrustedUntilMs) return
    const own = knowledge.stampOf(family.aliveAtMs)
    if (own !== null && isAfter(own, stamp)) return
    const moment = `${stamp.storeMs} ${stamp.wallMs}`
    if (doubted.get(family) === moment) return
    doubted.set(family, moment)
    ledger.distrust(family)
  }

  return {
    found(ref, subject, findings) {
      for (const finding of findings) {
        if (finding.fact.kind === 'invalidated') {
          doubt(ref, finding)
          continue
        }
        const entry = entryOf(finding, ref, subject)
        if (entry === null) continue
        const isCertain = enter(finding, entry, aliveAtMs(ref, subject))
        if (!isCertain) doubt(ref, finding)
      }
    },
    heard({ ref, subject }, finding) {
      const whose = subject ?? (ref?.kind === 'temporary' ? ref.subject : null)
      const entry = entryOf(finding, ref, whose)
      if (entry === null || enter(finding, entry, aliveAtMs(ref, whose))) return
      if (ref !== null) takeBack(selectorOf({ family: ref }))
      else if (subject !== null) takeBack(selectorOf({ subject }))
    },
  }
}
