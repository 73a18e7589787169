/** How often three policies ask Onezone about the same trace, in simulated time. */

import type { VerificationRequest, Verifier } from '../../src/verifier/index.ts'
import type { ClusterShape, ClusterTrace } from './cluster-trace.ts'
import { createClusterTrace } from './cluster-trace.ts'
import { seededRandom } from './random.ts'
import { runAsProgram } from './run-as-program.ts'
import type { ScriptedOnezone } from './scripted-onezone.ts'
import { createScriptedOnezone, failedCaveat } from './scripted-onezone.ts'
import type { SimulatedTime } from './simulated-time.ts'
import { createSimulatedTime } from './simulated-time.ts'
import { withTtlCache } from './ttl-cache.ts'
import { MAX_STALENESS_MS, requestOf, withVerdictModel } from './verdict-model.ts'

export interface ScienceClusterInput extends ClusterShape {
  readonly onezoneLatencyMs: number
}

/** What became of the trace under one policy. */
export interface PolicyResult {
  readonly policy: Policy
  readonly calls: number
  /** Requests that had to wait for Onezone. */
  readonly waited: number
  /** Requests that were let through although Onezone would have refused them, and the other way round. */
  readonly wrongGrants: number
  readonly wrongRefusals: number
  /** Nobody said anything: 503, 429. */
  readonly faults: number
}

export interface ScienceClusterResult extends Omit<ClusterTrace, 'requests'> {
  readonly requests: number
  /** Requests that Onezone would have refused, each for its `ip` caveat. */
  readonly refusals: number
  readonly policies: readonly PolicyResult[]
}

const POLICIES = {
  onegate: (onezone: Verifier, clock: SimulatedTime, seed: number) =>
    withVerdictModel(onezone, { clock, random: seededRandom(seed) }),
  'token and address': (onezone: Verifier, clock: SimulatedTime) =>
    withTtlCache(
      onezone,
      ({ token, peerIp }) => `${token.digest}/${peerIp}`,
      MAX_STALENESS_MS,
      clock,
    ),
  token: (onezone: Verifier, clock: SimulatedTime) =>
    withTtlCache(onezone, ({ token }) => token.digest, MAX_STALENESS_MS, clock),
}

export type Policy = keyof typeof POLICIES

await runAsProgram(async (input: ScienceClusterInput): Promise<ScienceClusterResult> => {
  const startMs = createSimulatedTime().now()
  const { requests, ...extent } = createClusterTrace(input, startMs)
  const asked = requests.map(({ token, peerIp }) => requestOf(token, peerIp))
  const truth = asked.map((request) => failedCaveat(request, startMs) === undefined)
  const policies: PolicyResult[] = []
  for (const policy of Object.keys(POLICIES) as Policy[]) {
    const time = createSimulatedTime()
    const onezone = createScriptedOnezone({
      clock: time,
      latency: () => time.wait(input.onezoneLatencyMs),
    })
    const verifier = POLICIES[policy](onezone, time, input.seed)
    const moments = requests.map(({ atMs }) => atMs)
    policies.push({ policy, ...(await replay({ moments, asked, truth, time, onezone, verifier })) })
  }
  const refusals = truth.filter((good) => !good).length
  return { requests: requests.length, ...extent, refusals, policies }
})

interface Replay {
  readonly moments: readonly number[]
  readonly asked: readonly VerificationRequest[]
  readonly truth: readonly boolean[]
  readonly time: SimulatedTime
  readonly onezone: ScriptedOnezone
  readonly verifier: Verifier
}

async function replay(run: Replay): Promise<Omit<PolicyResult, 'policy'>> {
  const { moments, asked, truth, time, onezone, verifier } = run
  const counts = { waited: 0, wrongGrants: 0, wrongRefusals: 0, faults: 0 }
  const note = (index: number, outcome: 'accepted' | 'refused'): void => {
    if (outcome === 'accepted' && truth[index] === false) counts.wrongGrants += 1
    if (outcome === 'refused' && truth[index] === true) counts.wrongRefusals += 1
  }
  for (const [index, request] of asked.entries()) {
    await time.advanceTo(moments[index] ?? 0)
    try {
      const answer = verifier.verify(request)
      if (answer instanceof Promise) {
        counts.waited += 1
        answer.then(
          ({ verdict }) => note(index, verdict.outcome),
          () => void (counts.faults += 1),
        )
      } else {
        note(index, answer.verdict.outcome)
      }
    } catch {
      counts.faults += 1
    }
  }
  await time.advanceTo((moments.at(-1) ?? 0) + 60_000)
  return { calls: onezone.calls, ...counts }
}
