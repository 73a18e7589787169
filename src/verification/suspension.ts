import type { VerdictMemory } from './verdict-memory.ts'
import type { Clock } from '../clock.ts'
import type { FamilyLedger, FamilyRecord, OnezoneTime } from '../revocation/index.ts'
import { createWallClockStep } from '../wall-clock-step.ts'
import { hasRecord } from './proven-grant.ts'

/** Options of {@link createSuspensionCheck}. */
export interface SuspensionCheckOptions {
  readonly clock: Clock
  readonly onezoneTime: OnezoneTime
  readonly ledger: FamilyLedger
  readonly memory: VerdictMemory<FamilyRecord>
  /** Answers to the selected questions that are under way count no more. */
  readonly disown: (selects: () => boolean) => void
}

/** The wall clock is looked at no more often than this, where it is not for certain that it is worth it. */
const INTERVAL_MS = 100

/**
 * Takes note of a suspension that there was. It looks at the wall clock only now and then, unless it must.
 *
 * @param nowMs Monotonic time.
 * @param must It looks, however short ago it last did. @default false
 */
export type SuspensionCheck = (nowMs: number, must?: boolean) => void

/**
 * Makes the check for a machine that was suspended: its monotonic clock stood still, by which all ages are reckoned,
 * and its wall clock has gone ahead of it. That an operator set the wall clock looks the same, which is no harm: what
 * is old is asked about anew, and nothing is granted or refused for it.
 *
 * @returns To be called before anything is used that is remembered, or that was asked for before.
 */
export function createSuspensionCheck(options: SuspensionCheckOptions): SuspensionCheck {
  const { clock, onezoneTime, ledger, memory, disown } = options
  const wallClockStep = createWallClockStep(clock)
  let dueAtMs = clock.monotonic()

  /** No fact is as young as it seems. */
  function distrustAll(sleptMs: number): void {
    disown(() => true)
    for (const family of ledger.families()) ledger.distrust(family)
    for (const family of ledger.strangers()) ledger.distrust(family)
    ledger.distrustGenerations(() => true)
    for (const [, proof] of memory.proofs.entries()) {
      proof.ownRefreshAtMs -= sleptMs
      proof.ownLimitAtMs -= sleptMs
    }
    // What the verifier has on record is a fact of its own, which no family's record need be left to tell of.
    const onRecord = [...memory.proofs.entries()].filter(([, proof]) => hasRecord(proof))
    for (const [key] of onRecord) memory.withdraw(key)
    memory.forgive()
  }

  return function check(nowMs, must = false) {
    if (nowMs < dueAtMs && !must) return
    dueAtMs = nowMs + INTERVAL_MS
    const stepMs = wallClockStep()
    if (stepMs === 0) return
    onezoneTime.slept(stepMs)
    distrustAll(stepMs)
  }
}
