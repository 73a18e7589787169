import { describe, expect, test } from 'vitest'

import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, fault, no, settle, temporary, yes } from './gate-rig.ts'

const byConsumer = tokenOf({ caveats: [{ type: 'asn', whitelist: [8267] }] })

describe('who wants a younger fact than others', () => {
  test.each([
    ['a token that is judged here', temporary(5)],
    ['a token that only Onezone can judge', byConsumer],
  ])('gets one, for %s, and nobody else asks for it', async (_what, token) => {
    const rig = createGateRig()
    await rig.ask({ token })
    rig.clock.advance(4_000)
    expect(await rig.ask({ token, maxFactAgeMs: 4_001 })).toEqual(['accepted', 'cache'])
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    expect(rig.asked).toHaveLength(1)
    const askedAtMs = rig.clock.monotonic()
    const { verdict } = await rig.verify({ token, maxFactAgeMs: 4_000 })
    expect(verdict).toMatchObject({ outcome: 'accepted', askedAtMs })
    expect(await rig.ask({ token, maxFactAgeMs: 1 })).toEqual(['accepted', 'cache'])
    expect(rig.asked).toHaveLength(2)
  })

  test('shares the question with all who want one, of any token of the family', async () => {
    const rig = createGateRig()
    const [one, two] = [temporary(5, 'one'), temporary(5, 'two')]
    await rig.ask({ token: one })
    await rig.ask({ token: two })
    rig.clock.advance(5_000)
    rig.hold()
    const asks = [one, two, one, two].map((token) => rig.ask({ token, maxFactAgeMs: 3_000 }))
    await settle()
    expect(rig.open).toHaveLength(1)
    await rig.open[0]!.answer(yes(rig.clock))
    for (const [outcome] of await Promise.all(asks)) expect(outcome).toBe('accepted')
    expect(rig.asked).toHaveLength(3)
  })

  test('learns of a death that the others have yet to learn of', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(2_000)
    rig.answerWith(no('token_revoked'))
    expect((await rig.ask())[0]).toBe('accepted')
    expect((await rig.ask({ maxFactAgeMs: 1_000 }))[0]).toBe('token_revoked')
    expect((await rig.ask())[0]).toBe('token_revoked')
  })

  test('gets no verdict where nobody can say, and takes none from the others', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(2_000)
    rig.answerWith(() => {
      throw fault()
    })
    await expect(rig.ask({ maxFactAgeMs: 1_000 })).rejects.toThrow()
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  })

  test('cannot have an older one than the bound allows', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.clock.advance(10_000)
    expect(await rig.ask({ maxFactAgeMs: 60_000 })).toEqual(['accepted', 'onezone'])
  })
})
