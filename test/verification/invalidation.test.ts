import { describe, expect, test } from 'vitest'

import type { InvalidationSelector } from '../../src/verification/index.ts'
import { createInvalidation } from '../../src/verification/invalidation.ts'
import type { VerdictGate } from '../../src/verification/verdict-gate.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { tokenOf } from '../helpers/tokens.ts'
import type { Answerer, GateSettings } from './gate-rig.ts'
import { ALICE, BOB, createGateRig, fault, no, settle, temporary, yes } from './gate-rig.ts'

const NAMED = { token: tokenOf({ id: 'named1' }) }
const CONFINED = {
  token: tokenOf({ id: 'named1', caveats: [{ type: 'ip', whitelist: ['10.0.0.0/8'] }] }),
}
const FIRST = { token: temporary(1) }
const SECOND = { token: temporary(1, 'u') }
const BOBS = { token: temporary(1, 't', BOB) }
const IN_CONTEXT = { token: tokenOf({ id: 'ctx', caveats: [{ type: 'asn', whitelist: [1] }] }) }

function createRig(settings: GateSettings = {}) {
  const rig = createGateRig({ random: () => 1, ...settings })
  const gate = rig.verifier as VerdictGate
  const invalidate = createInvalidation({ memory: rig.memory, ledger: rig.ledger, gate })
  return {
    clock: rig.clock,
    asked: rig.asked,
    open: rig.open,
    verify: (request?: Partial<VerificationRequest>) => rig.verify(request),
    ask: (request?: Partial<VerificationRequest>) => rig.ask(request),
    hold: () => rig.hold(),
    answerWith: (answerer: Answerer) => rig.answerWith(answerer),
    /** After it, time goes on: a question of the very same moment would be one of before. */
    invalidate: (selector: InvalidationSelector, dryRun?: boolean) => {
      const counted = invalidate(selector, { dryRun })
      rig.clock.advance(1)
      return counted
    },
    /** Where the verdicts about some tokens come from, one after the other. */
    sources: async (...requests: (typeof NAMED)[]) => {
      const sources: string[] = []
      for (const request of requests) sources.push((await rig.verify(request)).source)
      return sources
    },
  }
}

describe('what is selected is asked about anew, and nothing else', () => {
  const everything = [NAMED, CONFINED, FIRST, SECOND, BOBS, IN_CONTEXT]
  test.each<[string, InvalidationSelector, { families: number; tokens: number }, string[]]>([
    [
      'a subject: its families, temporary and named, and its tokens in context',
      { subject: ALICE },
      { families: 3, tokens: 5 },
      ['onezone', 'cache', 'onezone', 'cache', 'cache', 'onezone'],
    ],
    [
      'a named token: with everything that was confined from it',
      { tokenId: 'named1' },
      { families: 1, tokens: 2 },
      ['onezone', 'cache', 'cache', 'cache', 'cache', 'cache'],
    ],
    [
      'a family of temporary tokens',
      { family: { subject: ALICE, generation: 1 } },
      { families: 1, tokens: 2 },
      ['cache', 'cache', 'onezone', 'cache', 'cache', 'cache'],
    ],
    [
      'a family that is a named token',
      { family: { tokenId: 'ctx' } },
      { families: 1, tokens: 1 },
      ['cache', 'cache', 'cache', 'cache', 'cache', 'onezone'],
    ],
    [
      'a fingerprint: one token, whose family is left alone',
      { fingerprint: SECOND.token.fingerprint },
      { families: 0, tokens: 1 },
      ['cache', 'cache', 'cache', 'onezone', 'cache', 'cache'],
    ],
    [
      'the fingerprint of a token in context',
      { fingerprint: IN_CONTEXT.token.fingerprint.toUpperCase() },
      { families: 0, tokens: 1 },
      ['cache', 'cache', 'cache', 'cache', 'cache', 'onezone'],
    ],
    [
      'all: each token must be proven anew',
      { all: true },
      { families: 4, tokens: 6 },
      everything.map(() => 'onezone'),
    ],
    [
      'somebody unknown: nothing',
      { subject: { type: 'oneprovider', id: 'alice' } },
      { families: 0, tokens: 0 },
      everything.map(() => 'cache'),
    ],
  ])('%s', async (_, selector, counts, expected) => {
    const { invalidate, sources, clock } = createRig()
    await sources(...everything)
    clock.advance(1)
    expect(invalidate(selector)).toEqual(counts)
    expect(await sources(...everything)).toEqual(expected)
  })

  test('a dry run counts the same and changes nothing', async () => {
    const { invalidate, sources, asked } = createRig()
    await sources(NAMED, FIRST, IN_CONTEXT)
    expect(invalidate({ all: true }, true)).toEqual({ families: 3, tokens: 3 })
    expect(invalidate({ all: true }, true)).toEqual({ families: 3, tokens: 3 })
    expect(await sources(NAMED, FIRST, IN_CONTEXT)).toEqual(['cache', 'cache', 'cache'])
    expect(asked).toHaveLength(3)
  })

  test('a token is counted once, in however many contexts it was used', async () => {
    const { invalidate, verify } = createRig()
    await verify({ ...IN_CONTEXT, peerIp: '10.0.0.1' })
    await verify({ ...IN_CONTEXT, peerIp: '10.0.0.2' })
    expect(invalidate({ tokenId: 'ctx' })).toEqual({ families: 1, tokens: 1 })
  })
})

