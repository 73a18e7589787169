import { describe, expect, test } from 'vitest'

import { confineToken, parseToken } from '../../src/token/index.ts'
import { tokenOf } from '../helpers/tokens.ts'
import type { GateRig, GateSettings } from '../verification/gate-rig.ts'
import { BOB, createGateRig, fault, no, temporary, yes } from '../verification/gate-rig.ts'

// A consumer token that was known to be revoked counted as long as the grant that rested on it, and in an outage for
// staleIfErrorMs more.

const token = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
const type = { identityToken: {} } as const
const temporaryConsumer = tokenOf({
  id: 'c',
  persistence: 'temporary',
  generation: 1,
  subject: BOB,
  type,
})
const namedConsumer = tokenOf({ id: 'of-bob', subject: BOB, type })
const confined = parseToken(
  confineToken(namedConsumer.serialized, [{ type: 'ip', whitelist: ['10.0.0.0/8'] }]),
)

/** Ways in which it becomes known that Bob, or his token, is no good any more. */
const DEATHS: [string, typeof token, (rig: GateRig) => Promise<unknown>][] = [
  [
    'a yes for a newer generation of the consumer',
    temporaryConsumer,
    (rig) => rig.ask({ token: temporary(2, 'new', BOB) }),
  ],
  [
    'a no for the generation of the consumer',
    temporaryConsumer,
    (rig) => {
      rig.answerWith(no('token_revoked'))
      return rig.ask({ token: temporary(1, 'another', BOB) })
    },
  ],
  [
    'a no for the named token that it was confined from',
    confined,
    (rig) => {
      rig.answerWith(no('token_revoked'))
      return rig.ask({ token: namedConsumer, kind: 'identity' })
    },
  ],
  [
    'that the consumer is blocked',
    namedConsumer,
    (rig) => {
      rig.answerWith(no('user_blocked'))
      return rig.ask({ token: temporary(7, 'access', BOB) })
    },
  ],
  [
    'what the watch reads',
    temporaryConsumer,
    async (rig) => rig.ledger.sawGeneration(BOB, 2, rig.clock.monotonic()),
  ],
]

async function setUp(consumerToken: typeof token, settings: GateSettings = {}) {
  const rig = createGateRig({ negativeTtlMs: 60_000, ...settings })
  const request = { token, consumerToken }
  expect((await rig.ask(request))[0]).toBe('accepted')
  rig.clock.advance(1)
  return { rig, request }
}

describe.each(DEATHS)('%s', (_what, consumerToken, die) => {
  test('ends a grant that rests on the consumer token, at once', async () => {
    const { rig, request } = await setUp(consumerToken)
    expect(await rig.ask(request)).toEqual(['accepted', 'cache'])
    await die(rig)
    const before = rig.asked.length
    expect(await rig.ask(request)).toEqual(['consumer_token_invalid', 'local'])
    expect(rig.asked).toHaveLength(before)
    expect((await rig.ask({ token }))[0]).not.toBe('consumer_token_invalid')
  })

  test('leaves nothing to be served in an outage', async () => {
    const { rig, request } = await setUp(consumerToken, { staleIfErrorMs: 60_000 })
    rig.clock.advance(9_000)
    await die(rig)
    rig.answerWith(fault())
    rig.clock.advance(3_000)
    const served = await rig.ask(request).catch((error: unknown) => [String(error)])
    expect(served).not.toContain('accepted')
  })
})

test('one that is alive is served in an outage, as ever', async () => {
  const { rig, request } = await setUp(namedConsumer, { staleIfErrorMs: 60_000 })
  rig.answerWith(fault())
  rig.clock.advance(12_000)
  expect(await rig.ask(request)).toEqual(['accepted', 'stale'])
})

test('a later yes for the consumer token takes a death back that can be', async () => {
  const { rig, request } = await setUp(namedConsumer, { negativeTtlMs: 2_000 })
  rig.answerWith(no('user_blocked'))
  await rig.ask({ token: temporary(7, 'access', BOB) })
  expect(await rig.ask(request)).toEqual(['consumer_token_invalid', 'local'])
  rig.clock.advance(2_000)
  rig.answerWith(yes(rig.clock))
  expect(await rig.ask(request)).toEqual(['accepted', 'onezone'])
  expect(await rig.ask(request)).toEqual(['accepted', 'cache'])
})

test('a grant is forgotten with what is known of its consumer, and asked for anew', async () => {
  const { rig, request } = await setUp(namedConsumer, { maxFamilies: 2 })
  await rig.ask({ token: temporary(1) })
  await rig.ask({ token: temporary(3, 'other', BOB) })
  expect((await rig.ask(request))[1]).toBe('onezone')
})
