import { expect, test } from 'vitest'

import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, START_SECONDS } from '../verification/gate-rig.ts'
import { accept } from '../../src/verifier/index.ts'

// What Onezone said of a token's end just before its clock was set was refused by for good, without asking again.

test('a token is asked about whose end came by what was said before Onezone’s clock was set', async () => {
  const rig = createGateRig()
  const { clock, onezoneTime } = rig
  const validUntil = START_SECONDS + 600
  const token = tokenOf({ caveats: [{ type: 'time', validUntil }] })
  const tellDate = (aheadMs: number): void => {
    const nowMs = clock.monotonic()
    const dateMs = Math.floor((clock.now() + aheadMs) / 1000) * 1000
    onezoneTime.observeDate({ dateMs, askedAtMs: nowMs, answeredAtMs: nowMs })
  }
  rig.answerWith(({ token: { subject } }, askedAtMs) =>
    accept({ subject, ttlSeconds: 600, askedAtMs }),
  )

  tellDate(0)
  clock.advance(1_000)
  tellDate(-3_600_000)
  expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  clock.advance(700_000)
  expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  // And ends by that answer, which was given since.
  clock.advance(601_000)
  expect(await rig.ask({ token })).toEqual(['token_expired', 'local'])
  expect(rig.asked).toHaveLength(2)
})

test('so is one whose question was sent after another that was answered later, by the new time', async () => {
  const rig = createGateRig()
  const { clock, onezoneTime } = rig
  const token = tokenOf({ caveats: [{ type: 'time', validUntil: START_SECONDS + 600 }] })
  const dateOf = (aheadMs: number) => Math.floor((clock.now() + aheadMs) / 1000) * 1000
  const firstMs = clock.monotonic()
  onezoneTime.observeDate({ dateMs: dateOf(0), askedAtMs: firstMs, answeredAtMs: firstMs })
  clock.advance(10_000)
  const otherAskedAtMs = clock.monotonic()
  clock.advance(300)
  rig.hold()
  const asked = rig.ask({ token })
  clock.advance(300)
  const nowMs = clock.monotonic()
  const dateMs = dateOf(3_600_000)
  onezoneTime.observeDate({ dateMs, askedAtMs: otherAskedAtMs, answeredAtMs: nowMs })
  // Onezone had said so before its clock was set.
  await rig.open[0]!.answer(({ token: { subject } }, askedAtMs) =>
    accept({ subject, ttlSeconds: 590, askedAtMs }),
  )
  expect(await asked).toEqual(['accepted', 'onezone'])
  rig.answerWith(no('token_expired'))
  expect(await rig.ask({ token })).toEqual(['token_expired', 'onezone'])
})
