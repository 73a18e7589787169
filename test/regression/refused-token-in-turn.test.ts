import { expect, test } from 'vitest'

import { createGateRig, no, settle, temporary, yes } from '../verification/gate-rig.ts'

// The tokens of a family are asked about in turn. One that was proven anew and then refused, for a reason of its own, kept
// its turn: Onezone was asked again about what it had just refused, and told nothing of the family.

const FIRST = { token: temporary(1, 'first') }
const SECOND = { token: temporary(1, 'second') }

test('a token that was refused has no turn in its family’s refresh', async () => {
  const rig = createGateRig()
  await rig.ask(FIRST)
  rig.clock.advance(1)
  await rig.ask(SECOND)
  rig.clock.advance(6_000)
  expect(await rig.ask(FIRST)).toEqual(['accepted', 'cache'])
  expect(await rig.ask({ ...FIRST, maxFactAgeMs: 0 })).toEqual(['accepted', 'onezone'])
  rig.clock.advance(1)
  rig.answerWith(no('service_forbidden'))
  expect(await rig.ask({ ...FIRST, maxFactAgeMs: 0 })).toEqual(['service_forbidden', 'onezone'])
  rig.answerWith(yes(rig.clock))
  rig.clock.advance(7_100)

  expect(await rig.ask(SECOND)).toEqual(['accepted', 'cache'])
  await settle()
  expect(rig.asked.at(-1)?.token.id).toBe('second')
  rig.clock.advance(6_000)
  expect(await rig.ask(SECOND)).toEqual(['accepted', 'cache'])
})
