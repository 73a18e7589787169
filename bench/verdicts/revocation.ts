import type { RevocationInput, RevocationKind } from '../programs/revocation.ts'
import { runProgram } from '../run-program.ts'
import type { Experiment, Finding } from '../study.ts'

/** The defaults. */
const TRIALS: RevocationInput = { trials: 100, maxStalenessMs: 10_000, watchIntervalMs: 2_000 }

/** The shortest bound that there can be with the default time-out, to see that it works at all. */
const FEW_TRIALS: RevocationInput = { trials: 3, maxStalenessMs: 2_600, watchIntervalMs: 500 }

/** How long a revoked token still passes. */
export function revocation(product: string): Experiment {
  const run = (input: RevocationInput): Promise<readonly RevocationKind[]> =>
    runProgram('revocation', { product, input })

  return {
    name: 'revocation: from revoking a token to its first refusal',
    method:
      `${TRIALS.trials} trials of each kind, side by side, in real time, in a process of their own with the embedded Onezone, ` +
      'which is asked over the loopback interface. Each token has a user of its own, is used every 10 ms and is revoked at ' +
      `a random moment. Default settings: maxStaleness ${TRIALS.maxStalenessMs / 1000} s, the watch reads every ` +
      `${TRIALS.watchIntervalMs / 1000} s.`,
    async check() {
      await run(FEW_TRIALS)
    },
    async measure() {
      return (await run(TRIALS)).flatMap(findingsOf)
    },
  }
}

function findingsOf({
  persistence,
  watched,
  delaysMs,
  grantsAfterwards,
}: RevocationKind): Finding[] {
  const seconds = (part: number): number =>
    (delaysMs[Math.round((delaysMs.length - 1) * part)] ?? NaN) / 1000
  const title = `${persistence}, ${watched ? 'with' : 'without'} watch`
  return [
    {
      what: `${title}: longest`,
      value: seconds(1),
      unit: 's',
      digits: 2,
      goal: { atMost: TRIALS.maxStalenessMs / 1000 },
      remark: `min ${seconds(0).toFixed(2)}, median ${seconds(0.5).toFixed(2)} s`,
    },
    {
      what: `${title}: let through after the first refusal`,
      value: grantsAfterwards,
      unit: '',
      digits: 0,
      goal: { exactly: 0 },
    },
  ]
}
