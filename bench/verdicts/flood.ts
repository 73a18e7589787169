import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Sample, SteadyLoadInput } from '../programs/steady-load.ts'
import { runProgram } from '../run-program.ts'
import type { Experiment, Finding } from '../study.ts'
import type { PlannedRequest } from './good-users.ts'
import { createGoodUsers } from './good-users.ts'
import { forge, withoutTokens } from './forgeries.ts'
import type { Rig } from './rig.ts'
import { openRig } from './rig.ts'

const GOOD_USERS = 1_000
const GOOD_PER_SECOND = 500
/** 100 000 a minute. */
const FLOOD_PER_SECOND = 1_700
const SECONDS = 10
/** The flood counts as one if this part of it was answered. */
const FULL_RATE = 0.9
/** At the start processes begin, connections are made and each user comes once: that counts for nothing. */
const LEAD_IN_SECONDS = 3
/** How long the good users wait for their last answers. */
const GRACE_MS = 5_000

/** Addresses that the flood comes from where it does not come from one. */
const FLOOD_ADDRESSES = 10_000

/** What is measured of the good users while something else goes on. */
interface Phase {
  readonly title: string
  readonly hitRatio: number
  readonly p99Ms: number
  /** How often the good users got which answer; 0: none in time. */
  readonly statuses: Readonly<Record<number, number>>
  readonly callsPerSecond: number
  /** How many requests of the flood were answered. */
  readonly floodPerSecond: number
  readonly evictions: number
}

/** Strangers who try tokens of their own making, beside users who have work to do. */
export function flood(product: string): Experiment {
  let rig: Rig | null = null
  let users: PlannedRequest[] = []

  const load = (input: Omit<SteadyLoadInput, 'url'>): Promise<readonly Sample[]> =>
    runProgram('steady-load', { product, input: { ...input, url: rig?.url ?? '' } })

  const warmUp = async (): Promise<void> => {
    const samples = await load({
      requests: users,
      perSecond: 500,
      seconds: GOOD_USERS / 500,
      connections: 64,
      graceMs: GRACE_MS,
    })
    assert.deepEqual(countStatuses(samples), { 200: GOOD_USERS }, 'answers to the good users')
  }

  const measurePhase = async (
    title: string,
    strangers: readonly PlannedRequest[],
    expected: readonly number[],
  ): Promise<Phase> => {
    if (rig === null) throw new Error('the flood has not been checked')
    const both = { seconds: SECONDS, connections: 64 }
    const good = load({ ...both, requests: users, perSecond: GOOD_PER_SECOND, graceMs: GRACE_MS })
    const bad = load({
      ...both,
      requests: strangers,
      perSecond: strangers.length === 0 ? 0 : FLOOD_PER_SECOND,
      graceMs: 0,
    })
    await sleep(LEAD_IN_SECONDS * 1000)
    const before = await countersOf(rig)
    const begun = performance.now()
    const goodSamples = await good
    const after = await countersOf(rig)
    const elapsedSeconds = (performance.now() - begun) / 1000
    const badSamples = (await bad).filter(([, , status]) => status !== 0)
    for (const status of Object.keys(countStatuses(badSamples))) {
      assert.ok(expected.includes(Number(status)), `${title}: the flood was answered ${status}`)
    }
    const hits = after.hits - before.hits
    return {
      title,
      hitRatio: hits / (after.granted - before.granted),
      p99Ms: percentile(afterLeadIn(goodSamples), 0.99),
      statuses: countStatuses(goodSamples),
      callsPerSecond: (after.calls - before.calls) / elapsedSeconds,
      floodPerSecond: badSamples.length / SECONDS,
      evictions: after.evictions - before.evictions,
    }
  }

  return {
    name: 'garbage flood beside 1 000 good users',
    method:
      `A gateway process in front of the embedded Onezone; ${GOOD_USERS} users, each with an own proven token and address, ` +
      `${GOOD_PER_SECOND} requests/s in all for ${SECONDS} s, from a process of their own; beside them, from another, ` +
      `${FLOOD_PER_SECOND} requests/s each with another well-formed forged token that claims to be a good user's, of a higher ` +
      'generation. All share two cores, so the first comparison is with as many requests that carry no token at all: what is ' +
      `slower than alone there is HTTP. Latencies count from the moment when a request was due, the first ${LEAD_IN_SECONDS} s ` +
      'left out.',
    async check() {
      rig = await openRig(product)
      users = createGoodUsers(rig, GOOD_USERS)
      const [forged] = forge(1, 1, GOOD_USERS)
      const response = await fetch(rig.url + forged?.path, { headers: forged?.headers ?? {} })
      assert.equal(response.status, 401, 'a forged token')
      await warmUp()
    },
    async measure() {
      const strangers = FLOOD_PER_SECOND * SECONDS
      const fromOne = forge(strangers, 1, GOOD_USERS)
      const fromMany = forge(strangers, FLOOD_ADDRESSES, GOOD_USERS)
      const phases = [
        await measurePhase('alone', [], []),
        await measurePhase('beside requests without token', withoutTokens(), [401]),
        await measurePhase('beside forged tokens from one address', fromOne, [401, 429]),
        await measurePhase(
          `beside forged tokens from ${FLOOD_ADDRESSES} addresses`,
          fromMany,
          // 503: the queue to Onezone was full, which is what the shield is for.
          [401, 429, 503],
        ),
      ]
      return [...phases.flatMap((phase) => findingsOf(phase, phases)), evictionsOf(phases)]
    },
    async close() {
      await rig?.close()
      rig = null
    },
  }
}

