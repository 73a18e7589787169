import { expect, test } from 'vitest'

import { createGateRig, no, temporary, yes } from '../verification/gate-rig.ts'

// Whoever waited for an answer that counts no more asked again, though others had been answered meanwhile.

test('an answer that a later one has overtaken is not asked for again', async () => {
  const rig = createGateRig()
  rig.hold()
  const first = rig.ask()
  rig.clock.advance(1)
  const second = rig.ask({ maxFactAgeMs: 0 })
  await rig.open[1]!.answer(no('token_invalid'))
  expect((await second)[0]).toBe('token_invalid')
  await rig.open[0]!.answer(yes(rig.clock))
  expect((await first)[0]).toBe('token_invalid')
  expect(rig.asked).toHaveLength(2)
})

test('nor where a fact about the family is known by then', async () => {
  const rig = createGateRig()
  await rig.ask()
  rig.clock.advance(10_000)
  rig.hold()
  const first = rig.ask()
  rig.clock.advance(1)
  const second = rig.ask({ maxFactAgeMs: 0 })
  await rig.open[1]!.answer(yes(rig.clock))
  expect((await second)[0]).toBe('accepted')
  await rig.open[0]!.answer(yes(rig.clock))
  expect((await first)[0]).toBe('accepted')
  expect(rig.asked).toHaveLength(3)
})

// Where each answer was about one token alone, all who waited asked one after another.

test('tokens of a family wait for two answers about others, and then no longer', async () => {
  const rig = createGateRig({ negativeTtlMs: 0 })
  const members = Array.from({ length: 20 }, (_, i) => temporary(5, `member${i}`))
  for (const token of members) await rig.ask({ token })
  rig.clock.advance(60_000)
  rig.asked.length = 0
  rig.hold()
  const answers = Promise.all(members.map((token) => rig.ask({ token })))
  for (const open of [1, 2, 20]) {
    expect(rig.asked).toHaveLength(open)
    await rig.open[open - 1]!.answer(no('service_forbidden'))
  }
  for (const question of rig.open.slice(2)) await question.answer(no('service_forbidden'))
  expect(new Set((await answers).map(([outcome]) => outcome))).toEqual(
    new Set(['service_forbidden']),
  )
  expect(rig.asked).toHaveLength(20)
})
