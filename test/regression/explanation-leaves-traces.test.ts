import { describe, expect, test } from 'vitest'

import { createExplanation } from '../../src/verification/explanation.ts'
import type { VerdictGate } from '../../src/verification/verdict-gate.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { tokenOf } from '../helpers/tokens.ts'
import type { GateSettings } from '../verification/gate-rig.ts'
import { BOB, createGateRig, no, question, temporary, yes } from '../verification/gate-rig.ts'

// Explaining a request made a record of its family and could push out another; it counted as a use of what it looked
// at.

function setUp(settings: GateSettings = {}) {
  const rig = createGateRig(settings)
  const explain = createExplanation({ ...rig, gate: rig.verifier as VerdictGate })
  return {
    ...rig,
    explain: (request: Partial<VerificationRequest> = {}) => explain({ ...question(), ...request }),
  }
}

const NAMED = [1, 2, 3].map((index) => ({ token: tokenOf({ id: `named${index}` }) }))
const IN_CONTEXT = [1, 2, 3].map((index) => ({
  token: tokenOf({
    id: `asn${index}`,
    subject: { type: 'user', id: `user${index}` },
    caveats: [{ type: 'asn', whitelist: [1] }],
  }),
}))
const OF_EACH = [1, 2, 3].map((index) => ({
  token: tokenOf({ id: `of${index}`, subject: { type: 'user', id: `user${index}` } }),
}))

describe('an explanation', () => {
  test('of a proven token whose family had to go brings none back, and pushes none out', async () => {
    const { ask, explain, ledger, evicted } = setUp({ maxFamilies: 2 })
    for (const request of NAMED) await ask(request)
    expect(evicted).toEqual(['families'])
    const before = [...ledger.families()]
    const { explanation, verification } = await explain(NAMED[0])
    expect(explanation).toMatchObject({ proven: true, verdict: null })
    expect(verification).toBeNull()
    expect([...ledger.families()]).toEqual(before)
    expect(evicted).toEqual(['families'])
    expect((await ask(NAMED[1]))[1]).toBe('cache')
    expect((await ask(NAMED[2]))[1]).toBe('cache')
  })

  test('of one whose subject had to go knows its deaths all the same', async () => {
    const { ask, explain, answerWith, evicted } = setUp({ maxFamilies: 1 })
    await ask({ token: temporary(2) })
    await ask({ token: temporary(1, 't', BOB) }) // pushes out alice, family and subject
    answerWith(no('token_revoked'))
    await ask({ token: temporary(2, 'other') })
    const before = evicted.length
    const { explanation } = await explain({ token: temporary(2) })
    expect(explanation).toMatchObject({ proven: true, verdict: { reason: 'token_revoked' } })
    expect(evicted).toHaveLength(before)
  })

  test.each([
    ['a proven token', OF_EACH],
    ['a grant in context', IN_CONTEXT],
  ])('does not count as a use of %s', async (_what, [first, second, third]) => {
    const { ask, explain, memory } = setUp({ maxTokens: 2 })
    await ask(first)
    await ask(second)
    await explain(first)
    await ask(third) // pushes out what was used longest ago: the first
    expect(memory.entries('grants')).toBe(2)
    expect((await ask(second))[1]).toBe('cache')
  })

  test('does not count as a use of a refusal', async () => {
    const { ask, explain, answerWith } = setUp({ maxRefusals: 2 })
    answerWith(no('token_invalid'))
    await ask(OF_EACH[0])
    await ask(OF_EACH[1])
    expect((await explain(OF_EACH[0])).verification?.source).toBe('cache')
    await ask(OF_EACH[2])
    expect((await ask(OF_EACH[1]))[1]).toBe('cache')
  })

  test('does not count as a use of what is known of strangers', async () => {
    const { ask, explain, answerWith, ledger } = setUp({ maxStrangers: 2 })
    answerWith(no('token_revoked'))
    for (const request of OF_EACH.slice(0, 2)) await ask(request)
    const order = [...ledger.strangers()].map(({ ref }) => ref)
    await explain(OF_EACH[0])
    expect([...ledger.strangers()].map(({ ref }) => ref)).toEqual(order)
    const [carol, dave, erin] = ['carol', 'dave', 'erin'].map((id) => ({
      token: tokenOf({
        id,
        persistence: 'temporary',
        generation: 1,
        subject: { type: 'user', id },
      }),
    }))
    await ask(carol)
    await ask(dave)
    await explain(carol)
    await ask(erin) // pushes out what was used longest ago: carol
    expect((await explain(dave)).verification?.verdict).toMatchObject({ reason: 'token_revoked' })
    expect(ledger.glance.find({ kind: 'named', tokenId: 'of2' })).not.toBeNull()
  })

  test('of a grant by a consumer token uses neither family', async () => {
    const { ask, explain, ledger, clock } = setUp()
    const token = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
    const consumerToken = tokenOf({ id: 'bobs', subject: BOB, type: { identityToken: {} } })
    await ask({ token, consumerToken })
    const usedAtMs = clock.monotonic()
    clock.advance(9_000)
    const { verification } = await explain({ token, consumerToken })
    expect(verification?.source).toBe('cache')
    const used = [...ledger.families()].map((family) => family.usedAtMs)
    expect(used).toEqual([usedAtMs, usedAtMs])
  })

  test('agrees with the next request where the consumer token has ended', async () => {
    const { ask, explain, clock, answerWith } = setUp()
    const token = tokenOf({ caveats: [{ type: 'consumer', whitelist: ['usr-bob'] }] })
    const consumerToken = tokenOf({
      id: 'bobs',
      subject: BOB,
      type: { identityToken: {} },
      caveats: [{ type: 'time', validUntil: 1_750_000_010 }],
    })
    await ask({ token, consumerToken })
    clock.advance(60_000)
    answerWith(yes(clock))
    const { verification } = await explain({ token, consumerToken })
    expect(verification?.verdict).toMatchObject({ reason: 'consumer_token_invalid' })
    expect(await ask({ token, consumerToken })).toEqual(['consumer_token_invalid', 'local'])
  })
})
