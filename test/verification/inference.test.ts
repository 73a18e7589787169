import { describe, expect, test } from 'vitest'

import type { RefusalReason } from '../../src/verifier/index.ts'
import { mint, tokenOf, withOneCharacterChanged } from '../helpers/tokens.ts'
import { parseToken } from '../../src/token/index.ts'
import type { Token } from '../../src/token/index.ts'
import { ALICE, BOB, createGateRig, no, question, settle, temporary, yes } from './gate-rig.ts'

const forged = (token: Token): Token => parseToken(withOneCharacterChanged(token.serialized))

describe('a yes for a temporary token of generation g', () => {
  test('kills every older generation of its subject, without asking for a minute', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(4) })
    await rig.ask({ token: temporary(5) })
    const questions = rig.asked.length
    expect(await rig.ask({ token: temporary(4) })).toEqual(['token_revoked', 'local'])
    rig.clock.advance(59_999)
    expect(await rig.ask({ token: temporary(4) })).toEqual(['token_revoked', 'local'])
    expect(await rig.ask({ token: temporary(3, 'never seen') })).toEqual(['token_revoked', 'local'])
    expect(rig.asked).toHaveLength(questions)
    rig.clock.advance(1)
    rig.answerWith(no('token_revoked'))
    expect(await rig.ask({ token: temporary(4) })).toEqual(['token_revoked', 'onezone'])
    expect(await rig.ask({ token: temporary(3, 'never seen') })).toEqual(['token_revoked', 'local'])
    expect(rig.deaths).toEqual(['token_revoked'])
  })

  test('says nothing about newer generations, nor about other subjects', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5) })
    expect(await rig.ask({ token: temporary(6) })).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token: temporary(1, 't', BOB) })).toEqual(['accepted', 'onezone'])
  })

  test('does not prove another token of its family', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'one') })
    rig.answerWith(no('token_invalid'))
    expect(await rig.ask({ token: temporary(5, 'two') })).toEqual(['token_invalid', 'onezone'])
    expect(await rig.ask({ token: temporary(5, 'one') })).toEqual(['accepted', 'cache'])
  })

  test('does not prove a confined copy of its token', async () => {
    const rig = createGateRig()
    await rig.ask()
    const copy = tokenOf({ caveats: [{ type: 'ip', whitelist: ['0.0.0.0/0'] }] })
    expect(await rig.ask({ token: copy })).toEqual(['accepted', 'onezone'])
    expect(rig.asked).toHaveLength(2)
  })

  test('loses where it comes late and the generation is known to be over', async () => {
    const rig = createGateRig()
    rig.hold()
    const late = rig.ask({ token: temporary(4) })
    await settle()
    rig.clock.advance(500)
    const current = rig.ask({ token: temporary(5) })
    await settle()
    await rig.open[1]?.answer(yes(rig.clock))
    expect(await current).toEqual(['accepted', 'onezone'])
    await rig.open[0]?.answer(yes(rig.clock))
    expect(await late).toEqual(['token_revoked', 'onezone'])
    expect(await rig.ask({ token: temporary(4) })).toEqual(['token_revoked', 'local'])
  })
})

describe('tokenRevoked for a temporary token of generation g', () => {
  test('kills g and everything older, without asking for a minute, also where the token was forged', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5) })
    rig.answerWith(no('token_revoked'))
    await rig.ask({ token: forged(temporary(5)) })
    expect(await rig.ask({ token: temporary(5) })).toEqual(['token_revoked', 'local'])
    rig.clock.advance(59_999)
    expect(await rig.ask({ token: temporary(5) })).toEqual(['token_revoked', 'local'])
    expect(await rig.ask({ token: temporary(2) })).toEqual(['token_revoked', 'local'])
    expect(rig.asked).toHaveLength(2)
    rig.clock.advance(1)
    expect(await rig.ask({ token: temporary(5) })).toEqual(['token_revoked', 'onezone'])
    expect(await rig.ask({ token: temporary(2) })).toEqual(['token_revoked', 'local'])
  })

  test('leaves a newer generation alone', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5) })
    rig.answerWith(no('token_revoked'))
    await rig.ask({ token: forged(temporary(4)) })
    expect(await rig.ask({ token: temporary(5) })).toEqual(['accepted', 'cache'])
  })

  test('S-164 wins over a yes that was asked for before and comes late', async () => {
    const rig = createGateRig()
    rig.hold()
    const late = rig.ask({ token: temporary(5) })
    await settle()
    const other = rig.ask({ token: temporary(5, 'other') })
    await settle()
    await rig.open[1]?.answer(no('token_revoked'))
    await other
    await rig.open[0]?.answer(yes(rig.clock))
    expect(await late).toEqual(['token_revoked', 'onezone'])
  })
})

