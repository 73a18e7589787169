import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Caveat, OnedataInterface, Token } from '../../src/token/index.ts'
import { isJudgedLocally } from '../../src/verification/local-judgement.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { createGateRig, no, START_SECONDS, yes } from './gate-rig.ts'

const ip = (...whitelist: string[]): Caveat => ({ type: 'ip', whitelist })
const through = (name: OnedataInterface): Caveat => ({ type: 'interface', interface: name })
const until = (validUntil: number): Caveat => ({ type: 'time', validUntil })
const confined = (...caveats: Caveat[]): Token => tokenOf({ caveats })

describe('a proven token is judged by its own text, without asking', () => {
  test.each<[name: string, token: Token, good: object, bad: object, caveat: string]>([
    ['ip', confined(ip('10.0.0.0/8')), { peerIp: '10.2.3.4' }, { peerIp: '11.0.0.1' }, 'ip'],
    ['ip and no address', confined(ip('0.0.0.0/0')), {}, { peerIp: null }, 'ip'],
    ['host bits', confined(ip('10.0.0.77/24')), {}, { peerIp: '10.0.1.77' }, 'ip'],
    [
      'one of several networks',
      confined(ip('192.168.0.0/16', '10.0.0.1')),
      { peerIp: '192.168.7.7' },
      { peerIp: '10.0.0.2' },
      'ip',
    ],
    [
      'several ip caveats that overlap',
      confined(ip('10.0.0.0/8'), ip('10.1.0.0/16', '10.0.0.1')),
      { peerIp: '10.1.255.255' },
      { peerIp: '10.2.0.0' },
      'ip',
    ],
    [
      'interface',
      confined(through('rest')),
      { interface: 'rest' },
      { interface: 'oneclient' },
      'interface',
    ],
    ['no interface', confined(through('rest')), {}, { interface: null }, 'interface'],
    [
      'data access',
      confined({ type: 'data.readonly' }),
      { allowDataAccessCaveats: true },
      { allowDataAccessCaveats: false },
      'data.readonly',
    ],
  ])('%s', async (_name, token, good, bad, caveat) => {
    const rig = createGateRig()
    const proving = { allowDataAccessCaveats: true, peerIp: '10.0.0.1', interface: 'rest' } as const
    expect(await rig.ask({ token, ...proving })).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token, ...proving, ...good })).toEqual(['accepted', 'cache'])
    expect(await rig.verify({ token, ...proving, ...bad })).toMatchObject({
      source: 'local',
      verdict: { outcome: 'refused', reason: 'caveat_unverified', caveat },
    })
    expect(await rig.ask({ token, ...proving })).toEqual(['accepted', 'cache'])
    expect(rig.asked).toHaveLength(1)
  })

  test('the first caveat that fails is the one that is named', async () => {
    const rig = createGateRig()
    const token = confined(ip('10.0.0.0/8'), through('rest'))
    await rig.ask({ token })
    const { verdict } = await rig.verify({ token, peerIp: '11.0.0.1', interface: null })
    expect(verdict).toMatchObject({ caveat: 'ip' })
  })

  test('a time caveat ends it on the very second', async () => {
    const rig = createGateRig()
    const token = confined(until(START_SECONDS + 100), until(START_SECONDS + 5))
    await rig.ask({ token })
    rig.clock.advance(4_999)
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    rig.clock.advance(1)
    expect(await rig.ask({ token })).toEqual(['token_expired', 'local'])
    expect(rig.asked).toHaveLength(1)
  })

  test('an invite token of another kind than expected is refused without asking', async () => {
    const rig = createGateRig()
    const token = tokenOf({
      type: { inviteToken: { inviteType: 'userJoinGroup', groupId: 'g', parameters: {} } },
    })
    const request = { token, kind: 'invite' as const }
    expect(await rig.ask({ ...request, inviteType: 'userJoinSpace' })).toEqual([
      'token_type_mismatch',
      'local',
    ])
    expect(await rig.ask({ ...request, inviteType: 'userJoinGroup' })).toEqual([
      'accepted',
      'onezone',
    ])
    expect(await rig.ask(request)).toEqual(['accepted', 'cache'])
  })

  test('what a token is used as is proven apart', async () => {
    const rig = createGateRig()
    await rig.ask()
    rig.answerWith(no('token_type_mismatch'))
    expect(await rig.ask({ kind: 'identity' })).toEqual(['token_type_mismatch', 'onezone'])
    expect(await rig.ask({ kind: 'invite' })).toEqual(['token_type_mismatch', 'onezone'])
    expect(await rig.ask()).toEqual(['accepted', 'cache'])
  })

  test('another spelling of a token is the same token; another signature is not', async () => {
    const rig = createGateRig()
    await rig.ask({ token: tokenOf({ onezoneDomain: 'a.example.org' }) })
    await rig.ask({ token: tokenOf({ onezoneDomain: 'b.example.org' }) })
    expect(rig.asked).toHaveLength(1)
    await rig.ask({ token: tokenOf({ secret: 'another' }) })
    expect(rig.asked).toHaveLength(2)
  })
})

