import { describe, expect, test } from 'vitest'

import { VerificationBudgetError } from '../../src/errors.ts'
import type { Token } from '../../src/token/index.ts'
import { confineToken, parseToken } from '../../src/token/index.ts'
import { mint, tokenOf } from '../helpers/tokens.ts'
import type { GateSettings } from '../verification/gate-rig.ts'
import { BOB, createGateRig, no, START_SECONDS, yes } from '../verification/gate-rig.ts'

// With one good token a user made as many others as there was room for, each asked about for nothing, and pushed out
// the proofs of everybody.

const PARENT = mint({ id: 'alices' })
const CHILDREN = new Map<number, Token>()

/** Another text of alice's token for each number. */
function attenuation(number: number): { token: Token; clientAddress: string } {
  const known = CHILDREN.get(number)
  const validUntil = START_SECONDS + 86_400 + number
  const token = known ?? parseToken(confineToken(PARENT, [{ type: 'time', validUntil }]))
  CHILDREN.set(number, token)
  return { token, clientAddress: '10.0.0.1' }
}

const bobs = (index: number) => ({
  token: tokenOf({ id: `bobs${index}`, subject: BOB }),
  clientAddress: '10.0.0.2',
})
const someones = (index: number) => ({
  token: tokenOf({ id: `token${index}`, subject: { type: 'user', id: `user${index}` } }),
  clientAddress: '10.0.0.3',
})

function setUp(settings: GateSettings = {}) {
  const rig = createGateRig(settings)
  const attenuate = async (count: number, from = 0) => {
    const outcomes: string[] = []
    for (let index = from; index < from + count; index++) {
      outcomes.push(
        await rig.ask(attenuation(index)).then(
          ([outcome]) => outcome,
          (error: unknown) => (error instanceof VerificationBudgetError ? 'budget' : String(error)),
        ),
      )
    }
    return outcomes.filter((outcome) => outcome !== 'accepted')
  }
  return { ...rig, attenuate }
}

const AMPLE = { budget: { perAddressPerSecond: 1e6, perSubjectPerSecond: 1e6 } }

describe('the proofs of one subject', () => {
  test('push out none of another who has fewer', async () => {
    const { ask, attenuate, memory, evicted } = setUp({ maxTokens: 20, ...AMPLE })
    for (let index = 0; index < 5; index++) await ask(bobs(index))
    expect(await attenuate(200)).toEqual([])
    expect(memory.entries('grants')).toBe(20)
    expect(evicted).toEqual(Array(185).fill('grants'))
    for (let index = 0; index < 5; index++) {
      expect(await ask(bobs(index))).toEqual(['accepted', 'cache'])
    }
  })

  test('give way to those of others when the room is full', async () => {
    const { ask, attenuate, memory } = setUp({ maxTokens: 20, ...AMPLE })
    await attenuate(20)
    for (let index = 0; index < 10; index++) await ask(someones(index))
    for (let index = 0; index < 10; index++) {
      expect(await ask(someones(index))).toEqual(['accepted', 'cache'])
    }
    expect(memory.entries('grants')).toBe(20)
  })

  test('push out no grant in context of another, either', async () => {
    const asn = [{ type: 'asn', whitelist: [1] }] as const
    const { ask, memory } = setUp({ maxTokens: 20, ...AMPLE })
    const other = { token: tokenOf({ id: 'bobs', subject: BOB, caveats: asn }) }
    const token = tokenOf({ caveats: asn })
    await ask(other)
    for (let index = 0; index < 100; index++) await ask({ token, peerIp: `10.0.1.${index}` })
    expect(memory.entries('grants')).toBe(20)
    expect(await ask(other)).toEqual(['accepted', 'cache'])
  })
})

describe('further texts of a proven family', () => {
  test('cost their subject: 1 500 at once are more than there is, a few hundred are not', async () => {
    const { attenuate, asked, clock } = setUp({ maxTokens: 50_000 })
    expect(await attenuate(900)).toEqual([])
    expect(new Set(await attenuate(600, 900))).toEqual(new Set(['budget']))
    expect(asked).toHaveLength(1_001)
    clock.advance(1_000)
    expect(await attenuate(100, 1_001)).toEqual([])
    expect(await attenuate(1, 1_101)).toEqual(['budget'])
  })

  test('cost it too when all are sent at once: what was under way is a debt', async () => {
    const { ask, asked, clock } = setUp({ budget: { perAddressPerSecond: 1e6 } })
    await Promise.allSettled(Array.from({ length: 1_100 }, (_, index) => ask(attenuation(index))))
    expect(asked).toHaveLength(1_100)
    await expect(ask(attenuation(1_200))).rejects.toThrow(VerificationBudgetError)
    // 1 099 further texts were accepted where there was room for 1 000.
    clock.advance(990)
    await expect(ask(attenuation(1_201))).rejects.toThrow(VerificationBudgetError)
    clock.advance(20)
    expect(await ask(attenuation(1_202))).toEqual(['accepted', 'onezone'])
  })

  test('cost nobody else, and no token that is proven', async () => {
    const { ask, attenuate } = setUp({ maxTokens: 50_000 })
    await ask(bobs(0))
    await attenuate(1_100)
    expect(await ask(attenuation(0))).toEqual(['accepted', 'cache'])
    expect(await ask(bobs(0))).toEqual(['accepted', 'cache'])
    expect(await ask({ ...bobs(1), clientAddress: '10.0.0.1' })).toEqual(['accepted', 'onezone'])
  })

  test('the first good token of each family costs nothing', async () => {
    const { ask } = setUp({ budget: { perSubjectPerSecond: 1 } })
    for (let index = 0; index < 100; index++) expect((await ask(bobs(index)))[0]).toBe('accepted')
  })

  test('a token of a family of which only refusals are known is the first', async () => {
    const rig = createGateRig({ budget: { perSubjectPerSecond: 1 }, negativeTtlMs: 0 })
    rig.answerWith(no('token_revoked'))
    await rig.ask(attenuation(0))
    rig.clock.advance(1)
    rig.answerWith(yes(rig.clock))
    // The first costs nothing, and ten further ones are what there is.
    for (let index = 1; index < 12; index++) {
      expect((await rig.ask(attenuation(index)))[0]).toBe('accepted')
    }
    await expect(rig.ask(attenuation(12))).rejects.toThrow(VerificationBudgetError)
  })
})
