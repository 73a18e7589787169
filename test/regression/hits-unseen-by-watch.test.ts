import { expect, test } from 'vitest'

import { createClusterRig } from '../cluster/cluster-rig.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { fault, temporary } from '../verification/gate-rig.ts'

// A hit in a worker was not known to the primary. Its watch took the family to be out of use and left it alone until
// the worker asked again: a revocation was seen after 4.6 s instead of 2 s.

/** A watch every 2 s of what would be good for five minutes, and a load that never stops. */
function setUp(intervalMs = 2_000) {
  const onezone = { generation: 1, revoked: false, reads: 0 }
  const read = async () => {
    onezone.reads += 1
    return onezone as never
  }
  const rig = createClusterRig({
    verdicts: { maxStalenessMs: 300_000 },
    watch: {
      options: { token: 'watch-token', intervalMs },
      source: {
        getTemporaryTokenGenerationOfUser: read,
        getTemporaryTokenGenerationOfProvider: read,
        getNamedTokenStatus: read,
        close: async () => {},
      },
    },
  })
  return { rig, onezone }
}

test.each([
  ['of a generation', temporary(1), { generation: 2 }],
  ['of a named token', tokenOf(), { revoked: true }],
])('the end %s is seen by the watch while workers answer from memory', async (_n, token, end) => {
  const { rig, onezone } = setUp()
  const [, worker] = rig.workers
  /** What it says when it no longer says yes, or at the end. */
  const use = async (forMs: number) => {
    let outcome = 'accepted'
    for (let ms = 0; ms < forMs && outcome === 'accepted'; ms += 100) {
      outcome = (await worker.ask({ token }))[0]!
      await rig.pass(100)
    }
    return outcome
  }
  expect(await use(30_000)).toBe('accepted')
  expect(onezone.reads).toBeGreaterThanOrEqual(12)
  expect(rig.asked).toHaveLength(1)
  Object.assign(onezone, end)
  rig.answerWith(fault())
  expect(await use(2_600)).toBe('token_revoked')
})

test('a family that no worker uses is not read', async () => {
  const { rig, onezone } = setUp()
  await rig.workers[0].ask({ token: temporary(1) })
  await rig.pass(10_000)
  const { reads } = onezone
  await rig.pass(60_000)
  expect(onezone.reads).toBe(reads)
  expect(reads).toBeLessThan(3)
})

test('a faster watch is told as often as it looks', async () => {
  const { rig, onezone } = setUp(250)
  for (let ms = 0; ms < 10_000; ms += 50) {
    await rig.workers[0].ask({ token: temporary(1) })
    await rig.pass(50)
  }
  expect(onezone.reads).toBeGreaterThan(30)
})
