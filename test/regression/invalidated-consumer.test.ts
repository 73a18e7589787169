import { describe, expect, test } from 'vitest'

import type { InvalidationSelector } from '../../src/verification/index.ts'
import { createInvalidation } from '../../src/verification/invalidation.ts'
import type { VerdictGate } from '../../src/verification/verdict-gate.ts'
import { mint, tokenOf } from '../helpers/tokens.ts'
import { parseToken } from '../../src/token/index.ts'
import { ALICE, BOB, createGateRig, fault, no, settle, yes } from '../verification/gate-rig.ts'

// Taking back what is known of a consumer, or of its token, left every grant alone that rested on it.

const token = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
const identity = { subject: BOB, type: { identityToken: {} } } as const
const consumerToken = tokenOf({ id: 'of-bob', ...identity })
const byBob = { token, consumerToken }
const byNobody = { token }

const SELECTORS: [string, InvalidationSelector][] = [
  ['subject', { subject: BOB }],
  ['token id', { tokenId: 'of-bob' }],
  ['family', { family: { tokenId: 'of-bob' } }],
  ['fingerprint', { fingerprint: consumerToken.fingerprint }],
  ['all', { all: true }],
]

function setUp(staleIfErrorMs = 0) {
  const rig = createGateRig({ staleIfErrorMs })
  const gate = rig.verifier as VerdictGate
  const invalidate = createInvalidation({ memory: rig.memory, ledger: rig.ledger, gate })
  return { ...rig, invalidate }
}

describe.each(SELECTORS)('taking back a consumer by %s', (_what, selector) => {
  test('has a grant that rests on it asked about anew', async () => {
    const { ask, invalidate, clock, answerWith } = setUp()
    await ask(byBob)
    expect(await ask(byBob)).toEqual(['accepted', 'cache'])
    expect(invalidate(selector, { dryRun: true }).tokens).toBe(1)
    expect(await ask(byBob)).toEqual(['accepted', 'cache'])
    expect(invalidate(selector).tokens).toBe(1)
    clock.advance(1)
    answerWith(no('consumer_token_invalid'))
    expect(await ask(byBob)).toEqual(['consumer_token_invalid', 'onezone'])
  })

  test('lets no grant pass that rests on it because nobody could say', async () => {
    const { ask, invalidate, clock, answerWith } = setUp(60_000)
    await ask(byBob)
    invalidate(selector)
    clock.advance(1)
    answerWith(fault())
    await expect(ask(byBob)).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
  })

  test('has a refusal for its sake forgotten', async () => {
    const { ask, invalidate, clock, answerWith } = setUp()
    answerWith(no('consumer_token_invalid'))
    await ask(byBob)
    expect(await ask(byBob)).toEqual(['consumer_token_invalid', 'cache'])
    invalidate(selector)
    answerWith(yes(clock))
    expect(await ask(byBob)).toEqual(['accepted', 'onezone'])
  })

  test('ends the question about it that is under way', async () => {
    const { verify, hold, open, invalidate, clock, asked } = setUp()
    hold()
    const waiting = verify(byBob)
    await settle()
    clock.advance(1)
    invalidate(selector)
    await open[0]?.answer(yes(clock))
    expect(asked).toHaveLength(2)
    await open[1]?.answer(no('consumer_token_invalid'))
    expect((await waiting).verdict.outcome).toBe('refused')
  })
})

test('taking back a consumer leaves alone what does not rest on it', async () => {
  const { ask, invalidate, clock, asked } = setUp()
  await ask(byBob)
  await ask(byNobody)
  await ask()
  for (const [, selector] of SELECTORS) {
    if ('all' in selector) continue
    invalidate(selector)
    clock.advance(1)
  }
  expect(await ask(byNobody)).toEqual(['accepted', 'cache'])
  expect(await ask({ consumerToken })).toEqual(['accepted', 'cache'])
  expect(asked).toHaveLength(3)
})

test('a consumer of whom only Onezone knows who it is may be the one that is meant', async () => {
  const { ask, invalidate } = setUp()
  const first = parseToken(mint({ id: 'old', version: 1, type: { identityToken: {} } }))
  await ask({ token, consumerToken: first })
  invalidate({ subject: ALICE })
  expect((await ask({ token, consumerToken: first }))[1]).toBe('onezone')
})
