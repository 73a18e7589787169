import { expect, onTestFinished, test } from 'vitest'

import { confineToken, parseToken } from '../../src/token/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { question } from '../verification/gate-rig.ts'

// Onezone's clock was set, and no answer told: only tokens without an end were asked about.

test('R-V12 R-P14 a token ends though Onezone’s clock was set while only tokens without an end were used', async () => {
  const clock = createFakeClock(Date.now())
  const onezone = await startOnezone({ clock })
  const verification = createVerification({ onezone: { url: onezone.url }, clock })
  onTestFinished(() => verification.close())
  const ask = async (text: string) => {
    const asked = { ...question(), token: parseToken(text) }
    const { verdict, source } = await verification.verifier.verify(asked)
    return [verdict.outcome === 'accepted' ? 'accepted' : verdict.reason, source]
  }
  const parent = onezone.createNamedToken({ subject: ALICE, name: 'parent' }).token
  const validUntil = Math.floor(clock.now() / 1000) + 3_600
  const child = confineToken(parent, [{ type: 'time', validUntil }])
  expect(await ask(child)).toEqual(['accepted', 'onezone'])
  expect(await ask(parent)).toEqual(['accepted', 'onezone'])

  onezone.setClock(validUntil + 60)
  clock.advance(10_000)
  expect(await ask(parent)).toEqual(['accepted', 'onezone'])
  expect(verification.clockOffsetMs).toBeGreaterThan(3_600_000)
  expect(await ask(child)).toEqual(['token_expired', 'onezone'])

  onezone.setClock(null)
  expect(await ask(onezone.createTemporaryToken({ subject: ALICE }))).toEqual([
    'accepted',
    'onezone',
  ])
  expect(Math.abs(verification.clockOffsetMs)).toBeLessThan(3_000)
})