describe('refusals of the selection are forgotten too', () => {
  test.each<[string, InvalidationSelector]>([
    ['by subject', { subject: ALICE }],
    ['by token id', { tokenId: 'named1' }],
    ['by fingerprint', { fingerprint: NAMED.token.fingerprint }],
    ['all', { all: true }],
  ])('%s', async (_, selector) => {
    const { invalidate, ask, answerWith, clock } = createRig()
    answerWith(no('token_invalid'))
    await ask(NAMED)
    expect(await ask(NAMED)).toEqual(['token_invalid', 'cache'])
    answerWith(yes(clock))
    expect(invalidate(selector)).toEqual({ families: 0, tokens: 1 })
    expect(await ask(NAMED)).toEqual(['accepted', 'onezone'])
  })

  test('so is that a named token was revoked, whether one of it was accepted before or not', async () => {
    for (const acceptedBefore of [true, false]) {
      const { invalidate, ask, answerWith, clock } = createRig()
      if (acceptedBefore) await ask(NAMED)
      clock.advance(11_000)
      answerWith(no('token_revoked'))
      expect((await ask(NAMED))[0]).toBe('token_revoked')
      expect((await ask(CONFINED))[1]).toBe('local')
      answerWith(yes(clock))
      invalidate({ tokenId: 'named1' })
      expect(await ask(CONFINED)).toEqual(['accepted', 'onezone'])
    }
  })

  test('so is that a user was blocked, for the family that is selected', async () => {
    const { invalidate, ask, answerWith, clock } = createRig()
    await ask(FIRST)
    await ask(NAMED)
    clock.advance(11_000)
    answerWith(no('user_blocked'))
    await ask(FIRST)
    answerWith(yes(clock))
    invalidate({ family: { subject: ALICE, generation: 1 } })
    expect(await ask(NAMED)).toEqual(['user_blocked', 'local'])
    expect(await ask(FIRST)).toEqual(['accepted', 'onezone'])
  })

  test.each<[string, InvalidationSelector]>([
    ['the subject', { subject: ALICE }],
    ['the family', { family: { subject: ALICE, generation: 1 } }],
    ['all', { all: true }],
  ])('so is that a generation is over, by %s', async (_, selector) => {
    const { invalidate, ask, answerWith, asked, clock } = createRig()
    await ask({ token: temporary(2) })
    clock.advance(1)
    invalidate({ subject: BOB })
    invalidate({ tokenId: 'named1' })
    expect(await ask(FIRST)).toEqual(['token_revoked', 'local'])
    invalidate(selector)
    answerWith(no('token_revoked'))
    expect(await ask(FIRST)).toEqual(['token_revoked', 'onezone'])
    expect(await ask(SECOND)).toEqual(['token_revoked', 'local'])
    expect(asked).toHaveLength(2)
  })

  test('refusals of others stay', async () => {
    const { invalidate, ask, answerWith } = createRig()
    answerWith(no('token_invalid'))
    await ask(BOBS)
    invalidate({ subject: ALICE })
    expect(await ask(BOBS)).toEqual(['token_invalid', 'cache'])
  })
})

