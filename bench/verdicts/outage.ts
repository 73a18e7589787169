import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Sample, SteadyLoadInput } from '../programs/steady-load.ts'
import { runProgram } from '../run-program.ts'
import type { Experiment, Finding } from '../study.ts'
import type { PlannedRequest } from './good-users.ts'
import { createGoodUsers } from './good-users.ts'
import type { Rig } from './rig.ts'
import { openRig } from './rig.ts'

const USERS = 500
const PER_SECOND = 250
/** The default, and what the configuration of the bench leaves it at. */
const MAX_STALENESS_MS = 10_000

const BEFORE_SECONDS = 5
const FROZEN_SECONDS = 30
/** The breaker's pauses have grown meanwhile; the longest that can be running at the thaw ends within this. */
const AFTER_SECONDS = 25

/** Onezone's calls, counted every so often. */
const TICK_MS = 100

interface Outage {
  readonly frozenAtMs: number
  readonly thawedAtMs: number
  readonly samples: readonly Sample[]
  /** Calls so far, by time. */
  readonly calls: readonly (readonly [atMs: number, calls: number])[]
}

/** Onezone takes every call and answers none; then it is as before. */
export function outage(product: string): Experiment {
  let rig: Rig | null = null
  let users: PlannedRequest[] = []

  const load = (perSecond: number, seconds: number): Promise<readonly Sample[]> => {
    const input: SteadyLoadInput = {
      url: rig?.url ?? '',
      requests: users,
      perSecond,
      seconds,
      connections: null,
      graceMs: 5_000,
    }
    return runProgram('steady-load', { product, input })
  }

  const freeze = async ({ onezone, verifyCalls }: Rig): Promise<Outage> => {
    const running = load(PER_SECOND, BEFORE_SECONDS + FROZEN_SECONDS + AFTER_SECONDS)
    const calls: [number, number][] = []
    const ticking = setInterval(() => calls.push([Date.now(), verifyCalls()]), TICK_MS)
    try {
      await sleep(BEFORE_SECONDS * 1000)
      const frozenAtMs = Date.now()
      onezone.setFaults([{ operation: '*', kind: 'hang' }])
      await sleep(FROZEN_SECONDS * 1000)
      const thawedAtMs = Date.now()
      onezone.setFaults([])
      return { frozenAtMs, thawedAtMs, samples: await running, calls }
    } finally {
      clearInterval(ticking)
    }
  }

  return {
    name: 'Onezone frozen for 30 s, then back',
    method:
      `A gateway process in front of the embedded Onezone, which for ${FROZEN_SECONDS} s takes every call and answers none; ` +
      `stale-if-error off, maxStaleness ${MAX_STALENESS_MS / 1000} s. ${USERS} users with proven tokens of their own send ` +
      `${PER_SECOND} requests/s in all, from ${BEFORE_SECONDS} s before until ${AFTER_SECONDS} s after, whether answers come ` +
      'or not.',
    async check() {
      rig = await openRig(product)
      users = createGoodUsers(rig, USERS)
      const samples = await load(USERS, 1)
      assert.ok(samples.every(([, , status]) => status === 200))
    },
    async measure() {
      if (rig === null) throw new Error('the outage has not been checked')
      return findingsOf(await freeze(rig))
    },
    async close() {
      await rig?.close()
      rig = null
    },
  }
}

function findingsOf({ frozenAtMs, thawedAtMs, samples, calls }: Outage): Finding[] {
  const grants = samples.filter(([, , status]) => status === 200)
  const answeredAt = ([dueAtMs, durationMs]: Sample): number => dueAtMs + durationMs
  const boundMs = frozenAtMs + MAX_STALENESS_MS
  const late = grants.filter(([dueAtMs]) => dueAtMs > boundMs && dueAtMs < thawedAtMs)
  // Those who came shortly before the thaw may have waited beyond it.
  const wrong = late.filter((sample) => answeredAt(sample) < thawedAtMs)
  const firstGrant = Math.min(...grants.map(answeredAt).filter((atMs) => atMs >= thawedAtMs))
  const refused = samples.filter(
    ([dueAtMs, , status]) => status !== 200 && dueAtMs >= boundMs && dueAtMs < thawedAtMs,
  )
  const unavailable = refused.filter(([, , status]) => status === 503).length
  const lastRefusal = Math.max(
    thawedAtMs,
    ...samples.filter(([, , status]) => status !== 200).map(([dueAtMs]) => dueAtMs),
  )
  assert.ok(refused.length > 0, 'the freeze was not felt by anybody')
  assert.ok(Number.isFinite(firstGrant), 'nobody was let through after the freeze')
  const callsAt = (atMs: number): number => calls.findLast(([tick]) => tick <= atMs)?.[1] ?? 0
  const busiest = Math.max(
    ...calls
      .filter(([tick]) => tick >= thawedAtMs)
      .map(([tick, count]) => count - callsAt(tick - 1_000)),
  )
  const count = { unit: '', digits: 0 }
  const seconds = { unit: 's', digits: 2 }
  return [
    {
      what: 'grants after the bound, while frozen',
      value: wrong.length,
      ...count,
      goal: { exactly: 0 },
      remark: `of ${late.length + refused.length} requests after the bound; ${unavailable} were answered 503`,
    },
    {
      what: 'calls to Onezone while it was frozen',
      value: callsAt(thawedAtMs) - callsAt(frozenAtMs),
      ...count,
      remark: `${USERS} families were in use`,
    },
    {
      what: 'calls in the first second after recovery',
      value: callsAt(thawedAtMs + 1_000) - callsAt(thawedAtMs),
      ...count,
      goal: { atMost: USERS },
      remark: 'goal: no more than one for each family',
    },
    {
      what: 'calls in the busiest second after recovery',
      value: busiest,
      ...count,
      goal: { atMost: USERS },
      remark: 'the same',
    },
    {
      what: 'until the first grant after recovery',
      value: (firstGrant - thawedAtMs) / 1000,
      ...seconds,
      remark: 'what was left of the breaker’s pause',
    },
    {
      what: 'until the last request that was not let through',
      value: (lastRefusal - thawedAtMs) / 1000,
      ...seconds,
    },
  ]
}
