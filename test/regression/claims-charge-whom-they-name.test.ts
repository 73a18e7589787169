import { expect, test } from 'vitest'

import { VerificationBudgetError } from '../../src/errors.ts'
import { confineToken, parseToken } from '../../src/token/index.ts'
import { mint, tokenOf } from '../helpers/tokens.ts'
import { BOB, createGateRig, no, START_SECONDS, yes } from '../verification/gate-rig.ts'

// Forged tokens that claimed bob, from three addresses, used up what questions about bob's tokens may cost: his next
// token got 429, wherever it came from.

const forged = (index: number) => ({
  token: tokenOf({ id: `forged${index}`, subject: BOB }),
  clientAddress: `10.9.9.${index % 3}`,
})

test('tokens that claim somebody cost those who send them, never whom they name', async () => {
  const rig = createGateRig({})
  rig.answerWith(no('token_invalid'))
  const outcomes = await Promise.all(
    Array.from({ length: 2_000 }, (_, index) =>
      rig.ask(forged(index)).then(
        () => 'asked',
        (error: unknown) => (error instanceof VerificationBudgetError ? 'budget' : String(error)),
      ),
    ),
  )
  // Each of the three addresses has 500 at once.
  expect(outcomes.filter((outcome) => outcome === 'asked')).toHaveLength(1_500)
  rig.answerWith(yes(rig.clock))
  const bobs = { token: tokenOf({ id: 'bobs', subject: BOB }), clientAddress: '10.0.0.2' }
  expect(await rig.ask(bobs)).toEqual(['accepted', 'onezone'])
})

test('forged further texts of a proven family cost its subject nothing', async () => {
  const rig = createGateRig({ budget: { perSubjectPerSecond: 1 } })
  const parent = mint({ id: 'bobs', subject: BOB })
  const child = (days: number) =>
    parseToken(confineToken(parent, [{ type: 'time', validUntil: START_SECONDS + 86_400 * days }]))
  rig.answerWith(yes(rig.clock))
  await rig.ask({ token: parseToken(parent), clientAddress: '10.0.0.2' })
  rig.answerWith(no('token_invalid'))
  for (let days = 1; days <= 100; days++) {
    await rig.ask({ token: child(days), clientAddress: '10.9.9.9' })
  }
  rig.answerWith(yes(rig.clock))
  expect(await rig.ask({ token: child(200), clientAddress: '10.0.0.2' })).toEqual([
    'accepted',
    'onezone',
  ])
})
