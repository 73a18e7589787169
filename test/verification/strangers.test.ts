import { describe, expect, test } from 'vitest'

import { VerificationBudgetError } from '../../src/errors.ts'
import type { Token } from '../../src/token/index.ts'
import { tokenOf } from '../helpers/tokens.ts'
import {
  ALICE,
  BOB,
  createGateRig,
  fault,
  no,
  question,
  settle,
  temporary,
  yes,
} from './gate-rig.ts'

/** Distinct tokens of a subject without the cost of making them: nothing here looks at their signature. */
function* forgeries(count: number, model: Token): Generator<Token> {
  for (let i = 0; i < count; i++) {
    const digest = `forged-${i}`
    yield { ...model, digest, fingerprint: digest, id: digest }
  }
}

describe('a refusal', () => {
  test('is remembered for a short time, from its question on', async () => {
    const rig = createGateRig()
    rig.hold()
    const first = rig.ask()
    await settle()
    rig.clock.advance(500)
    await rig.open[0]?.answer(no('token_invalid'))
    expect(await first).toEqual(['token_invalid', 'onezone'])
    rig.clock.advance(1_499)
    expect(await rig.ask()).toEqual(['token_invalid', 'cache'])
    rig.clock.advance(1)
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask()).toEqual(['accepted', 'onezone'])
  })

  test('is not remembered at all where the operator says so', async () => {
    const rig = createGateRig({ negativeTtlMs: 0 })
    rig.answerWith(no('token_invalid'))
    await rig.ask()
    expect(await rig.ask()).toEqual(['token_invalid', 'onezone'])
    expect(rig.memory.entries('refusals')).toBe(0)
  })

  test('replaces a grant in the same context, and a grant replaces it', async () => {
    const rig = createGateRig()
    const token = tokenOf({ caveats: [{ type: 'asn', whitelist: [1] }] })
    await rig.ask({ token })
    rig.clock.advance(10_000)
    rig.answerWith(no('caveat_unverified', 'asn'))
    await rig.ask({ token })
    expect([rig.memory.entries('grants'), rig.memory.entries('refusals')]).toEqual([0, 1])
    rig.clock.advance(2_000)
    rig.answerWith(yes(rig.clock))
    await rig.ask({ token })
    expect([rig.memory.entries('grants'), rig.memory.entries('refusals')]).toEqual([1, 0])
  })

  test('never pushes out a grant, however many there are', async () => {
    const rig = createGateRig({ maxTokens: 10, maxFamilies: 10, maxRefusals: 20, maxStrangers: 20 })
    await rig.ask()
    rig.answerWith(no('token_invalid'))
    for (const token of forgeries(200, temporary(5, 'model', BOB))) await rig.ask({ token })
    expect(rig.memory.entries('refusals')).toBe(20)
    expect(new Set(rig.evicted)).toEqual(new Set(['refusals']))
    expect(rig.evicted).toHaveLength(180)
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  })
})

describe('a hundred thousand forged tokens', () => {
  const COUNT = 100_000
  const BOUNDED = {
    maxTokens: 100,
    maxFamilies: 100,
    maxRefusals: 100,
    maxStrangers: 100,
    budget: { perSubjectPerSecond: 1e9 }, // as if they came from everywhere and the shield were down
  }

  test.each([
    ['of the victim’s generation', 'token_invalid', temporary(5)],
    ['of a higher generation', 'token_invalid', temporary(6)],
    ['of an older generation', 'token_revoked', temporary(4)],
    ['of the victim’s named token', 'token_invalid', question().token],
  ] as const)('%s evict no grant and leave nothing behind', async (_name, reason, model) => {
    const rig = createGateRig(BOUNDED)
    await rig.ask({ token: temporary(5, 'victim') })
    await rig.ask()
    rig.answerWith(no(reason))
    const asking = question()
    for (const token of forgeries(COUNT, model)) {
      await rig.verifier.verify({ ...asking, token })
      rig.asked.length = 0
    }
    expect(await rig.ask({ token: temporary(5, 'victim') })).toEqual(['accepted', 'cache'])
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
    expect(rig.memory.entries('grants')).toBe(2)
    expect(rig.memory.entries('refusals')).toBeLessThanOrEqual(100)
    expect(rig.ledger.size).toBe(2)
    expect(rig.evicted.filter((store) => store !== 'refusals')).toEqual([])
  })

  test('of as many subjects, each with a dead generation, take no more than their own room', async () => {
    const rig = createGateRig(BOUNDED)
    await rig.ask({ token: temporary(5, 'victim') })
    rig.answerWith(no('token_revoked'))
    const model = temporary(0)
    let i = 0
    for (const token of forgeries(COUNT, model)) {
      const subject = { type: 'user', id: `nobody${i++}` } as const
      await rig.verifier.verify({ ...question(), token: { ...token, subject } })
      rig.asked.length = 0
    }
    expect(rig.ledger.size).toBe(1)
    expect(await rig.ask({ token: temporary(5, 'victim') })).toEqual(['accepted', 'cache'])
    expect(
      rig.ledger.deathOfStranger({ kind: 'temporary', subject: ALICE, generation: 4 }, ALICE),
    ).toBe('token_revoked')
  })
})

