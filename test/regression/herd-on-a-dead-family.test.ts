import { expect, test } from 'vitest'

import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, temporary } from '../verification/gate-rig.ts'

// Without a negative time to live, those who waited for an answer about a dead family asked one after another.

const named = (third: number) =>
  tokenOf({ caveats: [{ type: 'ip', whitelist: ['10.0.0.1', `10.0.1.${third}`] }] })

test.each([
  ['token_revoked', named],
  ['user_blocked', named],
  ['token_invalid', named],
  ['token_revoked', (i: number) => temporary(5, `member${i}`)],
  ['token_invalid', (i: number) => temporary(5, `member${i}`)],
] as const)('one answer, %s, serves all who wait for it', async (reason, tokenNo) => {
  const rig = createGateRig({ negativeTtlMs: 0 })
  const members = Array.from({ length: 20 }, (_, i) => tokenNo(i))
  for (const token of members) await rig.ask({ token })
  rig.clock.advance(60_000)
  rig.asked.length = 0
  rig.answerWith(no(reason))
  const answers = await Promise.all(members.map((token) => rig.ask({ token })))
  expect(answers.map(([outcome]) => outcome)).toEqual(members.map(() => reason))
  expect(rig.asked).toHaveLength(1)
})