describe('tokenRevoked for a named token', () => {
  test('refuses it and all that descends from it, without asking, for the negative time to live', async () => {
    const rig = createGateRig()
    const child = tokenOf({ caveats: [{ type: 'interface', interface: 'rest' }] })
    await rig.ask()
    await rig.ask({ token: child })
    rig.clock.advance(7_500)
    rig.answerWith(no('token_revoked'))
    await rig.ask() // still granted, and refreshed behind
    await settle()
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask()).toEqual(['token_revoked', 'local'])
    expect(await rig.ask({ token: child })).toEqual(['token_revoked', 'local'])
    rig.clock.advance(1_999)
    expect(await rig.ask({ token: child })).toEqual(['token_revoked', 'local'])
    expect(rig.asked).toHaveLength(3)
    expect(rig.deaths).toEqual(['token_revoked'])
  })

  test('is a toggle: once restored the token works again after the negative time to live', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(10_000)
    rig.answerWith(no('token_revoked'))
    expect(await rig.ask()).toEqual(['token_revoked', 'onezone'])
    rig.answerWith(yes(rig.clock))
    rig.clock.advance(2_000)
    expect(await rig.ask()).toEqual(['accepted', 'onezone'])
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  })

  test('is not forgotten by asking about the next interval: it is asked again, and never granted meanwhile', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(7_500)
    rig.answerWith(no('token_revoked'))
    await rig.ask()
    await settle()
    rig.clock.advance(2_000) // the yes is 9.5 s old only, but older than the no
    expect(await rig.ask()).toEqual(['token_revoked', 'onezone'])
  })

  test.each([2_000, 0])(
    'wins over a yes that was asked for before and comes late, with a negative time to live of %i ms',
    async (negativeTtlMs) => {
      const rig = createGateRig({ negativeTtlMs })
      rig.hold()
      const late = rig.ask()
      await settle()
      rig.clock.advance(10)
      const child = tokenOf({ caveats: [{ type: 'interface', interface: 'rest' }] })
      const other = rig.ask({ token: child })
      await settle()
      await rig.open[1]?.answer(no('token_revoked'))
      await other
      rig.clock.advance(2_100)
      await rig.open[0]?.answer(yes(rig.clock))
      expect(await late).toEqual(['token_revoked', 'onezone'])
    },
  )

  test('loses against a yes that was asked for later', async () => {
    const rig = createGateRig()
    rig.hold()
    const child = tokenOf({ caveats: [{ type: 'interface', interface: 'rest' }] })
    const early = rig.ask({ token: child })
    await settle()
    rig.clock.advance(10)
    const later = rig.ask()
    await settle()
    await rig.open[1]?.answer(yes(rig.clock))
    await later
    await rig.open[0]?.answer(no('token_revoked'))
    expect(await early).toEqual(['token_revoked', 'onezone'])
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  })
})

describe('userBlocked', () => {
  test('refuses every known token of the user, of every family, and is a toggle', async () => {
    const rig = createGateRig()
    await rig.ask()
    await rig.ask({ token: temporary(5) })
    await rig.ask({ token: temporary(5, 't', BOB) })
    rig.answerWith(no('user_blocked'))
    expect(await rig.ask({ token: tokenOf({ id: 'third' }) })).toEqual(['user_blocked', 'onezone'])
    expect(await rig.ask()).toEqual(['user_blocked', 'local'])
    expect(await rig.ask({ token: temporary(5) })).toEqual(['user_blocked', 'local'])
    expect(await rig.ask({ token: temporary(5, 't', BOB) })).toEqual(['accepted', 'cache'])
    rig.answerWith(yes(rig.clock))
    rig.clock.advance(2_000)
    expect(await rig.ask()).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token: temporary(5) })).toEqual(['accepted', 'onezone'])
  })

  test('is what a version 1 token teaches about the subject that it was proven for', async () => {
    const rig = createGateRig()
    const legacy = parseToken(
      mint({ version: 1, subject: { type: 'nobody', id: null }, id: 'legacy' }),
    )
    await rig.ask({ token: legacy })
    await rig.ask()
    rig.clock.advance(10_000)
    rig.answerWith(no('user_blocked'))
    await rig.ask({ token: legacy })
    expect(await rig.ask()).toEqual(['user_blocked', 'local'])
    expect(ALICE.id).toBe('alice')
  })

  test('wins over a yes of another family that was asked for before and comes late', async () => {
    const rig = createGateRig()
    rig.hold()
    const late = rig.ask()
    await settle()
    rig.clock.advance(10)
    const other = rig.ask({ token: tokenOf({ id: 'other' }) })
    await settle()
    await rig.open[1]?.answer(no('user_blocked'))
    await other
    await rig.open[0]?.answer(yes(rig.clock))
    expect(await late).toEqual(['user_blocked', 'onezone'])
  })
})

