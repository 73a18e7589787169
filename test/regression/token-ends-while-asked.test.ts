import { expect, onTestFinished, test } from 'vitest'

import { opaqueToken } from '../../src/token/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { question } from '../verification/gate-rig.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { sendJson, startHttpServer } from '../helpers/http-server.ts'

// A token's end was judged by when the question was sent: one that ended on the way was let through.

/** A look-up API that takes its time, during which a token ends or does not. */
async function setUp(endsInMs: number, answersAfterMs: number) {
  const clock = createFakeClock()
  const expires = clock.now() + endsInMs
  let asked = 0
  const { url } = await startHttpServer((_request, response) => {
    asked += 1
    clock.advance(answersAfterMs)
    sendJson(response, 200, { id: 'tok', userId: 'alice', expires })
  })
  const verification = createVerification({
    tokenLookup: { url, apiToken: 'own-secret' },
    clock,
  })
  onTestFinished(() => verification.close())
  const verify = async () => {
    const { verifier } = verification
    return (await verifier.verify({ ...question(), token: opaqueToken('secret') })).verdict
  }
  return { clock, verify, asked: () => asked }
}

test.each([400, 1_500])('a token that ends in %i ms is refused after 1.5 s', async (endsInMs) => {
  const { verify } = await setUp(endsInMs, 1_500)
  expect(await verify()).toMatchObject({ outcome: 'refused', reason: 'token_expired' })
})

test('one that ends right after the answer is accepted, and only until then', async () => {
  const { clock, verify, asked } = await setUp(1_501, 1_500)
  const sentAtMs = clock.monotonic()
  const verdict = await verify()
  expect(isAccepted(verdict) && [verdict.ttlSeconds, verdict.askedAtMs]).toEqual([1.501, sentAtMs])
  expect(await verify()).toMatchObject({ outcome: 'accepted' })
  clock.advance(1)
  expect(await verify()).toMatchObject({ outcome: 'refused', reason: 'token_expired' })
  expect(asked()).toBe(1)
})
