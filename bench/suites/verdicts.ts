import { strict as assert } from 'node:assert'

import type { ClusterShape } from '../programs/cluster-trace.ts'
import type { DecisionMemoryResult } from '../programs/decision-memory.ts'
import type { DecisionKind, DecisionSpeedInput } from '../programs/decision-speed.ts'
import { TOKEN_SORTS } from '../programs/decision-tokens.ts'
import { BY_TOKEN_ALONE, ONEZONE_MS, POLICIES } from '../programs/policies.ts'
import type { ScienceClusterResult } from '../programs/science-cluster.ts'
import { runProgram } from '../run-program.ts'
import type { Measurement, Pace, Scenario, Suite } from '../suite.ts'

/** Each program measures as long as it takes. */
const ONCE: Pace = { seconds: 1, rounds: 1, warmUpSeconds: 0 }

/** What the three have in common. */
const VERDICTS = { name: 'verdicts', ratios: [], comparisons: [], ...ONCE, quick: ONCE } as const

const nothingToClose = async (): Promise<void> => {}

const KINDS: readonly DecisionKind[] = [
  'verify',
  'authenticate',
  'authenticate, header text new each time',
]

const MANY_TOKENS = 1_000_000
/** So many take minutes of a busy machine. */
const MEMORY_LONGEST_MS = 900_000

/** A million tokens with text and parsed form are more than Node allows itself by default. */
const MEMORY_OPTIONS = ['--expose-gc', '--max-old-space-size=8192', '--max-semi-space-size=64']

/** The hot path alone: a proven token, the real clock, no network. */
const decision: Suite = {
  ...VERDICTS,
  about: 'a decision in process about a proven token',
  columns: [{ key: 'ns', title: 'CPU ns/decision', digits: 0, goal: { atMost: 2_000 } }],
  rounds: 4,
  quick: { ...ONCE, rounds: 2 },
  open: async (product) => ({
    scenarios: KINDS.flatMap((what) =>
      TOKEN_SORTS.map((sort): Scenario => ({
        name: `${what}, token with ${sort} caveat`,
        check: async () => void (await measureDecision(product, { what: 'check', sort })),
        measure: async () => ({ ns: await measureDecision(product, { what, sort }) }),
      })),
    ),
    notes: () => [
      'Processes of their own, the compiled product, a scripted Onezone that answers at once. 1 000 proven temporary ' +
        'tokens take turns; a round is the median of 21 batches of 20 000 decisions, with the refreshes that fall due.',
    ],
    close: nothingToClose,
  }),
}

function measureDecision(product: string, input: DecisionSpeedInput): Promise<number> {
  return runProgram('decision-speed', { product, input, nodeOptions: ['--expose-gc'] })
}

const memory: Suite = {
  ...VERDICTS,
  about:
    'what is remembered, by heap and external memory after forced collections; families of 50 tokens',
  columns: [{ key: 'bytes', title: 'bytes', digits: 1 }],
  async open(product) {
    const weigh = (tokens: number): Promise<DecisionMemoryResult> =>
      runProgram('decision-memory', {
        product,
        input: tokens,
        nodeOptions: MEMORY_OPTIONS,
        longestMs: MEMORY_LONGEST_MS,
      })
    let weighed: Promise<DecisionMemoryResult> | null = null
    const row = (name: string, key: keyof DecisionMemoryResult): Scenario => ({
      name,
      check: async () => void (await weigh(1_000)),
      measure: async () => ({ bytes: (await (weighed ??= weigh(MANY_TOKENS)))[key] }),
    })
    return {
      scenarios: [
        row('1 000 000 tokens: remembered of each', 'remembered'),
        row('1 000 000 tokens: the same, with text and parsed form', 'withTokens'),
      ],
      notes: () => [],
      close: nothingToClose,
    }
  },
}

const CLUSTER: ClusterShape = {
  users: 200,
  tokensPerUser: 50,
  addresses: 1_000,
  seconds: 300,
  requestsPerSecond: 1_000,
  seed: 20_260_101,
}

const SMALL_CLUSTER: ClusterShape = { ...CLUSTER, users: 10, addresses: 100, seconds: 6 }

/** Many jobs of some users on many nodes, which is what Onedata's tokens are confined for. */
const scienceCluster: Suite = {
  ...VERDICTS,
  about: 'a science cluster: 200 users × 50 attenuated tokens × 1 000 addresses, by Zipf’s law',
  columns: [
    { key: 'calls', title: 'calls to Onezone', digits: 0 },
    { key: 'waited', title: 'requests that waited', digits: 0 },
    { key: 'wrongGrants', title: 'wrong grants', digits: 0 },
    { key: 'wrongRefusals', title: 'wrong refusals', digits: 0 },
  ],
  ratios: [{ title: 'calls ÷ onegate', column: 'calls', to: 'onegate' }],
  async open(product) {
    const run = (input: ClusterShape): Promise<ScienceClusterResult> =>
      runProgram('science-cluster', { product, input })
    let small: Promise<ScienceClusterResult> | null = null
    let whole: Promise<ScienceClusterResult> | null = null
    let extent = ''
    return {
      scenarios: Object.keys(POLICIES).map((name) => ({
        name,
        check: async () => void resultOf(await (small ??= run(SMALL_CLUSTER)), name),
        async measure() {
          const result = await (whole ??= run(CLUSTER))
          const { requests, tokens, ipTokens, addresses, refusals } = result
          extent =
            `${requests} requests with ${tokens} tokens, ${ipTokens} of them with an ip caveat, from ${addresses} ` +
            `addresses; Onezone refuses ${refusals}.`
          return resultOf(result, name)
        },
      })),
      notes: () => [
        extent,
        `One seeded trace of ${CLUSTER.seconds} simulated seconds; Onezone takes ${ONEZONE_MS} ms. The ` +
          'policies with a TTL share calls in flight, remember refusals too, and never run full. A wrong verdict ends the ' +
          'bench, but for the policy by token alone, which cannot be right about ip caveats. The bound of onegate is 10 s ' +
          'from the question, a TTL is 10 s from the answer.',
      ],
      close: nothingToClose,
    }
  },
}

/** What became of the trace under one policy; throws where it was not sound. */
function resultOf({ policies }: ScienceClusterResult, name: string): Measurement {
  const result = policies[name]
  assert.ok(result, `the trace was not replayed for ${name}`)
  const { faults, wrongGrants, wrongRefusals } = result
  assert.equal(faults, 0, `${name}: requests without a verdict`)
  if (name !== BY_TOKEN_ALONE) {
    assert.equal(wrongGrants, 0, `${name}: requests let through that Onezone would refuse`)
    assert.equal(wrongRefusals, 0, `${name}: requests refused that Onezone would let through`)
  }
  return { ...result }
}

/** What the verdict model costs, and what it saves Onezone. */
export const verdictSuites: readonly Suite[] = [decision, memory, scienceCluster]
