import { describe, expect, test } from 'vitest'

import { contextKey } from '../../src/verification/verdict-keys.ts'
import type { Caveat } from '../../src/token/index.ts'
import { CAVEATS, parseToken } from '../../src/token/index.ts'
import { consumerOf } from '../../src/verifier/index.ts'
import { mint, tokenOf } from '../helpers/tokens.ts'
import type { OpenQuestion } from '../verification/gate-rig.ts'
import {
  ALICE,
  createGateRig,
  no,
  question,
  settle,
  START_SECONDS,
  yes,
} from '../verification/gate-rig.ts'

// A consumer token that no caveat reads is not in the key, but it was in the question: whoever shared the question
// shared what became of somebody else's consumer token.

const PLAIN = tokenOf()
const BY_PLACE = tokenOf({ caveats: [{ type: 'asn', whitelist: [1] }] })
const EXPIRED = tokenOf({
  id: 'expired',
  subject: { type: 'user', id: 'bob' },
  type: { identityToken: {} },
  caveats: [{ type: 'time', validUntil: START_SECONDS - 60 }],
})

/** Onezone's word on a question: it looks at each consumer token that it gets. */
const answerAsOnezone = async (
  open: OpenQuestion | undefined,
  rig: { clock: Parameters<typeof yes>[0] },
) =>
  open?.answer(open.request.consumerToken === null ? yes(rig.clock) : no('consumer_token_invalid'))

describe.each([
  ['that is judged here', PLAIN],
  ['that only Onezone can judge', BY_PLACE],
])('an expired consumer token beside a token %s that does not read it', (_what, token) => {
  test('is not in the question, and neither of the two who share it is refused', async () => {
    const rig = createGateRig()
    rig.hold()
    const asks = [rig.ask({ token, consumerToken: EXPIRED }), rig.ask({ token })]
    await settle()
    expect(rig.asked.map(({ consumerToken }) => consumerToken)).toEqual([null])
    await answerAsOnezone(rig.open[0], rig)
    expect((await Promise.all(asks)).map(([outcome]) => outcome)).toEqual(['accepted', 'accepted'])
  })

  test('is not judged when the token is known, either', async () => {
    const rig = createGateRig()
    await rig.ask({ token })
    expect(await rig.ask({ token, consumerToken: EXPIRED })).toEqual(['accepted', 'cache'])
    expect(rig.asked).toHaveLength(1)
  })
})

test('beside a token that reads it, it is refused without a question, and nobody else is', async () => {
  const rig = createGateRig()
  const token = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
  expect(await rig.ask({ token, consumerToken: EXPIRED })).toEqual([
    'consumer_token_invalid',
    'local',
  ])
  expect(rig.asked).toEqual([])
  expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
})

const EACH_CAVEAT: [string, Caveat][] = [
  ['time', { type: 'time', validUntil: START_SECONDS + 60 }],
  ['ip', { type: 'ip', whitelist: ['10.0.0.0/8'] }],
  ['asn', { type: 'asn', whitelist: [1] }],
  ['geo.country', { type: 'geo.country', filter: 'whitelist', list: ['PL'] }],
  ['geo.region', { type: 'geo.region', filter: 'whitelist', list: ['EU'] }],
  ['service', { type: 'service', whitelist: ['opw-*'] }],
  ['consumer', { type: 'consumer', whitelist: ['usr-bob'] }],
  ['interface', { type: 'interface', interface: 'rest' }],
  ['api', { type: 'api', whitelist: ['oz-user/get/*'] }],
  ['data.readonly', { type: 'data.readonly' }],
  ['data.path', { type: 'data.path', whitelist: ['L2E='] }],
  ['data.objectid', { type: 'data.objectid', whitelist: ['aa'] }],
  ['scope', { scope: 'identityToken' }],
  ['unknown', { type: 'unknown', text: 'colour = red' }],
]

describe('a consumer token is in the key exactly where it is in the question', () => {
  test('for each caveat there is', () => {
    expect(EACH_CAVEAT.map(([name]) => name).sort()).toEqual(
      [...Object.keys(CAVEATS), 'unknown'].sort(),
    )
  })

  test.each(EACH_CAVEAT)('%s', (_name, caveat) => {
    const token = parseToken(mint({ subject: ALICE, caveats: [caveat] }))
    const request = { ...question(), token, consumerToken: EXPIRED }
    const inKey = contextKey(request) !== contextKey({ ...request, consumerToken: null })
    expect(consumerOf(request) !== null).toBe(inKey)
  })
})