describe('a token that is not proven is refused without asking', () => {
  test.each<[string, Token, object]>([
    ['from an address that it forbids', confined(ip('11.0.0.0/8')), {}],
    ['through an interface that it forbids', confined(through('oneclient')), {}],
    ['with data caveats that nobody would enforce', confined({ type: 'data.readonly' }), {}],
    ['when it ended long ago', confined(until(START_SECONDS - 5)), {}],
    [
      'although it has caveats that only Onezone can judge as well',
      confined({ type: 'consumer', whitelist: ['usr-bob'] }, ip('11.0.0.0/8')),
      {},
    ],
  ])('%s', async (_name, token, context) => {
    const rig = createGateRig()
    expect((await rig.ask({ token, ...context }))[1]).toBe('local')
    expect(rig.asked).toHaveLength(0)
    expect(rig.memory.entries('refusals')).toBe(0)
  })

  test('but not for an end that a wrong clock may have made up', async () => {
    const rig = createGateRig()
    const token = confined(until(START_SECONDS - 4))
    rig.answerWith(no('token_expired'))
    expect(await rig.ask({ token })).toEqual(['token_expired', 'onezone'])
  })

  test('and a refusal in one context is no refusal in another', async () => {
    const rig = createGateRig()
    const token = confined(ip('11.0.0.0/8'))
    expect(await rig.ask({ token })).toEqual(['caveat_unverified', 'local'])
    expect(await rig.ask({ token, peerIp: '11.0.0.1' })).toEqual(['accepted', 'onezone'])
    expect(await rig.ask({ token })).toEqual(['caveat_unverified', 'local'])
  })
})

test.each<[boolean, Token]>([
  [true, confined()],
  [true, confined(ip('10.0.0.0/8'), through('rest'), until(1), { type: 'data.readonly' })],
  [true, confined({ type: 'api', whitelist: ['all/all/*.*.*:*'] })],
  [true, confined({ type: 'service', whitelist: ['ozw-onezone'] })],
  [false, confined({ type: 'consumer', whitelist: ['usr-bob'] })],
  [false, confined({ type: 'asn', whitelist: [1] })],
  [false, confined({ type: 'geo.country', filter: 'blacklist', list: ['PL'] })],
  [false, confined({ type: 'geo.region', filter: 'blacklist', list: ['EU'] })],
  [false, confined({ type: 'unknown', text: 'moon = full' })],
  [false, tokenOf({ type: { accessToken: { sessionId: 's' } } })],
])('judged locally: %s', (local, token) => {
  expect(isJudgedLocally(token)).toBe(local)
})

/** An address in a network, by the text of both: bit for bit, without arithmetic on 32 bits. */
function inNetwork(mask: string, address: string): boolean {
  const [network = '', length = '32'] = mask.split('/')
  const bits = (text: string) =>
    text
      .split('.')
      .map((field) => Number(field).toString(2).padStart(8, '0'))
      .join('')
  return bits(network).slice(0, Number(length)) === bits(address).slice(0, Number(length))
}

test('ip caveats are judged bit for bit, for any networks and addresses', async () => {
  const address = fc.tuple(...[0, 1, 2, 3].map(() => fc.constantFrom(0, 1, 127, 128, 254, 255)))
  const text = address.map((fields) => fields.join('.'))
  const mask = fc.tuple(text, fc.integer({ min: 0, max: 32 })).map(([net, n]) => `${net}/${n}`)
  const caveats = fc.array(fc.array(mask, { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  })
  await fc.assert(
    fc.asyncProperty(
      caveats,
      fc.array(text, { minLength: 1, maxLength: 6 }),
      async (lists, ips) => {
        const rig = createGateRig()
        const token = confined(...lists.map((list) => ip(...list)))
        for (const peerIp of [...ips, ...ips]) {
          const expected = lists.every((list) => list.some((each) => inNetwork(each, peerIp)))
          expect((await rig.ask({ token, peerIp }))[0]).toBe(
            expected ? 'accepted' : 'caveat_unverified',
          )
        }
        expect(rig.asked.length).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 100 },
  )
})

describe('time is Onezone’s', () => {
  test('a clock that is behind Onezone’s does not keep a token alive', async () => {
    const rig = createGateRig()
    rig.answerWith(yes(rig.clock, 60_000))
    const token = confined(until(START_SECONDS + 100))
    await rig.ask({ token })
    rig.clock.advance(39_000)
    expect((await rig.ask({ token }))[0]).toBe('accepted')
    rig.clock.advance(1_000)
    expect(await rig.ask({ token })).toEqual(['token_expired', 'local'])
    expect(rig.onezoneTime.offsetMs).toBe(0) // which one token alone does not tell
  })

  test('a jump of the wall clock neither revives a token nor ends one', async () => {
    const rig = createGateRig()
    const token = confined(until(START_SECONDS + 5))
    await rig.ask({ token })
    rig.clock.jump(3_600_000)
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    rig.clock.jump(-7_200_000)
    rig.clock.advance(4_999)
    expect(await rig.ask({ token })).toEqual(['accepted', 'cache'])
    rig.clock.advance(1)
    expect(await rig.ask({ token })).toEqual(['token_expired', 'local'])
    expect(rig.asked).toHaveLength(1)
  })
})
