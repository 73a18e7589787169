import type { FamilyRef } from '../token/index.ts'
import { familyKey, serializeSubject } from '../token/index.ts'
import type { FamilyLedger } from './family-ledger.ts'
import type { FamilyRecord } from './family-record.ts'
import type { WatchOutcome } from './watch-reading.ts'

/** One thing to read: a subject's generation, for all its temporary families, or the status of one named token. */
export interface WatchTarget {
  /** A family in use that hangs on it. */
  family: FamilyRecord
  /** When its families were last found to be in use, monotonic milliseconds. */
  inUseAtMs: number
  /** When it should be read. */
  dueAtMs: number
  /** What became of the last reading. */
  outcome: WatchOutcome
  /** How often in a row that came of it. */
  strikes: number
  /** Whether it is being read. */
  reading: boolean
}

/** Options of {@link createWatchRoster}. */
export interface WatchRosterOptions {
  readonly ledger: Pick<FamilyLedger, 'deathOf'>
  /** A family is in use if a token of it was used so recently, in milliseconds. */
  readonly intervalMs: number
  /** No family is used when its last yes is older than this, in milliseconds. */
  readonly stalenessBoundMs: number
}

/** What there is to read. It holds families that were confirmed within the bound, hence never more than are active. */
export interface WatchRoster {
  /** Onezone has just said yes to a token of the family. */
  confirmed(family: FamilyRecord): void
  /** What should be read now, what has waited longest at the end. */
  due(nowMs: number): WatchTarget[]
}

/** Makes an empty roster. */
export function createWatchRoster(options: WatchRosterOptions): WatchRoster {
  const { ledger, intervalMs, stalenessBoundMs } = options
  const families = new Set<FamilyRecord>()
  const targets = new Map<string, WatchTarget>()

  /** Whether the family can be used without another yes, which would bring it back here. */
  const isUsable = (family: FamilyRecord, nowMs: number): boolean =>
    family.kept && nowMs - family.aliveAtMs < stalenessBoundMs

  function enlist(family: FamilyRecord, nowMs: number): void {
    const key = keyOf(family.ref)
    const target = targets.get(key)
    if (target === undefined) {
      // The yes told as much as a reading would.
      const dueAtMs = family.aliveAtMs + intervalMs
      const untried = { outcome: 'ok', strikes: 0, reading: false } as const
      targets.set(key, { family, inUseAtMs: nowMs, dueAtMs, ...untried })
    } else {
      target.family = family
      target.inUseAtMs = nowMs
    }
  }

  return {
    confirmed: (family) => void families.add(family),
    due(nowMs) {
      for (const family of families) {
        if (!isUsable(family, nowMs)) {
          families.delete(family)
        } else if (nowMs - family.usedAtMs < intervalMs) {
          if (ledger.deathOf(family) === null) enlist(family, nowMs)
          else families.delete(family)
        }
      }
      const due: WatchTarget[] = []
      for (const [key, target] of targets) {
        if (target.reading) continue
        const isInUse = target.inUseAtMs === nowMs
        const isDue = nowMs >= target.dueAtMs
        if (isInUse && isDue) due.push(target)
        // What cannot be read is kept in mind until it would be tried again.
        if (!isInUse && (isDue || target.outcome === 'ok')) targets.delete(key)
      }
      return due.sort((a, b) => a.dueAtMs - b.dueAtMs).reverse()
    },
  }
}

function keyOf(ref: FamilyRef): string {
  return ref.kind === 'named' ? familyKey(ref) : serializeSubject(ref.subject)
}
