import { expect, test } from 'vitest'

import type { Verifier } from '../../src/verifier/index.ts'
import { accept } from '../../src/verifier/index.ts'
import { createClusterRig } from '../cluster/cluster-rig.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { ALICE, createGate, fault, question } from '../verification/gate-rig.ts'

// Whoever shared the answer to a question under way got a stale grant that did not say so.

const TOKENS = [
  ['a token that is judged locally', tokenOf()],
  ['a token that only Onezone can judge', tokenOf({ caveats: [{ type: 'asn', whitelist: [1] }] })],
] as const

test.each(TOKENS)(
  'all who share a stale grant are told that it is one: %s',
  async (_name, token) => {
    const clock = createFakeClock()
    const inner: Verifier = {
      async verify() {
        const askedAtMs = clock.monotonic() - 20_000
        await Promise.resolve()
        return { verdict: accept({ subject: ALICE, ttlSeconds: null, askedAtMs }), source: 'stale' }
      },
      close: async () => {},
    }
    const { verifier } = createGate(inner, clock, { staleIfErrorMs: 60_000 })
    const request = { ...question(), token }
    const answers = await Promise.all([1, 2, 3].map(async () => verifier.verify(request)))
    expect(answers.map(({ source }) => source)).toEqual(['stale', 'stale', 'stale'])
  },
)

test.each(TOKENS)('also in a worker, where the primary says so: %s', async (_name, token) => {
  const rig = createClusterRig({ verdicts: { staleIfErrorMs: 60_000 } })
  const [one, other] = rig.workers
  await one.ask({ token })
  rig.answerWith(fault())
  await rig.pass(20_000)
  for (const worker of [one, other]) {
    const answers = await Promise.all([1, 2, 3].map(() => worker.ask({ token })))
    expect(answers).toEqual(Array(3).fill(['accepted', 'stale']))
  }
})
