import { describe, expect, test } from 'vitest'

import { createClusterRig } from '../cluster/cluster-rig.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { fault, no } from '../verification/gate-rig.ts'

// One worker was told that a session had ended. Then Onezone went down, and the other worker let the token in for as
// long as `staleIfErrorMs` allows: that a refusal is about one token alone was known only to the worker that had asked.

const bound = (sessionId: string) =>
  tokenOf({ id: sessionId, type: { accessToken: { sessionId } } })

/** Both workers have let these tokens in, and their facts are too old by now. */
async function setUp(...tokens: ReturnType<typeof tokenOf>[]) {
  const rig = createClusterRig({ verdicts: { staleIfErrorMs: 60_000 } })
  for (const token of tokens) {
    for (const worker of rig.workers) expect((await worker.ask({ token }))[0]).toBe('accepted')
  }
  await rig.pass(10_000)
  return rig
}

describe.each([
  ['a token whose session has ended', bound('ended'), 'token_invalid'],
  ['a token whose service is forbidden now', tokenOf(), 'service_forbidden'],
] as const)('%s', (_name, token, reason) => {
  test('is let in by no worker once one was told', async () => {
    const rig = await setUp(token)
    const [one, other] = rig.workers
    rig.answerWith(no(reason))
    expect((await one.ask({ token }))[0]).toBe(reason)
    rig.answerWith(fault())
    await rig.pass(3_000) // for less than that the primary remembers the refusal
    expect(await other.ask({ token })).toBe('no answer')
    expect(await one.ask({ token })).toBe('no answer')
  })

  test('is refused by the other, too, for as long as the refusal is believed', async () => {
    const rig = await setUp(token)
    const [one, other] = rig.workers
    rig.answerWith(no(reason))
    await one.ask({ token })
    rig.answerWith(fault())
    expect((await other.ask({ token }))[0]).toBe(reason)
  })

  test('is let in by all again when Onezone accepts it again', async () => {
    const rig = await setUp(token)
    const { answerWith, workers } = rig
    answerWith(no(reason))
    await workers[0].ask({ token })
    await rig.pass(3_000)
    rig.answerWith(async () => (await createClusterRig().workers[0].verify({ token })).verdict)
    for (const worker of workers) expect((await worker.ask({ token }))[0]).toBe('accepted')
  })
})

test('a worker that has just been asking is told, too: what it knew is gone before it goes on', async () => {
  const token = bound('ended')
  const rig = await setUp(token)
  const [one, other] = rig.workers
  rig.answerWith(no('token_invalid'))
  await one.ask({ token })
  rig.answerWith(fault())
  await rig.pass(rig.delay.toWorkerMs)
  await rig.pass(2_000)
  expect(await other.ask({ token })).toBe('no answer')
})

test('no other token loses anything', async () => {
  const [ended, going] = [bound('ended'), bound('going')]
  const rig = await setUp(ended, going)
  const [one, other] = rig.workers
  rig.answerWith(no('token_invalid'))
  await one.ask({ token: ended })
  rig.answerWith(fault())
  expect(await other.ask({ token: going })).toEqual(['accepted', 'stale'])
})

test('strangers cannot have the workers told anything', async () => {
  const rig = createClusterRig()
  for (const reason of ['token_invalid', 'token_revoked', 'service_forbidden'] as const) {
    rig.answerWith(no(reason))
    for (const token of [bound(reason), tokenOf({ id: reason })]) {
      for (const worker of rig.workers) expect((await worker.ask({ token }))[0]).toBe(reason)
    }
  }
  await rig.pass(1_000)
  expect(rig.told).toEqual([])
})
