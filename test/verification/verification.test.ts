import { expect, onTestFinished, test } from 'vitest'

import { parseToken } from '../../src/token/index.ts'
import type { VerificationOptions } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { question } from './gate-rig.ts'

const onezone = { url: 'http://127.0.0.1:1' }

test.each<[VerificationOptions, string]>([
  [{ onezone, verdicts: { maxStalenessMs: 0 } }, '"maxStalenessMs"'],
  [{ onezone, verdicts: { maxStalenessMs: 2_500.5 } }, '"maxStalenessMs"'],
  [{ onezone, verdicts: { maxStalenessMs: Number.NaN } }, '"maxStalenessMs"'],
  [{ onezone, verdicts: { maxStalenessMs: 2_499 } }, '"totalTimeoutMs"'],
  [{ onezone, verdicts: { negativeTtlMs: -1 } }, '"negativeTtlMs"'],
  [{ onezone, verdicts: { staleIfErrorMs: -1 } }, '"staleIfErrorMs"'],
  [{ onezone, verdicts: { staleIfErrorMs: 300_001 } }, '"staleIfErrorMs"'],
  [{ onezone, verdicts: { maxTokens: 0 } }, '"maxTokens"'],
  [{ onezone, verdicts: { maxFamilies: 0 } }, '"maxFamilies"'],
  [{ onezone, verdicts: { maxRefusals: Infinity } }, '"maxRefusals"'],
  [{ onezone, serviceToken: '' }, '"serviceToken"'],
])('the options %j are refused at construction', (options, message) => {
  expect(() => createVerification(options)).toThrow(TypeError)
  expect(() => createVerification(options)).toThrow(message)
})

test('the bound that is promised is the sum of both times', async () => {
  const plain = createVerification({ onezone })
  const stale = createVerification({ onezone, verdicts: { staleIfErrorMs: 60_000 } })
  onTestFinished(async () => void (await Promise.all([plain.close(), stale.close()])))
  expect(plain.stalenessBoundMs).toBe(10_000)
  expect(stale.stalenessBoundMs).toBe(70_000)
})

test('put together it asks a Onezone once, and shows what it knows', async () => {
  const clock = createFakeClock(Date.now())
  const started = await startOnezone({ clock })
  const deaths: string[] = []
  const verification = createVerification({
    onezone: { url: started.url },
    clock,
    random: () => 0.5,
    onDeath: (reason) => void deaths.push(reason),
  })
  onTestFinished(() => verification.close())
  const token = parseToken(started.createTemporaryToken({ subject: ALICE }))
  const ask = async (peerIp: string) =>
    verification.verifier.verify({ ...question(), token, peerIp })

  expect(await ask('10.0.0.1')).toMatchObject({ source: 'onezone', verdict: { subject: ALICE } })
  for (let i = 0; i < 50; i++) expect(await ask(`10.0.1.${i}`)).toMatchObject({ source: 'cache' })
  expect(started.calls().verifyAccessToken).toBe(1)
  expect([verification.entries('grants'), verification.entries('families')]).toEqual([1, 1])
  expect(verification.breakerState).toBe('closed')
  expect(verification.clockOffsetMs).toBe(0)

  started.revokeTemporaryTokens(ALICE)
  clock.advance(10_000)
  expect(await ask('10.0.0.1')).toMatchObject({ verdict: { reason: 'token_revoked' } })
  expect(deaths).toEqual(['token_revoked'])
})
