import { describe, expect, test } from 'vitest'

import type { Caveat, Token } from '../../src/token/index.ts'
import { tokenOf } from '../helpers/tokens.ts'
import {
  ALICE,
  BOB,
  createGateRig,
  fault,
  no,
  settle,
  START_SECONDS,
  temporary,
} from './gate-rig.ts'

const confined = (...caveats: Caveat[]): Token => tokenOf({ caveats })
const byConsumer = confined({ type: 'consumer', whitelist: ['usr-bob'] })
const bob = (...caveats: Caveat[]): Token =>
  tokenOf({ type: { identityToken: {} }, subject: BOB, id: 'bob', caveats })
const asn = confined({ type: 'asn', whitelist: [8267] })
const unknown = confined({ type: 'unknown', text: 'moon = full' })
const session = tokenOf({ type: { accessToken: { sessionId: 's' } } })

describe('a token with caveats that only Onezone can judge is asked about in each context that they read', () => {
  test.each<[name: string, token: Token, others: object[], same: object[]]>([
    [
      'consumer',
      byConsumer,
      [{ consumerToken: bob() }, { consumerToken: session }, { consumerToken: null }],
      [{ allowDataAccessCaveats: true, consumerToken: null }],
    ],
    [
      'consumer, whose own caveats count as well',
      byConsumer,
      [
        { consumerToken: bob(), peerIp: '10.0.0.2' },
        { consumerToken: bob(), interface: null },
        { consumerToken: bob({ type: 'interface', interface: 'rest' }) },
      ],
      [],
    ],
    ['asn', asn, [{ peerIp: '10.0.0.2' }, { peerIp: null }], [{ interface: null }]],
    [
      'geo',
      confined({ type: 'geo.country', filter: 'whitelist', list: ['PL'] }),
      [{ peerIp: '10.0.0.2' }],
      [{ consumerToken: bob(), interface: null }],
    ],
    [
      'session',
      session,
      [],
      [{ peerIp: '10.0.0.2', interface: null, consumerToken: bob(), allowDataAccessCaveats: true }],
    ],
    [
      'an unknown caveat, which reads everything',
      unknown,
      [
        { peerIp: '10.0.0.2' },
        { interface: null },
        { consumerToken: bob() },
        { allowDataAccessCaveats: true },
      ],
      [],
    ],
  ])('%s', async (_name, token, others, same) => {
    const rig = createGateRig()
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    for (const context of same) {
      expect(await rig.ask({ token, ...context })).toEqual(['accepted', 'cache'])
    }
    const contexts = others.filter(
      (context) => !('consumerToken' in context) || Object.values(context)[0] !== null,
    )
    for (const context of contexts) {
      expect(await rig.ask({ token, ...context })).toEqual(['accepted', 'onezone'])
      expect(await rig.ask({ token, ...context })).toEqual(['accepted', 'cache'])
    }
    expect(rig.asked).toHaveLength(1 + contexts.length)
  })

  test('a yes in one context proves nothing in another', async () => {
    const rig = createGateRig()
    await rig.ask({ token: asn })
    rig.answerWith(no('caveat_unverified', 'asn'))
    expect(await rig.ask({ token: asn, peerIp: '10.0.0.2' })).toEqual([
      'caveat_unverified',
      'onezone',
    ])
    expect(await rig.ask({ token: asn })).toEqual(['accepted', 'cache'])
  })

  test('a question under way is shared within the context only', async () => {
    const rig = createGateRig()
    await Promise.all([
      rig.ask({ token: asn }),
      rig.ask({ token: asn }),
      rig.ask({ token: asn, peerIp: '10.0.0.2' }),
    ])
    expect(rig.asked).toHaveLength(2)
  })
})

