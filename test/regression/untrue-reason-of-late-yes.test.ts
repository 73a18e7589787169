import { expect, test } from 'vitest'

import { createGateRig, no, temporary, yes } from '../verification/gate-rig.ts'

// A yes that came after a later no was refused as revoked, whatever the later answer had said.

test('a yes that comes too late is refused for the reason that was given since', async () => {
  const rig = createGateRig({ negativeTtlMs: 0 })
  rig.hold()
  const first = rig.ask({ token: temporary(5, 'a') })
  rig.clock.advance(1)
  const second = rig.ask({ token: temporary(5, 'b') })
  await rig.open[1]!.answer(no('user_blocked'))
  expect((await second)[0]).toBe('user_blocked')
  await rig.open[0]!.answer(yes(rig.clock))
  expect((await first)[0]).toBe('user_blocked')
})

test('and as unknown where its generation is one of the subject’s former life', async () => {
  const rig = createGateRig()
  rig.hold()
  const former = rig.ask({ token: temporary(3, 'a') })
  rig.clock.advance(1)
  const newer = rig.ask({ token: temporary(1, 'b') })
  await rig.open[1]!.answer(yes(rig.clock))
  expect((await newer)[0]).toBe('accepted')
  await rig.open[0]!.answer(yes(rig.clock))
  expect((await former)[0]).toBe('token_invalid')
})

test('even where that is over by now', async () => {
  const rig = createGateRig({ negativeTtlMs: 0 })
  rig.hold()
  const asked = ['a', 'b', 'c'].map((id) => {
    rig.clock.advance(1)
    return rig.ask({ token: temporary(5, id) })
  })
  await rig.open[1]!.answer(no('user_blocked'))
  await rig.open[2]!.answer(yes(rig.clock))
  await rig.open[0]!.answer(yes(rig.clock))
  const reasons = (await Promise.all(asked)).map(([reason]) => reason)
  expect(reasons).toEqual(['user_blocked', 'user_blocked', 'accepted'])
})
