import { describe, expect, test } from 'vitest'

import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, settle, temporary, yes } from '../verification/gate-rig.ts'

// Who wanted a young fact shared the answer to a question that had been sent before such a fact could be had.

const KINDS = [
  ['that is judged here', temporary(5)],
  ['that only Onezone can judge', tokenOf({ caveats: [{ type: 'asn', whitelist: [1] }] })],
] as const

/** A question has been under way for two seconds. */
async function setUp(token: (typeof KINDS)[number][1], isKnown: boolean) {
  const rig = createGateRig()
  if (isKnown) {
    await rig.ask({ token })
    rig.clock.advance(10_000)
    rig.asked.length = 0
  }
  rig.hold()
  const earlier = rig.verify({ token })
  await settle()
  rig.clock.advance(2_000)
  return { ...rig, earlier, ask: (maxFactAgeMs?: number) => rig.verify({ token, maxFactAgeMs }) }
}

describe.each(KINDS)('a token %s', (_what, token) => {
  describe.each([
    ['new', false],
    ['known', true],
  ])('and is %s', (_state, isKnown) => {
    test('is asked about anew for who wants a fact younger than the question under way', async () => {
      const { ask, asked, open, clock, earlier } = await setUp(token, isKnown)
      const askedAtMs = clock.monotonic()
      const young = ask(1_000)
      await settle()
      expect(asked).toHaveLength(2)
      await open[0]?.answer(yes(clock))
      expect((await earlier).verdict.outcome).toBe('accepted')
      await open[1]?.answer(no('caveat_unverified', 'asn'))
      expect((await young).verdict).toMatchObject({ outcome: 'refused', askedAtMs })
    })

    test('is not asked about anew for who is content with that', async () => {
      const { ask, asked, open, clock, earlier } = await setUp(token, isKnown)
      const others = [ask(), ask(2_000), ask(60_000)]
      await settle()
      expect(asked).toHaveLength(1)
      await open[0]?.answer(yes(clock))
      for (const { verdict } of await Promise.all([earlier, ...others])) {
        expect(verdict.outcome).toBe('accepted')
      }
      expect(asked).toHaveLength(1)
    })

    test('has the younger question shared by all who come later', async () => {
      const { ask, asked, open, clock, earlier } = await setUp(token, isKnown)
      const later = [ask(1_000), ask(1_000), ask()]
      await settle()
      expect(asked).toHaveLength(2)
      await open[0]?.answer(yes(clock))
      await open[1]?.answer(yes(clock))
      await Promise.all([earlier, ...later])
      expect(asked).toHaveLength(2)
    })

    test('is not revived by the older answer, where the younger one came first', async () => {
      const { ask, open, clock, earlier, answerWith } = await setUp(token, isKnown)
      const young = ask(1_000)
      await settle()
      const refusing = no('caveat_unverified', 'asn')
      await open[1]?.answer(refusing)
      expect((await young).verdict.outcome).toBe('refused')
      clock.advance(2_000)
      answerWith(refusing)
      await open[0]?.answer(yes(clock))
      expect((await earlier).verdict.outcome).toBe('refused')
      expect((await ask()).verdict.outcome).toBe('refused')
    })
  })
})

test('a refresh of another token of the family is not waited for, either', async () => {
  const rig = createGateRig()
  const [one, two] = [temporary(5, 'one'), temporary(5, 'two')]
  await rig.ask({ token: one })
  await rig.ask({ token: two })
  rig.clock.advance(10_000)
  rig.hold()
  const earlier = rig.ask({ token: one })
  await settle()
  rig.clock.advance(2_000)
  const young = rig.ask({ token: two, maxFactAgeMs: 1_000 })
  const content = rig.ask({ token: two, maxFactAgeMs: 3_000 })
  await settle()
  expect(rig.open).toHaveLength(2)
  await rig.open[1]?.answer(yes(rig.clock))
  await rig.open[0]?.answer(yes(rig.clock))
  const outcomes = await Promise.all([earlier, young, content])
  expect(outcomes.map(([outcome]) => outcome)).toEqual(['accepted', 'accepted', 'accepted'])
  expect(rig.open).toHaveLength(2)
})

test('an answer that is older than its question is asked for anew, once', async () => {
  const rig = createGateRig()
  const token = temporary(5)
  rig.clock.advance(60_000)
  rig.hold()
  const earlier = rig.ask({ token })
  await settle()
  const young = rig.verify({ token, maxFactAgeMs: 1_000 })
  await settle()
  expect(rig.asked).toHaveLength(1)
  // As a worker is answered by its primary, which remembers.
  await rig.open[0]?.answer((request, askedAtMs) => yes(rig.clock)(request, askedAtMs - 5_000))
  expect((await earlier)[0]).toBe('accepted')
  expect(rig.asked).toHaveLength(2)
  expect(rig.asked[1]).toMatchObject({ maxFactAgeMs: 1_000 })
  const askedAtMs = rig.clock.monotonic()
  await rig.open[1]?.answer(yes(rig.clock))
  expect((await young).verdict).toMatchObject({ outcome: 'accepted', askedAtMs })
})