describe('an answer to a question that was sent before', () => {
  const selectors: [string, InvalidationSelector][] = [
    ['subject', { subject: ALICE }],
    ['token id', { tokenId: 'named1' }],
    ['fingerprint', { fingerprint: NAMED.token.fingerprint }],
    ['all', { all: true }],
  ]

  test.each(selectors)(
    'revives no fact (%s), and whoever waits for it waits for the next',
    async (_, selector) => {
      const { invalidate, verify, hold, open, asked, clock } = createRig()
      hold()
      const waiting = verify(NAMED)
      await settle()
      clock.advance(1)
      invalidate(selector)
      await open[0]?.answer(yes(clock))
      expect(asked).toHaveLength(2) // on behalf of who waits
      await open[1]?.answer(no('token_revoked'))
      expect((await waiting).verdict).toMatchObject({ outcome: 'refused', reason: 'token_revoked' })
      expect((await verify(NAMED)).verdict.outcome).toBe('refused')
    },
  )

  test.each(selectors)(
    'of a refresh revives no proof and no fact either (%s)',
    async (_, selector) => {
      const { invalidate, verify, hold, open, clock, answerWith } = createRig()
      await verify(NAMED)
      hold()
      clock.advance(8_000)
      expect((await verify(NAMED)).source).toBe('cache') // and asks in the background
      clock.advance(1)
      invalidate(selector)
      const after = verify(NAMED)
      await settle()
      await open[0]?.answer(yes(clock))
      answerWith(no('token_invalid'))
      for (const question of open.slice(1)) await question.answer(no('token_invalid'))
      expect((await after).verdict.outcome).toBe('refused')
      expect((await verify(NAMED)).verdict.outcome).toBe('refused')
    },
  )

  test('revives no grant in context', async () => {
    const { invalidate, verify, hold, open, asked, clock, answerWith } = createRig()
    await verify(IN_CONTEXT)
    clock.advance(10_000)
    hold()
    const waiting = verify(IN_CONTEXT)
    await settle()
    clock.advance(1)
    invalidate({ fingerprint: IN_CONTEXT.token.fingerprint })
    await open[0]?.answer(yes(clock))
    await open[1]?.answer(no('caveat_unverified', 'asn'))
    expect((await waiting).verdict.outcome).toBe('refused')
    answerWith(no('caveat_unverified', 'asn'))
    expect((await verify(IN_CONTEXT)).verdict.outcome).toBe('refused')
    expect(asked).toHaveLength(3)
  })

  test('is not shared with a request that comes after', async () => {
    const { invalidate, verify, hold, open, asked, clock } = createRig()
    hold()
    const before = verify(NAMED)
    await settle()
    clock.advance(1)
    invalidate({ fingerprint: NAMED.token.fingerprint })
    const after = verify(NAMED)
    await settle()
    expect(asked).toHaveLength(2)
    await open[1]?.answer(no('token_invalid'))
    expect((await after).verdict.outcome).toBe('refused')
    await open[0]?.answer(yes(clock))
    await open[2]?.answer(no('token_invalid'))
    expect((await before).verdict.outcome).toBe('refused')
  })

  test('brings back no refusal that was forgotten', async () => {
    const { invalidate, verify, hold, open, clock } = createRig()
    hold()
    const before = verify(NAMED)
    await settle()
    clock.advance(1)
    invalidate({ tokenId: 'named1' })
    await open[0]?.answer(no('token_revoked'))
    await open[1]?.answer(yes(clock))
    expect((await before).verdict.outcome).toBe('accepted')
    expect((await verify(NAMED)).source).toBe('cache')
  })

  test('about somebody else counts as ever', async () => {
    const { invalidate, verify, hold, open, asked, clock } = createRig()
    hold()
    const bobs = verify(BOBS)
    await settle()
    clock.advance(1)
    invalidate({ subject: ALICE })
    await open[0]?.answer(yes(clock))
    expect((await bobs).verdict.outcome).toBe('accepted')
    expect((await verify(BOBS)).source).toBe('cache')
    expect(asked).toHaveLength(1)
  })

  test('about a token of another family member does not let a token pass that must be proven anew', async () => {
    const { invalidate, verify, hold, open, asked, clock } = createRig()
    await verify(FIRST)
    await verify(SECOND)
    clock.advance(10_000)
    hold()
    const first = verify(FIRST)
    await settle()
    const second = verify(SECOND)
    await settle()
    expect(asked).toHaveLength(3) // one question for the family
    invalidate({ fingerprint: SECOND.token.fingerprint })
    await open[0]?.answer(yes(clock))
    expect((await first).verdict.outcome).toBe('accepted')
    expect(asked).toHaveLength(4)
    await open[1]?.answer(no('token_invalid'))
    expect((await second).verdict.outcome).toBe('refused')
  })
})

