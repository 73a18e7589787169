import { describe, expect, test } from 'vitest'

import { VerifierFaultError } from '../../src/errors.ts'
import type { Caveat } from '../../src/token/index.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { BOB, createGateRig, fault, no, START_SECONDS, temporary, yes } from './gate-rig.ts'

const ON = { staleIfErrorMs: 60_000 }
const asn: Caveat = { type: 'asn', whitelist: [8267] }

test('without it nobody is let in beyond the bound', async () => {
  const rig = createGateRig()
  await rig.ask()
  rig.answerWith(fault())
  rig.clock.advance(10_000)
  await expect(rig.ask()).rejects.toThrow(VerifierFaultError)
})

describe.each([
  ['a token that is judged locally', tokenOf()],
  ['a token that only Onezone can judge', tokenOf({ caveats: [asn] })],
])('%s', (_name, token) => {
  test('is let in where nobody can say, which is told, and as old as it is', async () => {
    const rig = createGateRig(ON)
    const { verdict } = await rig.verify({ token })
    rig.answerWith(fault())
    rig.clock.advance(69_999)
    expect(await rig.verify({ token })).toEqual({
      verdict: expect.objectContaining({ outcome: 'accepted', askedAtMs: verdict.askedAtMs }),
      source: 'stale',
    })
  })

  test('is not let in beyond both times together', async () => {
    const rig = createGateRig(ON)
    await rig.ask({ token })
    rig.answerWith(fault())
    rig.clock.advance(70_000)
    await expect(rig.ask({ token })).rejects.toThrow('no answer')
  })

  test('does not become younger by being let in', async () => {
    const rig = createGateRig(ON)
    await rig.ask({ token })
    rig.answerWith(fault())
    for (let second = 0; second < 69; second++) {
      rig.clock.advance(1_000)
      await rig.ask({ token })
    }
    rig.clock.advance(1_000)
    await expect(rig.ask({ token })).rejects.toThrow('no answer')
  })

  test('is asked about as soon as somebody answers', async () => {
    const rig = createGateRig(ON)
    await rig.ask({ token })
    rig.answerWith(fault())
    rig.clock.advance(10_000)
    expect((await rig.ask({ token }))[1]).toBe('stale')
    rig.answerWith(yes(rig.clock))
    expect(await rig.ask({ token })).toEqual(['accepted', 'onezone'])
  })

  test.each(['token_revoked', 'user_blocked', 'token_invalid'] as const)(
    'is not let in once it was refused with %s',
    async (reason) => {
      const rig = createGateRig(ON)
      await rig.ask({ token })
      rig.clock.advance(10_000)
      rig.answerWith(no(reason))
      expect((await rig.ask({ token }))[0]).toBe(reason)
      rig.answerWith(fault())
      rig.clock.advance(2_000) // no longer believed without asking; nor is the yes before it
      await expect(rig.ask({ token })).rejects.toThrow('no answer')
    },
  )

  test.each(['token_revoked', 'user_blocked'] as const)(
    'is not let in once a relative of it was refused with %s',
    async (reason) => {
      const rig = createGateRig(ON)
      await rig.ask({ token })
      rig.clock.advance(10_000)
      rig.answerWith(no(reason))
      const relative = tokenOf({ caveats: [{ type: 'ip', whitelist: ['10.0.0.1'] }] })
      await rig.ask({ token: relative })
      rig.answerWith(fault())
      expect(await rig.ask({ token })).toEqual([reason, 'local'])
      rig.clock.advance(2_000)
      await expect(rig.ask({ token })).rejects.toThrow('no answer')
    },
  )

  test('is not let in where Onezone did answer, only not for us', async () => {
    const rig = createGateRig(ON)
    await rig.ask({ token })
    rig.clock.advance(10_000)
    rig.answerWith(fault(new VerifierFaultError('ERR_GATEWAY_MISCONFIGURED', 'our own fault')))
    await expect(rig.ask({ token })).rejects.toThrow('our own fault')
    rig.answerWith(fault(new TypeError('a defect')))
    await expect(rig.ask({ token })).rejects.toThrow('a defect')
  })
})

test.each([
  ['judged locally', []],
  ['that only Onezone can judge', [asn]],
])('a token %s is never let in beyond its own end', async (_name, caveats) => {
  const rig = createGateRig(ON)
  const token = tokenOf({ caveats: [...caveats, { type: 'time', validUntil: START_SECONDS + 20 }] })
  await rig.ask({ token })
  rig.answerWith(fault())
  rig.clock.advance(19_999)
  expect(await rig.ask({ token })).toEqual(['accepted', 'stale'])
  rig.clock.advance(1)
  const answer = await rig.ask({ token }).catch(() => ['nobody could say'] as const)
  expect(answer[0]).not.toBe('accepted')
})

test('nor is one beyond the end of the consumer token that came with it', async () => {
  const rig = createGateRig(ON)
  const token = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
  const consumerToken = tokenOf({
    type: { identityToken: {} },
    subject: BOB,
    caveats: [{ type: 'time', validUntil: START_SECONDS + 20 }],
  })
  await rig.ask({ token, consumerToken })
  rig.answerWith(fault())
  rig.clock.advance(19_999)
  expect(await rig.ask({ token, consumerToken })).toEqual(['accepted', 'stale'])
  rig.clock.advance(1)
  await expect(rig.ask({ token, consumerToken })).rejects.toThrow('no answer')
})

test('a generation that is over is refused, whether or not anybody answers', async () => {
  const rig = createGateRig(ON)
  await rig.ask({ token: temporary(1) })
  await rig.ask({ token: temporary(2) })
  rig.answerWith(fault())
  rig.clock.advance(10_000)
  expect(await rig.ask({ token: temporary(1) })).toEqual(['token_revoked', 'local'])
  expect(await rig.ask({ token: temporary(2) })).toEqual(['accepted', 'stale'])
})

test('caveats are judged as ever', async () => {
  const rig = createGateRig(ON)
  const token = tokenOf({ caveats: [{ type: 'ip', whitelist: ['10.0.0.1'] }] })
  await rig.ask({ token })
  rig.answerWith(fault())
  rig.clock.advance(10_000)
  expect(await rig.ask({ token })).toEqual(['accepted', 'stale'])
  expect(await rig.ask({ token, peerIp: '10.0.0.2' })).toEqual(['caveat_unverified', 'local'])
})

test('a token that was never accepted gets nothing out of it', async () => {
  const rig = createGateRig(ON)
  await rig.ask({ token: temporary(1, 'known') })
  rig.answerWith(fault())
  await expect(rig.ask({ token: temporary(1, 'new') })).rejects.toThrow('no answer')
})

test('those who waited for the same answer fare alike', async () => {
  const rig = createGateRig(ON)
  const members = ['one', 'two', 'three'].map((id) => temporary(1, id))
  for (const token of members) await rig.ask({ token })
  rig.answerWith(fault())
  rig.clock.advance(10_000)
  const answers = await Promise.all(members.map((token) => rig.ask({ token })))
  expect(answers).toEqual(Array(3).fill(['accepted', 'stale']))
  expect(rig.asked).toHaveLength(4)
})
