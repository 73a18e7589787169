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

/** The wall clock is looked at no more often than this. */
const INTERVAL_MS = 100

/**
 * Makes the check for a machine that was suspended: its monotonic clock stood still, by which all ages are reckoned,
 * and its wall clock has gone ahead of it. That an operator set the wall clock looks the same, which is no harm: what
 * is old is asked about anew, and nothing is granted or refused for it.
 *
 * @returns To be called with the monotonic time before anything that is remembered is used.
 */
export function createSuspensionCheck(options: SuspensionCheckOptions): (nowMs: number) => void {
  const { clock, onezoneTime, ledger, memory, disown } = options
  const wallClockStep = createWallClockStep(clock)
  let dueAtMs = clock.monotonic()

  /** No fact is as young as it seems. */
  function distrustAll(): void {
    disown(() => true)
    for (const family of ledger.families()) ledger.distrust(family)
    for (const family of ledger.strangers()) ledger.distrust(family)
    ledger.distrustGenerations(() => true)
    // What the verifier has on record is a fact of its own, which no family's record need be left to tell of.
    const onRecord = [...memory.proofs.entries()].filter(([, proof]) => hasRecord(proof))
    for (const [key] of onRecord) memory.withdraw(key)
    memory.forgive()
  }

  return function check(nowMs) {
    if (nowMs < dueAtMs) return
    dueAtMs = nowMs + INTERVAL_MS
    const stepMs = wallClockStep()
    if (stepMs === 0) return
    onezoneTime.slept(stepMs)
    distrustAll()
  }
}
