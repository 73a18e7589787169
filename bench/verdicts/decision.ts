import type { DecisionMemoryResult } from '../programs/decision-memory.ts'
import type { DecisionSpeedResult } from '../programs/decision-speed.ts'
import { runProgram } from '../run-program.ts'
import type { Experiment, Finding } from '../study.ts'

const GOAL_NANOSECONDS = 2_000
const DECISIONS_FOR_GROWTH = 1_000_000
const TOKENS_IN_MEMORY = 1_000_000

/** A million tokens with text and parsed form are more than Node allows itself by default. */
const HEAP_MEBIBYTES = 8_192

/** The hot path alone: a proven token, the real clock, no network. */
export function decision(product: string): Experiment {
  const speed = (check: boolean): Promise<DecisionSpeedResult> =>
    runProgram('decision-speed', { product, input: { check }, nodeOptions: ['--expose-gc'] })
  const memory = (tokens: number): Promise<DecisionMemoryResult> =>
    runProgram('decision-memory', {
      product,
      input: { tokens },
      nodeOptions: [
        '--expose-gc',
        `--max-old-space-size=${HEAP_MEBIBYTES}`,
        '--max-semi-space-size=64',
      ],
    })

  return {
    name: 'decision in process, hit',
    method:
      'Processes of their own, the compiled product, a scripted Onezone that answers at once. 1 000 proven temporary ' +
      'tokens take turns; each time is CPU time of the process, the median of 21 batches of 20 000 decisions, on the real ' +
      'clock, with the refreshes that fall due. Bytes are heap and external memory after forced collections; families of 50 tokens.',
    async check() {
      await speed(true)
      await memory(1_000)
    },
    async measure() {
      const { speeds, grownBytes } = await speed(false)
      const { remembered, withTokens, characters } = await memory(TOKENS_IN_MEMORY)
      return [
        ...speeds.map(({ what, median, min, max }): Finding => ({
          what,
          value: median,
          unit: 'ns',
          digits: 0,
          goal: { atMost: GOAL_NANOSECONDS },
          remark: `${min.toFixed(0)} to ${max.toFixed(0)} in the batches`,
        })),
        {
          what: 'growth of what is alive, a decision',
          value: grownBytes / DECISIONS_FOR_GROWTH,
          unit: 'B',
          digits: 3,
          goal: { atMost: 0.5 },
          remark: `${grownBytes} B after 1 000 000 decisions`,
        },
        {
          what: '1 000 000 tokens: remembered of each',
          value: remembered,
          unit: 'B',
          digits: 0,
          remark: 'proof and its share of a family',
        },
        {
          what: '1 000 000 tokens: the same, with text and parsed form',
          value: withTokens,
          unit: 'B',
          digits: 0,
          remark: `${characters} characters of text`,
        },
      ]
    },
  }
}
