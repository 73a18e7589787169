import { strict as assert } from 'node:assert'

import type {
  Policy,
  PolicyResult,
  ScienceClusterInput,
  ScienceClusterResult,
} from '../programs/science-cluster.ts'
import { runProgram } from '../run-program.ts'
import type { Experiment, Finding } from '../study.ts'

const CLUSTER: ScienceClusterInput = {
  users: 200,
  tokensPerUser: 50,
  addresses: 1_000,
  seconds: 300,
  requestsPerSecond: 1_000,
  onezoneLatencyMs: 20,
  seed: 20_260_101,
}

const SMALL_CLUSTER: ScienceClusterInput = {
  ...CLUSTER,
  users: 10,
  addresses: 100,
  seconds: 30,
  requestsPerSecond: 200,
}

const TITLES: Readonly<Record<Policy, string>> = {
  onegate: 'onegate',
  'token and address': 'token+address, TTL 10 s (Oneprovider-like)',
  token: 'token, TTL 10 s (introspection-cache-like)',
}

/** Many jobs of some users on many nodes, which is what Onedata's tokens are confined for. */
export function scienceCluster(product: string): Experiment {
  const run = async (input: ScienceClusterInput): Promise<ScienceClusterResult> => {
    const result = await runProgram<ScienceClusterResult>('science-cluster', { product, input })
    assertSound(result)
    return result
  }

  return {
    name: 'science cluster: 200 users × 50 attenuated tokens × 1 000 addresses, Zipf',
    method:
      `One seeded trace of ${CLUSTER.seconds} simulated seconds, ${CLUSTER.requestsPerSecond} requests/s on average, ` +
      'for three policies in turn in one process; user, token and address are drawn by Zipf’s law (exponent 1), every fifth ' +
      `token has an ip caveat that three quarters of the addresses meet, Onezone takes ${CLUSTER.onezoneLatencyMs} ms. The ` +
      'two policies with a TTL share questions under way, remember refusals too, and never run full. A policy whose verdict ' +
      'differs from Onezone’s in a single request ends the bench; for the policy by token alone the differences are ' +
      'counted, since it cannot be right about ip caveats. onegate’s bound is 10 s from the question, a TTL is 10 s from the ' +
      'answer.',
    async check() {
      await run(SMALL_CLUSTER)
    },
    async measure() {
      const result = await run(CLUSTER)
      const onegate = policyOf(result, 'onegate')
      const perPolicy = result.policies.flatMap((each) =>
        findingsOf(each, onegate, result.requests),
      )
      const byToken = policyOf(result, 'token')
      return [
        {
          what: 'requests in the trace',
          value: result.requests,
          unit: '',
          digits: 0,
          remark: `${result.tokens} tokens (${result.ipTokens} with an ip caveat), ${result.addresses} addresses`,
        },
        ...perPolicy,
        {
          what: 'wrong verdicts: onegate; token+address',
          value: wrongOf(onegate) + wrongOf(policyOf(result, 'token and address')),
          unit: '',
          digits: 0,
          goal: { exactly: 0 },
          remark: `of ${result.requests}, ${result.refusals} of which Onezone refuses`,
        },
        {
          what: `wrong verdicts: ${TITLES.token}`,
          value: wrongOf(byToken),
          unit: '',
          digits: 0,
          remark: `${byToken.wrongGrants} requests let through against an ip caveat, ${byToken.wrongRefusals} good ones refused`,
        },
      ]
    },
  }
}

function wrongOf({ wrongGrants, wrongRefusals }: PolicyResult): number {
  return wrongGrants + wrongRefusals
}

function findingsOf(each: PolicyResult, onegate: PolicyResult, requests: number): Finding[] {
  const { policy, calls, waited } = each
  const own = policy === 'onegate'
  const perRequest = ((calls / requests) * 1000).toFixed(2)
  const times = (calls / onegate.calls).toFixed(1)
  return [
    {
      what: `calls to Onezone: ${TITLES[policy]}`,
      value: calls,
      unit: '',
      digits: 0,
      remark: `${perRequest} per 1 000 requests${own ? '' : `; ${times} × onegate`}`,
    },
    {
      what: `requests that waited for them: ${TITLES[policy]}`,
      value: waited,
      unit: '',
      digits: 0,
    },
  ]
}

function assertSound(result: ScienceClusterResult): void {
  for (const { policy, wrongGrants, wrongRefusals, faults } of result.policies) {
    assert.equal(faults, 0, `${policy}: requests without a verdict`)
    if (policy === 'token') continue
    assert.equal(wrongGrants, 0, `${policy}: requests let through that Onezone would refuse`)
    assert.equal(wrongRefusals, 0, `${policy}: requests refused that Onezone would let through`)
  }
}

function policyOf({ policies }: ScienceClusterResult, policy: Policy): PolicyResult {
  const found = policies.find((each) => each.policy === policy)
  if (found === undefined) throw new Error(`the trace was not replayed for ${policy}`)
  return found
}
