import { describe, expect, test } from 'vitest'

import { VerifierFaultError } from '../../src/errors.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, fault, no, settle, temporary, yes } from './gate-rig.ts'

const confined = (third: number) =>
  tokenOf({ caveats: [{ type: 'ip', whitelist: [`10.0.${third}.0/24`] }] })

describe('one call keeps a family alive', () => {
  test('whichever member and context asks', async () => {
    const rig = createGateRig()
    const members = Array.from({ length: 10 }, (_, i) => temporary(5, `member${i}`))
    for (const token of members) await rig.ask({ token })
    rig.clock.advance(1)
    rig.asked.length = 0
    for (let second = 0; second < 30; second++) {
      for (const [i, token] of members.entries()) {
        const peerIp = `10.0.${second}.${i}`
        expect((await rig.ask({ token, peerIp }))[0]).toBe('accepted')
        expect((await rig.ask({ token, interface: 'oneclient' }))[1]).toBe('cache')
      }
      await settle()
      rig.clock.advance(1_000)
    }
    expect(rig.asked.length).toBeGreaterThanOrEqual(3)
    expect(rig.asked.length).toBeLessThanOrEqual(4)
    expect(rig.asked.every(({ proven }) => proven === true)).toBe(true)
  })

  test('a family that nobody uses is not asked about', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(3_600_000)
    await settle()
    expect(rig.asked).toHaveLength(1)
  })

  test('a token that is new to a known family needs its own verification', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'one') })
    expect(await rig.ask({ token: temporary(5, 'two') })).toEqual(['accepted', 'onezone'])
    expect(rig.asked[1]).toMatchObject({ proven: false })
  })

  test('the first verification of a new member counts as a fact about the family', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'one') })
    rig.clock.advance(6_000)
    await rig.ask({ token: temporary(5, 'two') })
    rig.clock.advance(6_000)
    expect(await rig.ask({ token: temporary(5, 'one') })).toEqual(['accepted', 'cache'])
    expect(rig.asked).toHaveLength(2)
  })

  test('a fact is as old as its question: a slow answer lives less long', async () => {
    const rig = createGateRig()
    rig.hold()
    const first = rig.ask()
    await settle()
    rig.clock.advance(2_400)
    await rig.open[0]?.answer(yes(rig.clock))
    expect(await first).toEqual(['accepted', 'onezone'])
    rig.clock.advance(7_599)
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
    rig.clock.advance(1)
    const waiting = rig.ask()
    await settle()
    await rig.open[1]?.fail()
    await expect(waiting).rejects.toThrow(VerifierFaultError)
  })

  test('an older answer that comes late does not make the family be asked about sooner', async () => {
    const rig = createGateRig()
    rig.hold()
    const slow = rig.ask({ token: temporary(5, 'slow') })
    await settle()
    rig.clock.advance(2_000)
    const quick = rig.ask({ token: temporary(5, 'quick') })
    await settle()
    await rig.open[1]?.answer(yes(rig.clock))
    await rig.open[0]?.answer(yes(rig.clock))
    await Promise.all([slow, quick])
    rig.clock.advance(7_100 - 2_000) // 70 % of the older fact, half of the newer
    expect(await rig.ask({ token: temporary(5, 'slow') })).toEqual(['accepted', 'cache'])
    await settle()
    expect(rig.asked).toHaveLength(2)
  })
})

describe('a family in use is asked about in the background', () => {
  test.each([
    [0, 6_500],
    [0.5, 7_000],
    [0.999, 7_499],
  ])('R-V15 with the random number %f from %i ms on, not sooner', async (random, fromMs) => {
    const rig = createGateRig({ random: () => random })
    await rig.ask()
    rig.clock.advance(fromMs - 1)
    await rig.ask()
    expect(rig.asked).toHaveLength(1)
    rig.clock.advance(2)
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
    expect(rig.asked).toHaveLength(2)
  })

  test('so that a busy one never waits, however long it is busy', async () => {
    const rig = createGateRig()
    await rig.ask()
    for (let i = 0; i < 1_000; i++) {
      rig.clock.advance(100)
      const answered = rig.verifier.verify({ ...rig.asked[0]!, proven: undefined })
      expect(answered).not.toBeInstanceOf(Promise)
      await settle()
    }
    expect(rig.asked.length).toBeLessThan(17)
  })

  test('once at a time, for all members', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'one') })
    await rig.ask({ token: temporary(5, 'two') })
    rig.hold()
    rig.clock.advance(7_500)
    for (const id of ['one', 'two', 'one', 'two']) {
      expect(await rig.ask({ token: temporary(5, id) })).toEqual(['accepted', 'cache'])
    }
    expect(rig.open).toHaveLength(1)
  })

  test('again soon, but not at once, where nobody could say', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.answerWith(fault())
    rig.clock.advance(7_000)
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
    await settle()
    rig.clock.advance(499)
    await rig.ask()
    expect(rig.asked).toHaveLength(2)
    rig.clock.advance(1)
    await rig.ask()
    expect(rig.asked).toHaveLength(3)
  })

  test('what went wrong there is nobody’s error until the bound, and everybody’s from then on', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.answerWith(fault())
    rig.clock.advance(9_999)
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
    await settle()
    rig.clock.advance(1)
    await expect(rig.ask()).rejects.toThrow('no answer')
  })
})