test('a grant that was taken back is not served because nobody could say', async () => {
  for (const selector of [
    { fingerprint: NAMED.token.fingerprint },
    { tokenId: 'named1' },
    { all: true },
  ] as const) {
    const { invalidate, verify, answerWith, clock } = createRig({ staleIfErrorMs: 60_000 })
    await verify(NAMED)
    clock.advance(1)
    answerWith(fault())
    invalidate(selector)
    await expect(verify(NAMED)).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
  }
})

describe('a selector that makes no sense is refused by a TypeError that says why', () => {
  const token = NAMED.token.serialized
  test.each<[unknown, string]>([
    [null, 'The selector must be an object: give exactly one of "subject", "tokenId"'],
    ['all', 'The selector must be an object'],
    [{}, 'Nothing is selected: give exactly one of'],
    [{ tokenId: undefined }, 'Nothing is selected'],
    [{ all: true, tokenId: 'x' }, '"all", "tokenId" are given together: give exactly one of'],
    [{ all: false }, '"all" must be true'],
    [{ user: 'alice' }, '"user" is unknown; there are "subject"'],
    [{ subject: 'alice' }, '"subject" must be an object with "type" and "id"'],
    [{ subject: { type: 'group', id: 'g' } }, '"subject.type" must be user or oneprovider'],
    [{ subject: { type: 'user', id: '' } }, '"subject.id" must be an id'],
    [{ subject: { type: 'user', id: 'a', name: 'b' } }, '"subject.name" is unknown'],
    [{ tokenId: 7 }, '"tokenId" must be an id'],
    [{ tokenId: token }, '"tokenId" must be an id'],
    [{ [token]: true }, 'A key is unknown'],
    [{ fingerprint: token }, '"fingerprint" must be 12 hexadecimal digits'],
    [{ fingerprint: 'abc' }, '"fingerprint" must be 12 hexadecimal digits'],
    [{ family: 1 }, '"family" must be an object'],
    [{ family: { subject: ALICE } }, '"family.generation" must be a whole number'],
    [{ family: { subject: ALICE, generation: -1 } }, '"family.generation" must be a whole number'],
    [
      { family: { subject: ALICE, generation: 1, tokenId: 'x' } },
      '"family" must have either "subject" and "generation", or "tokenId"',
    ],
  ])('%#', (selector, message) => {
    const { invalidate } = createRig()
    const attempt = () => invalidate(selector as InvalidationSelector)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(message)
    expect(attempt).not.toThrow(token.slice(0, 20))
  })

  test('so is a dryRun that is no boolean', () => {
    const { invalidate } = createRig()
    expect(() => invalidate({ all: true }, 'yes' as unknown as boolean)).toThrow('"dryRun"')
  })
})