describe('the stores are bounded', () => {
  test('and report which grants had to go', async () => {
    const rig = createGateRig({ maxTokens: 3 })
    for (let i = 0; i < 5; i++) await rig.ask({ token: temporary(1, `t${i}`) })
    expect(rig.memory.entries('grants')).toBe(3)
    expect(rig.evicted).toEqual(['grants', 'grants'])
  })

  test('and a family that had to go is asked about anew: knowledge is lost, none is made up', async () => {
    const rig = createGateRig({ maxFamilies: 2 })
    const tokens = [1, 2, 3].map((i) => tokenOf({ id: `named${i}` }))
    for (const token of tokens) await rig.ask({ token })
    expect(rig.ledger.size).toBe(2)
    expect(rig.evicted).toEqual(['families'])
    expect(await rig.ask({ token: tokens[0]! })).toEqual(['accepted', 'onezone'])
    expect(rig.asked.at(-1)).toMatchObject({ proven: true })
    rig.answerWith(no('token_revoked'))
    expect(await rig.ask({ token: tokens[1]! })).toEqual(['token_revoked', 'onezone'])
  })

  test('and a death that had to go is learned anew', async () => {
    const rig = createGateRig({ maxFamilies: 1, maxStrangers: 1 })
    await rig.ask({ token: temporary(2) })
    rig.answerWith(no('token_revoked'))
    await rig.ask({ token: temporary(2, 'other') })
    rig.answerWith(yes(rig.clock))
    await rig.ask({ token: temporary(1, 't', BOB) }) // evicts alice
    rig.answerWith(no('token_revoked'))
    expect(await rig.ask({ token: temporary(2) })).toEqual(['token_revoked', 'onezone'])
  })
})