describe('tokenInvalid', () => {
  test('for a token that was proven before kills its family', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'one') })
    await rig.ask({ token: temporary(5, 'two') })
    rig.clock.advance(7_500)
    rig.answerWith(no('token_invalid'))
    await rig.ask({ token: temporary(5, 'one') })
    await settle()
    expect(await rig.ask({ token: temporary(5, 'two') })).toEqual(['token_invalid', 'local'])
    // Nobody knows whether that one is of the same life of its subject.
    expect(await rig.ask({ token: temporary(5, 'three') })).toEqual(['token_invalid', 'onezone'])
    expect(rig.deaths).toEqual(['token_invalid'])
  })

  test('for a named token that was proven before kills all that descends from it', async () => {
    const rig = createGateRig()
    const child = tokenOf({ caveats: [{ type: 'interface', interface: 'rest' }] })
    await rig.ask()
    rig.clock.advance(7_500)
    rig.answerWith(no('token_invalid'))
    await rig.ask()
    await settle()
    expect(await rig.ask()).toEqual(['token_invalid', 'local'])
    expect(await rig.ask({ token: child })).toEqual(['token_invalid', 'local'])
    expect(rig.asked).toHaveLength(2)
  })

  test.each([4, 5, 6, 7, Number.MAX_SAFE_INTEGER])(
    'for a forged token that claims generation %i changes nothing for a victim of generation 5',
    async (generation) => {
      const rig = createGateRig()
      await rig.ask({ token: temporary(5) })
      rig.answerWith(no('token_invalid'))
      await rig.ask({ token: forged(temporary(generation)) })
      expect(await rig.ask({ token: temporary(5) })).toEqual(['accepted', 'cache'])
      expect(rig.deaths).toEqual([])
    },
  )

  test('for a forged copy of a named token changes nothing for the real one', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.answerWith(no('token_invalid'))
    await rig.ask({ token: forged(question().token) })
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  })

  test('for a token that was being proven when the question was sent teaches nothing about its family', async () => {
    const rig = createGateRig()
    rig.answerWith(no('token_invalid'))
    await rig.ask({ token: temporary(5, 'one') })
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask({ token: temporary(5, 'two') })).toEqual(['accepted', 'onezone'])
  })
})

const ABOUT_ONE_TOKEN: readonly RefusalReason[] = [
  'token_malformed',
  'token_too_large',
  'token_expired',
  'token_type_mismatch',
  'caveat_unverified',
  'consumer_token_invalid',
  'service_forbidden',
]

describe.each(ABOUT_ONE_TOKEN)('%s', (reason) => {
  test('proves nothing and teaches nothing about any other token', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'victim') })
    await rig.ask()
    rig.answerWith(no(reason))
    await rig.ask({ token: temporary(5, 'stranger') })
    await rig.ask({ token: temporary(9, 'stranger') })
    await rig.ask({ token: tokenOf({ caveats: [{ type: 'interface', interface: 'rest' }] }) })
    expect(await rig.ask({ token: temporary(5, 'victim') })).toEqual(['accepted', 'cache'])
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
    expect(rig.ledger.size).toBe(2)
    expect(rig.deaths).toEqual([])
  })

  test('for a token that was proven before makes that one be proven anew, and no other', async () => {
    const rig = createGateRig()
    await rig.ask({ token: temporary(5, 'one') })
    await rig.ask({ token: temporary(5, 'two') })
    rig.clock.advance(7_500)
    rig.answerWith(no(reason))
    await rig.ask({ token: temporary(5, 'one') })
    await settle()
    expect(await rig.ask({ token: temporary(5, 'one') })).toEqual([reason, 'cache'])
    expect(await rig.ask({ token: temporary(5, 'two') })).toEqual(['accepted', 'cache'])
    await settle()
    rig.answerWith(yes(rig.clock))
    rig.clock.advance(2_000)
    expect(await rig.ask({ token: temporary(5, 'one') })).toEqual(['accepted', 'onezone'])
  })
})

test('a temporary token to which no family can be ascribed is good for those who wait, and not remembered', async () => {
  const rig = createGateRig()
  const token = tokenOf({
    persistence: 'temporary',
    subject: { type: 'group', id: 'g' },
    generation: 1,
  })
  expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  expect(rig.memory.entries('grants')).toBe(0)
})
