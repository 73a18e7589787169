import { describe, expect, test } from 'vitest'

import { createClusterRig } from '../cluster/cluster-rig.ts'
import { fault, yes } from '../verification/gate-rig.ts'

// The primary gave away a fact of 9 998 ms; when the worker had it, it was older than the bound. The request got a 503,
// and a violation was counted; with `staleIfErrorMs` it passed on a fact that was too old, although Onezone answered.

/** One worker has asked; the other will when the fact is so old, and has to wait for the answer. */
async function setUp(staleIfErrorMs = 0) {
  const rig = createClusterRig({ verdicts: { staleIfErrorMs } })
  const [one, other] = rig.workers
  await one.ask()
  const knownAtMs = rig.clock.monotonic() - 1
  await rig.pass(knownAtMs + 9_990 - rig.clock.monotonic())
  rig.delay.toWorkerMs = 30
  /** How old the fact is that a grant rests on. */
  const ageOf = async (answer: ReturnType<typeof other.verify>) => {
    const { verdict, source } = await answer
    expect(verdict.outcome).toBe('accepted')
    return { ageMs: rig.clock.monotonic() + 40 - verdict.askedAtMs, source }
  }
  return { rig, other, ageOf }
}

describe.each([0, 60_000])('with staleIfErrorMs: %i', (staleIfErrorMs) => {
  test('a fact that got too old on its way is asked for anew, and Onezone not once more than that', async () => {
    const { rig, other, ageOf } = await setUp(staleIfErrorMs)
    const { ageMs, source } = await ageOf(other.verify())
    expect(ageMs).toBeLessThan(100)
    expect(source).not.toBe('stale')
    expect(rig.asked).toHaveLength(2)
    expect((await other.ask())[1]).toBe('cache')
  })

  test('one that is young enough when it comes is not', async () => {
    const { rig, other, ageOf } = await setUp(staleIfErrorMs)
    await rig.workers[0].ask()
    await rig.pass(100)
    expect(rig.asked).toHaveLength(2)
    await rig.pass(5_000)
    expect((await ageOf(other.verify())).ageMs).toBeGreaterThan(4_900)
    expect(rig.asked).toHaveLength(2)
  })
})

test('where Onezone does not answer then, the grant is stale and says so', async () => {
  const { rig, other, ageOf } = await setUp(60_000)
  rig.answerWith(fault())
  const { ageMs, source } = await ageOf(other.verify())
  expect(ageMs).toBeGreaterThan(10_000)
  expect(source).toBe('stale')
})

test('nor is it let in without staleIfErrorMs', async () => {
  const { rig, other } = await setUp()
  rig.answerWith(fault())
  expect(await other.ask()).toBe('no answer')
})

test('a channel on which everything gets too old brings no grant, and is asked on twice', async () => {
  const rig = createClusterRig({ verdicts: { maxStalenessMs: 2_000 } })
  rig.answerWith(yes(rig.clock))
  rig.delay.toWorkerMs = 2_000
  expect(await rig.workers[0].ask()).toBe('The answers of the primary process come too late')
  expect(rig.asked).toHaveLength(2)
})
