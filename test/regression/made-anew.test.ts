import { describe, expect, test } from 'vitest'

import { createInvalidation } from '../../src/verification/invalidation.ts'
import { OWN_QUESTION_INTERVALS } from '../../src/verification/proven-grant.ts'
import type { VerdictGate } from '../../src/verification/verdict-gate.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import { ALICE, createGateRig, no, settle, temporary, yes } from '../verification/gate-rig.ts'

// A subject that is deleted and made anew begins with generation 1 again, with other secrets: what was known of its
// former life let tokens of that pass, or kept tokens of the new one out.

const OLD = { token: temporary(1, 'old') }
const OTHER = { token: temporary(1, 'other old') }
const NEW = { token: temporary(1, 'new') }

/** Says yes to these tokens alone. */
const yesTo =
  (...good: { token: { id: string } }[]) =>
  ({ token }: VerificationRequest, askedAtMs: number) =>
    good.some((each) => each.token.id === token.id)
      ? accept({ subject: ALICE, ttlSeconds: null, askedAtMs })
      : refuse('token_invalid', askedAtMs)

describe('a token that was refused as unknown', () => {
  test('is not brought back by a newer token of the same generation, nor are the others of its time', async () => {
    const rig = createGateRig()
    await rig.ask(OLD)
    await rig.ask(OTHER)
    rig.clock.advance(10_000)
    rig.answerWith(no('token_invalid'))
    expect(await rig.ask(OLD)).toEqual(['token_invalid', 'onezone'])
    expect(await rig.ask(OTHER)).toEqual(['token_invalid', 'local'])
    rig.clock.advance(2_000)
    rig.answerWith(yesTo(NEW))
    expect(await rig.ask(NEW)).toEqual(['accepted', 'onezone'])
    expect((await rig.ask(OLD))[0]).toBe('token_invalid')
    expect((await rig.ask(OTHER))[0]).toBe('token_invalid')
    expect(await rig.ask(NEW)).toEqual(['accepted', 'cache'])
  })

  test('takes no token with it that was first proven after it was last confirmed', async () => {
    const rig = createGateRig()
    await rig.ask(OLD)
    rig.clock.advance(5_000)
    rig.answerWith(yesTo(NEW))
    await rig.ask(NEW)
    rig.clock.advance(10_000)
    expect((await rig.ask(OLD))[0]).toBe('token_invalid')
    rig.clock.advance(1)
    expect(await rig.ask(NEW)).toEqual(['accepted', 'onezone'])
    expect(await rig.ask(NEW)).toEqual(['accepted', 'cache'])
  })

  test('where its refusal is heard first, does not have a newer one refused that was asked about before', async () => {
    const rig = createGateRig()
    await rig.ask(OLD)
    rig.clock.advance(10_000)
    rig.hold()
    const newer = rig.ask(NEW)
    await settle()
    rig.clock.advance(1)
    const older = rig.ask(OLD)
    await settle()
    await rig.open[1]?.answer(no('token_invalid'))
    await rig.open[0]?.answer(yes(rig.clock))
    expect(await older).toEqual(['token_invalid', 'onezone'])
    expect(await newer).toEqual(['accepted', 'onezone'])
  })
})

test('a yes to a token of the new life counts, though of the same moment it is known that an older one is over', async () => {
  const rig = createGateRig()
  await rig.ask({ token: temporary(3) })
  rig.clock.advance(70_000)
  rig.hold()
  const older = rig.ask({ token: temporary(1) })
  const current = rig.ask({ token: temporary(2) })
  await settle()
  await rig.open[0]?.answer(no('token_revoked'))
  await rig.open[1]?.answer(yes(rig.clock))
  expect(await older).toEqual(['token_revoked', 'onezone'])
  expect(await current).toEqual(['accepted', 'onezone'])
  rig.clock.advance(1)
  expect(await rig.ask({ token: temporary(2) })).toEqual(['accepted', 'cache'])
})