describe('the budget for tokens that are not proven', () => {
  const settings = { budget: { perAddressPerSecond: 1, perSubjectPerSecond: 2 } }
  const from = (clientAddress: string, id: string, subject = ALICE) => ({
    clientAddress,
    token: tokenOf({ id, subject }),
  })

  const spend = async (rig: ReturnType<typeof createGateRig>, address: string, count: number) => {
    for (let i = 0; i < count; i++) await rig.ask(from(address, `bad${address}${i}`))
  }

  test('of a client address is used up by tokens that are no good; the wait is told', async () => {
    const rig = createGateRig(settings)
    rig.answerWith(no('token_invalid'))
    await spend(rig, '10.0.0.1', 10)
    const refused = rig.ask(from('10.0.0.1', 'eleventh'))
    await expect(refused).rejects.toThrow(VerificationBudgetError)
    await expect(refused).rejects.toMatchObject({ retryAfterSeconds: 1 })
    expect(rig.asked).toHaveLength(10)
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask(from('10.0.0.2', 'elsewhere'))).toEqual(['accepted', 'onezone'])
  })

  test('of a subject that is merely claimed is not touched', async () => {
    const rig = createGateRig(settings)
    rig.answerWith(no('token_invalid'))
    for (let network = 1; network < 9; network++) await spend(rig, `10.0.${network}.1`, 10)
    expect(await rig.ask(from('10.0.0.3', 'next'))).toEqual(['token_invalid', 'onezone'])
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask(from('10.0.0.3', 'good'))).toEqual(['accepted', 'onezone'])
  })

  test('comes back with time', async () => {
    const rig = createGateRig(settings)
    rig.answerWith(no('token_invalid'))
    await spend(rig, '10.0.0.1', 10)
    rig.clock.advance(999)
    await expect(rig.ask(from('10.0.0.1', 'too soon'))).rejects.toThrow(VerificationBudgetError)
    rig.clock.advance(1)
    expect(await rig.ask(from('10.0.0.1', 'in time'))).toEqual(['token_invalid', 'onezone'])
    rig.clock.advance(3_600_000)
    await spend(rig, '10.0.0.1', 10)
    await expect(rig.ask(from('10.0.0.1', 'over'))).rejects.toThrow(VerificationBudgetError)
  })

  test('is given back where the token turns out to be good', async () => {
    const rig = createGateRig(settings)
    for (let i = 0; i < 100; i++) {
      expect((await rig.ask(from('10.0.0.1', `good${i}`)))[0]).toBe('accepted')
    }
  })

  test('is of no concern to those who are here with a proven token', async () => {
    const rig = createGateRig(settings)
    await rig.ask({ clientAddress: '10.0.0.1' })
    const geo = {
      clientAddress: '10.0.0.1',
      token: tokenOf({ caveats: [{ type: 'asn', whitelist: [1] }] }),
    }
    await rig.ask(geo)
    rig.answerWith(no('token_invalid'))
    await spend(rig, '10.0.0.1', 10)
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask({ clientAddress: '10.0.0.1' })).toEqual(['accepted', 'cache'])
    await expect(rig.ask(from('10.0.0.1', 'another'))).rejects.toThrow(VerificationBudgetError)
  })

  test('is not touched by what is decided without asking, nor by sharing a question', async () => {
    const rig = createGateRig(settings)
    const outside = tokenOf({ caveats: [{ type: 'ip', whitelist: ['11.0.0.1'] }] })
    for (let i = 0; i < 50; i++) await rig.ask({ token: outside, clientAddress: '10.0.0.1' })
    rig.answerWith(no('token_invalid'))
    const shared = from('10.0.0.1', 'shared')
    await Promise.all(Array.from({ length: 50 }, () => rig.ask(shared)))
    for (let i = 0; i < 50; i++) await rig.ask(shared)
    await spend(rig, '10.0.0.1', 9)
    expect(rig.asked).toHaveLength(10)
  })

  test('is asked before anything is sent: nothing is left under way by a refusal for its sake', async () => {
    const rig = createGateRig(settings)
    rig.answerWith(no('token_invalid'))
    await spend(rig, '10.0.0.1', 10)
    const request = from('10.0.0.1', 'late')
    await expect(rig.ask(request)).rejects.toThrow(VerificationBudgetError)
    rig.clock.advance(1_000)
    expect(await rig.ask(request)).toEqual(['token_invalid', 'onezone'])
  })
})

test('what was under way is forgotten when it has landed, however it ended', async () => {
  const rig = createGateRig()
  for (const answerer of [yes(rig.clock), no('token_invalid'), fault()]) {
    rig.answerWith(answerer)
    const token = tokenOf({ id: `token${rig.asked.length}` })
    const before = rig.asked.length
    await rig.ask({ token }).catch(() => {})
    rig.clock.advance(60_000)
    await rig.ask({ token }).catch(() => {})
    expect(rig.asked).toHaveLength(before + 2)
  }
})

test('closing closes the verifier behind it', async () => {
  const rig = createGateRig()
  await rig.verifier.close()
  expect(rig.closed()).toBe(1)
})

test('a grant cannot be changed by those who get it', async () => {
  const rig = createGateRig()
  for (const { verdict } of [await rig.verify(), await rig.verify()]) {
    expect(() => Object.assign(verdict, { subject: BOB })).toThrow(TypeError)
  }
  expect((await rig.verify()).verdict).toMatchObject({ subject: ALICE })
})