describe('questions that are under way are shared', () => {
  test('a thousand callers with one new token, one question', async () => {
    const rig = createGateRig()
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => rig.verify()))
    expect(rig.asked).toHaveLength(1)
    const sources = answers.map(({ source }) => source)
    expect(sources.filter((source) => source === 'onezone')).toHaveLength(1)
    expect(sources.filter((source) => source === 'coalesced')).toHaveLength(999)
  })

  test('across addresses and interfaces of one token that is judged locally', async () => {
    const rig = createGateRig()
    await Promise.all([
      rig.ask({ peerIp: '10.0.0.1' }),
      rig.ask({ peerIp: '10.9.9.9', interface: 'oneclient' }),
      rig.ask({ peerIp: null, interface: null }),
    ])
    expect(rig.asked).toHaveLength(1)
  })

  test('but a caller whose context the caveats forbid has no part in it (GHSA-84rm-mhfq-f476)', async () => {
    const rig = createGateRig()
    const answers = await Promise.all([
      rig.ask({ token: confined(0), peerIp: '10.0.0.1' }),
      rig.ask({ token: confined(0), peerIp: '10.0.1.1' }),
    ])
    expect(answers).toEqual([
      ['accepted', 'onezone'],
      ['caveat_unverified', 'local'],
    ])
  })

  test('across members of a family whose fact has become too old', async () => {
    const rig = createGateRig()
    const members = Array.from({ length: 20 }, (_, i) => temporary(5, `member${i}`))
    for (const token of members) await rig.ask({ token })
    rig.asked.length = 0
    rig.clock.advance(60_000)
    const answers = await Promise.all(
      members.flatMap((token) => [rig.ask({ token }), rig.ask({ token, peerIp: '10.0.0.2' })]),
    )
    expect(rig.asked).toHaveLength(1)
    expect(answers.every(([outcome]) => outcome === 'accepted')).toBe(true)
    expect(answers.filter(([, source]) => source === 'onezone')).toHaveLength(1)
  })

  test('the members that waited fare each by its own caveats', async () => {
    const rig = createGateRig()
    await rig.ask({ token: confined(0) })
    await rig.ask()
    rig.clock.advance(60_000)
    rig.hold()
    const one = rig.ask()
    const other = rig.ask({ token: confined(0), peerIp: '11.0.0.1' })
    expect(await other).toEqual(['caveat_unverified', 'local'])
    await settle()
    await rig.open[0]?.answer(yes(rig.clock))
    expect(await one).toEqual(['accepted', 'onezone'])
  })

  test('where the answer tells nothing about the family, those who waited ask one after another', async () => {
    const rig = createGateRig()
    const members = ['one', 'two', 'three'].map((id) => temporary(5, id))
    for (const token of members) await rig.ask({ token })
    rig.asked.length = 0
    rig.clock.advance(60_000)
    rig.hold()
    const answers = members.map((token) => rig.ask({ token }))
    await settle()
    expect(rig.open).toHaveLength(1)
    await rig.open[0]?.answer(no('service_forbidden'))
    expect(rig.open).toHaveLength(2)
    await rig.open[1]?.answer(yes(rig.clock))
    expect(await Promise.all(answers)).toEqual([
      ['service_forbidden', 'onezone'],
      ['accepted', 'onezone'],
      ['accepted', 'coalesced'],
    ])
    expect(rig.asked).toHaveLength(2)
  })

  test('a refusal of one token alone reaches all who waited with that token', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(60_000)
    rig.answerWith(no('service_forbidden'))
    const answers = await Promise.all(Array.from({ length: 50 }, () => rig.ask()))
    expect(answers.map(([outcome]) => outcome)).toEqual(Array(50).fill('service_forbidden'))
    expect(rig.asked).toHaveLength(2)
  })

  test('a death in the answer reaches all who waited for it', async () => {
    const rig = createGateRig()
    const members = ['one', 'two', 'three'].map((id) => temporary(5, id))
    for (const token of members) await rig.ask({ token })
    rig.clock.advance(60_000)
    rig.answerWith(no('token_revoked'))
    const answers = await Promise.all(members.map((token) => rig.ask({ token })))
    expect(answers.map(([outcome]) => outcome)).toEqual(Array(3).fill('token_revoked'))
    expect(rig.asked).toHaveLength(4)
  })

  test('a fault reaches all who waited, is never remembered, and leaves nothing behind', async () => {
    const rig = createGateRig()
    rig.answerWith(fault())
    const answers = await Promise.allSettled([rig.ask(), rig.ask(), rig.ask()])
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    expect(rig.asked).toHaveLength(1)
    expect(rig.memory.entries('refusals')).toBe(0)
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask()).toEqual(['accepted', 'onezone'])
    expect(rig.asked).toHaveLength(2)
  })

  test('a fault about one member of a family reaches all that waited for the same fact', async () => {
    const rig = createGateRig()
    const members = ['one', 'two', 'three'].map((id) => temporary(5, id))
    for (const token of members) await rig.ask({ token })
    rig.asked.length = 0
    rig.clock.advance(60_000)
    rig.answerWith(fault())
    const answers = await Promise.allSettled(members.map((token) => rig.ask({ token })))
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    expect(rig.asked).toHaveLength(1)
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask({ token: members[2]! })).toEqual(['accepted', 'onezone'])
  })
})