describe('a grant in context', () => {
  test('lives as long as the bound, from its question on, and is not kept alive by its family', async () => {
    const rig = createGateRig()
    await rig.ask({ token: asn })
    rig.clock.advance(9_000)
    await rig.ask() // another token of the family
    rig.clock.advance(999)
    expect(await rig.ask({ token: asn })).toEqual(['accepted', 'cache'])
    rig.clock.advance(1)
    expect(await rig.ask({ token: asn })).toEqual(['accepted', 'onezone'])
    expect(rig.asked).toHaveLength(3)
  })

  test('ends with its token', async () => {
    const rig = createGateRig()
    const token = confined(
      { type: 'asn', whitelist: [1] },
      { type: 'time', validUntil: START_SECONDS + 3 },
    )
    await rig.ask({ token })
    rig.clock.advance(2_999)
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    rig.clock.advance(1)
    rig.answerWith(no('token_expired'))
    expect(await rig.ask({ token })).toEqual(['token_expired', 'onezone'])
  })

  test('ends with its consumer token, of which Onezone’s ttl says nothing (trap T7)', async () => {
    const rig = createGateRig()
    const consumerToken = bob({ type: 'time', validUntil: START_SECONDS + 3 })
    await rig.ask({ token: byConsumer, consumerToken })
    rig.clock.advance(2_999)
    expect(await rig.ask({ token: byConsumer, consumerToken })).toEqual(['accepted', 'cache'])
    rig.clock.advance(1)
    rig.answerWith(no('consumer_token_invalid'))
    expect(await rig.ask({ token: byConsumer, consumerToken })).toEqual([
      'consumer_token_invalid',
      'onezone',
    ])
  })

  test('dies with its family at once', async () => {
    const rig = createGateRig()
    await rig.ask({ token: asn })
    rig.answerWith(no('token_revoked'))
    await rig.ask({ token: byConsumer })
    expect(await rig.ask({ token: asn })).toEqual(['token_revoked', 'local'])
    rig.clock.advance(2_000)
    expect(await rig.ask({ token: asn })).toEqual(['token_revoked', 'onezone'])
  })

  test('dies with its generation, and with a block of its user', async () => {
    const rig = createGateRig()
    const caveats: Caveat[] = [{ type: 'asn', whitelist: [1] }]
    const old = tokenOf({ persistence: 'temporary', generation: 1, caveats })
    await rig.ask({ token: old })
    await rig.ask({ token: asn })
    await rig.ask({ token: temporary(2) })
    expect(await rig.ask({ token: old })).toEqual(['token_revoked', 'local'])
    rig.answerWith(no('user_blocked'))
    await rig.ask({ token: temporary(2, 'other') })
    expect(await rig.ask({ token: asn })).toEqual(['user_blocked', 'local'])
  })

  test('whose family the ledger had to forget is asked for anew, since a death would go unnoticed', async () => {
    const rig = createGateRig({ maxFamilies: 1 })
    await rig.ask({ token: asn })
    await rig.ask({ token: temporary(1, 't', BOB) })
    rig.answerWith(no('token_revoked'))
    await rig.ask({ token: byConsumer })
    expect((await rig.ask({ token: asn }))[0]).toBe('token_revoked')
  })

  test('of a token with no second left is not used again', async () => {
    const rig = createGateRig()
    const token = confined(
      { type: 'asn', whitelist: [1] },
      { type: 'time', validUntil: START_SECONDS },
    )
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  })

  test('of an invite token is for the kind of invitation that was expected', async () => {
    const rig = createGateRig()
    const token = tokenOf({
      type: { inviteToken: { inviteType: 'userJoinGroup', groupId: 'g', parameters: {} } },
      caveats: [{ type: 'asn', whitelist: [1] }],
      subject: ALICE,
    })
    await rig.ask({ token, kind: 'invite' })
    expect(await rig.ask({ token, kind: 'invite', inviteType: 'userJoinSpace' })).toEqual([
      'token_type_mismatch',
      'local',
    ])
  })

  test('is not a fact to fall back on: where nobody can say, nobody is let in', async () => {
    const rig = createGateRig()
    await rig.ask({ token: asn })
    rig.clock.advance(10_000)
    rig.answerWith(fault())
    await expect(rig.ask({ token: asn })).rejects.toThrow('no answer')
    await settle()
  })
})
