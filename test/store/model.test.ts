import { env } from 'node:process'

import { expect, test } from 'vitest'

import { runReplicas } from './replicas-model.ts'

const SEEDS = Number(env['STORE_SEEDS'] ?? 8)
const STEPS = Number(env['STORE_STEPS'] ?? 150)
const FIRST_SEED = Number(env['STORE_SEED'] ?? 1)

/**
 * Two and three gateways around one store, in simulated time, with everything that can go wrong between them: answers
 * that are late, lost or out of order, a store that forgets, says no, or whose clock is set; hosts whose clocks are
 * set or go wrong, or that stand still; Onezones that answer slowly; revocations that are taken back; invalidations.
 * Against a history of what was true when:
 *
 * - a grant rests on a fact that is no older than the bound, and was true at some moment since then;
 * - a refusal was true at some moment within the time for which it may be believed;
 * - nobody waits for the store longer than its deadline.
 *
 * A longer run: `STORE_SEEDS=2500 STORE_STEPS=400`, a million steps in seven minutes of a core. One world again:
 * `STORE_SEED=<seed> STORE_SEEDS=1`.
 */
test(
  `several gateways keep the promise of one, in ${SEEDS} worlds of ${STEPS} steps, from ${FIRST_SEED}`,
  { timeout: 36_000_000 },
  async () => {
    let shared = 0
    let granted = 0
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const outcome = await runReplicas({ seed, steps: STEPS, gates: 2 + (seed % 2) })
      expect(outcome.violations, `STORE_SEED=${seed} STORE_SEEDS=1`).toEqual([])
      shared += outcome.shared
      granted += outcome.granted
    }
    // Something was put to the test.
    if (SEEDS >= 8) expect(shared).toBeGreaterThan(SEEDS)
    if (SEEDS >= 8) expect(granted).toBeGreaterThan(10 * SEEDS)
  },
)
