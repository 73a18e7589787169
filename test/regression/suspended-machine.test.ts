import { expect, test } from 'vitest'

import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, START_SECONDS, temporary, yes } from '../verification/gate-rig.ts'

// While a machine is suspended its monotonic clock stands still: facts of yesterday looked as young as ever.

const inContext = tokenOf({ id: 'c', caveats: [{ type: 'asn', whitelist: [1] }] })

test('what was known before this machine was suspended is asked about anew', async () => {
  const rig = createGateRig()
  for (const token of [tokenOf(), inContext]) {
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
    rig.clock.advance(200)
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    rig.clock.advance(200)
    rig.clock.jump(86_400_000)
    rig.answerWith(no('token_revoked'))
    expect(await rig.ask({ token })).toEqual(['token_revoked', 'onezone'])
    rig.answerWith(yes(rig.clock))
  }
})

test('so is a refusal', async () => {
  const rig = createGateRig()
  rig.answerWith(no('token_invalid'))
  await rig.ask()
  rig.clock.advance(200)
  rig.clock.jump(86_400_000)
  rig.answerWith(yes(rig.clock))
  expect(await rig.ask()).toEqual(['accepted', 'onezone'])
})

test('so is that a generation is over', async () => {
  const rig = createGateRig()
  expect(await rig.ask({ token: temporary(5) })).toEqual(['accepted', 'onezone'])
  expect(await rig.ask({ token: temporary(4) })).toEqual(['token_revoked', 'local'])
  rig.clock.advance(200)
  rig.clock.jump(3_600_000)
  rig.answerWith(no('token_invalid'))
  expect(await rig.ask({ token: temporary(4) })).toEqual(['token_invalid', 'onezone'])
})

test('an answer to a question from before counts no more', async () => {
  const rig = createGateRig()
  rig.hold()
  const asked = rig.ask()
  rig.clock.advance(200)
  rig.clock.jump(86_400_000)
  const later = rig.ask({ token: tokenOf({ id: 'other' }) })
  rig.clock.advance(1)
  await rig.open[0]!.answer(yes(rig.clock))
  expect(rig.asked).toHaveLength(3)
  await rig.open[2]!.answer(no('token_revoked'))
  await rig.open[1]!.answer(yes(rig.clock))
  expect(await asked).toEqual(['token_revoked', 'onezone'])
  expect((await later)[0]).toBe('accepted')
})

test('nor where nothing else is asked meanwhile, and the gate has only just looked', async () => {
  const rig = createGateRig()
  rig.hold()
  const asked = rig.ask()
  rig.clock.advance(10)
  rig.clock.jump(86_400_000)
  await rig.open[0]!.answer(yes(rig.clock))
  expect(rig.asked).toHaveLength(2)
  await rig.open[1]!.answer(no('token_revoked'))
  expect(await asked).toEqual(['token_revoked', 'onezone'])
})

test('a fault after it is no leave to grant by what was known before it', async () => {
  for (const token of [tokenOf(), inContext]) {
    const rig = createGateRig({ staleIfErrorMs: 60_000 })
    await rig.ask({ token })
    rig.clock.advance(11_000)
    rig.hold()
    const awake = rig.ask({ token })
    await rig.open[0]!.fail()
    expect(await awake).toEqual(['accepted', 'stale'])
    const asked = rig.ask({ token })
    rig.clock.advance(10)
    rig.clock.jump(86_400_000)
    await Promise.all([expect(asked).rejects.toThrow('no answer'), rig.open[1]!.fail()])
  }
})

test('a token of a subject that may have been made anew meanwhile is asked about itself', async () => {
  const rig = createGateRig()
  const askOther = () => rig.ask({ token: temporary(1, 'other') })
  await rig.ask({ token: temporary(1) })
  await askOther()
  for (const [sleptMs, source] of [
    [20_000, 'cache'],
    [86_400_000, 'onezone'],
  ] as const) {
    rig.clock.advance(200)
    rig.clock.jump(sleptMs)
    for (let round = 0; round < 2; round++) {
      expect(await rig.ask({ token: temporary(1) })).toEqual(['accepted', 'onezone'])
      rig.clock.advance(1)
    }
    expect(await askOther()).toEqual(['accepted', source])
  }
})

test('a token that ended meanwhile is asked about itself, not only its family', async () => {
  const rig = createGateRig()
  const caveats = [{ type: 'time' as const, validUntil: START_SECONDS + 600 }]
  await rig.ask({ token: tokenOf({ caveats }) })
  await rig.ask()
  rig.clock.advance(200)
  rig.clock.jump(3_600_000)
  expect(await rig.ask()).toEqual(['accepted', 'onezone'])
  rig.clock.advance(1)
  rig.answerWith(no('token_expired'))
  expect(await rig.ask({ token: tokenOf({ caveats }) })).toEqual(['token_expired', 'onezone'])
})

test('a wall clock that is corrected by less than a second, or set back, changes nothing', async () => {
  const rig = createGateRig()
  await rig.ask()
  for (const ms of [900, -3_600_000]) {
    rig.clock.advance(200)
    rig.clock.jump(ms)
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  }
})
