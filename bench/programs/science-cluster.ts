/** How often some policies ask Onezone about the same trace, in simulated time. */

import { createFakeTime } from '../../test/helpers/fake-time.ts'
import type { ClusterShape, ClusterTrace } from './cluster-trace.ts'
import { createClusterTrace } from './cluster-trace.ts'
import type { Policy } from './policies.ts'
import { ONEZONE_MS, POLICIES } from './policies.ts'
import { runAsProgram } from './run-as-program.ts'
import { createScriptedOnezone, failedCaveat } from './scripted-onezone.ts'
import { requestOf } from './verdict-model.ts'

/** What became of the trace under one policy. */
export interface PolicyResult {
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
  /** By the name of the policy. */
  readonly policies: Readonly<Record<string, PolicyResult>>
}

await runAsProgram(async (shape: ClusterShape): Promise<ScienceClusterResult> => {
  const startMs = createFakeTime().clock.now()
  const { requests, ...extent } = createClusterTrace(shape, startMs)
  const asked = requests.map(({ atMs, token, peerIp }) => {
    const request = requestOf(token, peerIp)
    return { atMs, request, isGood: failedCaveat(request, startMs) === undefined }
  })

  async function replay(policy: Policy): Promise<PolicyResult> {
    const time = createFakeTime()
    const onezone = createScriptedOnezone({
      clock: time.clock,
      latency: () => new Promise((resolve) => time.schedule(ONEZONE_MS, resolve)),
    })
    const verifier = policy(onezone, time.clock, shape.seed)
    const counts = { waited: 0, wrongGrants: 0, wrongRefusals: 0, faults: 0 }
    const note = (isGood: boolean, outcome: 'accepted' | 'refused'): void => {
      if (outcome === 'accepted' && !isGood) counts.wrongGrants += 1
      if (outcome === 'refused' && isGood) counts.wrongRefusals += 1
    }
    const fault = (): void => void (counts.faults += 1)
    let passedMs = 0
    for (const { atMs, request, isGood } of asked) {
      await time.pass(atMs - passedMs)
      passedMs = atMs
      try {
        const answer = verifier.verify(request)
        if (answer instanceof Promise) {
          counts.waited += 1
          answer.then(({ verdict }) => note(isGood, verdict.outcome), fault)
        } else {
          note(isGood, answer.verdict.outcome)
        }
      } catch {
        fault()
      }
    }
    await time.pass(60_000)
    return { calls: onezone.calls, ...counts }
  }

  const policies: Record<string, PolicyResult> = {}
  for (const [name, policy] of Object.entries(POLICIES)) policies[name] = await replay(policy)
  const refusals = asked.filter(({ isGood }) => !isGood).length
  return { requests: requests.length, ...extent, refusals, policies }
})