function findingsOf(phase: Phase, [alone, plain]: readonly Phase[]): Finding[] {
  const { title, hitRatio, p99Ms, statuses, callsPerSecond, floodPerSecond } = phase
  const total = GOOD_PER_SECOND * SECONDS
  const flooded = phase !== alone && phase !== plain
  const percent = { unit: '%', digits: 2 }
  return [
    {
      what: `hit ratio of the good users, ${title}`,
      value: hitRatio * 100,
      ...percent,
      goal: flooded ? { atLeast: (alone?.hitRatio ?? 1) * 100 - 0.1 } : undefined,
      remark: flooded ? 'goal: as alone, within 0.1 points' : undefined,
    },
    {
      what: `good users not let through, ${title}`,
      value: total - (statuses[200] ?? 0),
      unit: '',
      digits: 0,
      goal: { exactly: 0 },
      remark: `of ${total}: ${answersText(statuses)}`,
    },
    {
      what: `p99 of the good users, ${title}`,
      value: p99Ms,
      unit: 'ms',
      digits: 1,
      remark:
        flooded && plain !== undefined
          ? `${(p99Ms / plain.p99Ms).toFixed(2)} × that beside requests without token`
          : undefined,
    },
    { what: `calls to Onezone, ${title}`, value: callsPerSecond, unit: '/s', digits: 0 },
    ...(phase === alone
      ? []
      : [
          {
            what: `the others answered, ${title}`,
            value: floodPerSecond,
            unit: '/s',
            digits: 0,
            goal: { atLeast: FLOOD_PER_SECOND * FULL_RATE },
            remark: 'if missed, the machine was too busy for this experiment',
          },
        ]),
  ]
}

function answersText(statuses: Phase['statuses']): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${count} × ${status === '0' ? 'no answer in time' : status}`)
    .join(', ')
}

function evictionsOf(phases: readonly Phase[]): Finding {
  return {
    what: 'grants evicted, in all',
    value: phases.reduce((sum, phase) => sum + phase.evictions, 0),
    unit: '',
    digits: 0,
    goal: { exactly: 0 },
  }
}

interface Counters {
  readonly granted: number
  readonly hits: number
  readonly calls: number
  readonly evictions: number
}

async function countersOf({ metric, verifyCalls }: Rig): Promise<Counters> {
  const good = { route: 'good', outcome: 'granted' }
  return {
    granted: await metric('onegate_verdicts_total', good),
    hits: await metric('onegate_verdicts_total', { ...good, source: 'cache' }),
    calls: verifyCalls(),
    evictions: await metric('onegate_cache_evictions_total', { store: 'grants' }),
  }
}

function countStatuses(samples: readonly Sample[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const [, , status] of samples) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

function afterLeadIn(samples: readonly Sample[]): number[] {
  const startMs = Math.min(...samples.map(([dueAtMs]) => dueAtMs)) + LEAD_IN_SECONDS * 1000
  return samples.filter(([dueAtMs]) => dueAtMs >= startMs).map(([, durationMs]) => durationMs)
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * part) - 1] ?? NaN
}