describe('a subject that had generation 4 and is made anew', () => {
  async function setUp() {
    const rig = createGateRig()
    await rig.ask({ token: temporary(4) })
    rig.clock.advance(1)
    rig.answerWith(yesTo(NEW))
    return rig
  }

  test('gets through within a minute, and what was proven before does not', async () => {
    const rig = await setUp()
    rig.clock.advance(59_998)
    expect(await rig.ask(NEW)).toEqual(['token_revoked', 'local'])
    rig.clock.advance(1)
    expect(await rig.ask(NEW)).toEqual(['accepted', 'onezone'])
    expect(await rig.ask(NEW)).toEqual(['accepted', 'cache'])
    expect(rig.deaths).toEqual(['token_invalid'])
    expect((await rig.ask({ token: temporary(4) }))[0]).toBe('token_invalid')
    expect(await rig.ask({ token: temporary(0) })).toEqual(['token_revoked', 'local'])
  })

  test.each([{ all: true }, { subject: ALICE }] as const)(
    'gets through at once where %o is invalidated',
    async (selector) => {
      const rig = await setUp()
      const gate = rig.verifier as VerdictGate
      createInvalidation({ memory: rig.memory, ledger: rig.ledger, gate })(selector)
      rig.clock.advance(1)
      expect(await rig.ask(NEW)).toEqual(['accepted', 'onezone'])
      expect((await rig.ask({ token: temporary(4) }))[0]).toBe('token_invalid')
    },
  )

  test('is believed where the yes was asked for after the higher generation, and not where before', async () => {
    const rig = createGateRig()
    rig.hold()
    const early = rig.ask(NEW)
    await settle()
    rig.clock.advance(1)
    const higher = rig.ask({ token: temporary(4) })
    await settle()
    rig.clock.advance(1)
    const later = rig.ask(OTHER)
    await settle()
    await rig.open[1]?.answer(yes(rig.clock))
    await rig.open[0]?.answer(yes(rig.clock))
    await rig.open[2]?.answer(yes(rig.clock))
    expect(await early).toEqual(['token_revoked', 'onezone'])
    expect(await higher).toEqual(['accepted', 'onezone'])
    expect(await later).toEqual(['accepted', 'onezone'])
    rig.answerWith(no('token_invalid'))
    expect(await rig.ask(OTHER)).toEqual(['accepted', 'cache'])
    expect(await rig.ask({ token: temporary(4) })).toEqual(['token_invalid', 'onezone'])
  })
})

describe('a subject that is deleted and made anew between two questions', () => {
  test('has tokens asked about in turn, so that one of its former life does not pass for long', async () => {
    const rig = createGateRig()
    await rig.ask(OLD)
    rig.clock.advance(5_000)
    rig.answerWith(yesTo(NEW))
    await rig.ask(NEW)
    rig.clock.advance(7_000) // the new one keeps the family fresh
    await rig.ask(NEW)
    await settle()
    let passed = 0
    while ((await rig.ask(OLD))[0] === 'accepted') {
      passed += 1
      await rig.ask(NEW)
      await settle()
      rig.clock.advance(1_000)
    }
    expect(passed).toBeLessThan(10)
    expect(await rig.ask(NEW)).toEqual(['accepted', 'onezone'])
    rig.asked.length = 0
    for (let second = 0; second < 70; second++) {
      expect(await rig.ask(NEW)).toEqual(['accepted', 'cache'])
      await settle()
      rig.clock.advance(1_000)
    }
    expect(rig.asked.length).toBeLessThanOrEqual(10)
  })

  test('by its tokens in turn, at no more cost than one question per interval', async () => {
    const rig = createGateRig()
    const members = Array.from({ length: 10 }, (_, i) => temporary(5, `member${i}`))
    for (const token of members) await rig.ask({ token })
    rig.clock.advance(1)
    rig.asked.length = 0
    for (let second = 0; second < 100; second++) {
      for (const token of members) expect((await rig.ask({ token }))[1]).toBe('cache')
      await settle()
      rig.clock.advance(1_000)
    }
    expect(rig.asked.length).toBeLessThanOrEqual(100 / 7)
    expect(new Set(rig.asked.map(({ token }) => token.id)).size).toBe(10)
  })

  test('and one that others vouch for is itself asked about after so many intervals', async () => {
    const rig = createGateRig()
    await rig.ask(OLD)
    rig.answerWith(yesTo(NEW))
    for (let ms = 0; ms < OWN_QUESTION_INTERVALS * 10_000; ms += 5_000) {
      rig.clock.advance(5_000)
      await rig.ask(NEW)
      await settle()
    }
    expect(await rig.ask(OLD)).toEqual(['token_invalid', 'onezone'])
  })
})

test('a process that hears of deaths from another has each token proven anew by it', async () => {
  const rig = createGateRig()
  await rig.ask(OLD)
  rig.clock.advance(1)
  const gate = rig.verifier as VerdictGate
  const { memory, ledger } = rig
  createInvalidation({ memory, ledger, gate, keepsProofs: false })({ subject: ALICE })
  rig.clock.advance(1)
  rig.answerWith(yesTo(NEW))
  expect(await rig.ask(NEW)).toEqual(['accepted', 'onezone'])
  expect(await rig.ask(OLD)).toEqual(['token_invalid', 'onezone'])
})

test('that its generation was over is no late word where it was named since: it lives anew', async () => {
  const rig = createGateRig()
  await rig.ask(OLD)
  rig.clock.advance(10_000)
  rig.hold()
  const other = rig.ask(OTHER)
  rig.clock.advance(100)
  const newer = rig.ask(NEW)
  await rig.open[1]!.answer(yesTo(NEW))
  expect(await newer).toEqual(['accepted', 'onezone'])
  await rig.open[0]!.answer(no('token_revoked'))
  expect(await other).toEqual(['token_revoked', 'onezone'])
  rig.answerWith(yesTo(NEW))
  rig.clock.advance(100)
  expect(await rig.ask(OLD)).toEqual(['token_invalid', 'onezone'])
  expect(await rig.ask(NEW)).toEqual(['accepted', 'cache'])
})
