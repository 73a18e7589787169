import { describe, expect, test } from 'vitest'

import { createExplanation } from '../../src/verification/explanation.ts'
import type { VerdictGate } from '../../src/verification/verdict-gate.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { mint, tokenOf } from '../helpers/tokens.ts'
import { parseToken } from '../../src/token/index.ts'
import type { Answerer } from './gate-rig.ts'
import { createGateRig, fault, no, question, settle, temporary, yes } from './gate-rig.ts'

function createRig() {
  const rig = createGateRig()
  const gate = rig.verifier as VerdictGate
  const explain = createExplanation({ ...rig, gate })
  return {
    clock: rig.clock,
    asked: rig.asked,
    open: rig.open,
    ledger: rig.ledger,
    verify: (request?: Partial<VerificationRequest>) => rig.verify(request),
    hold: () => rig.hold(),
    answerWith: (answerer: Answerer) => rig.answerWith(answerer),
    explain: (request: Partial<VerificationRequest> = {}, ask = false) =>
      explain({ ...question(), ...request }, { ask }),
  }
}

describe('an explanation', () => {
  test('has no token, signature or digest in it, whatever is known', async () => {
    const { explain, verify } = createRig()
    const caveats = [
      { type: 'asn', whitelist: [1] },
      { type: 'consumer', whitelist: ['usr-bob'] },
    ] as const
    const request = { token: tokenOf({ caveats }), consumerToken: tokenOf({ id: 'consumer' }) }
    const cold = (await explain(request)).explanation
    await verify(request)
    const warm = (await explain(request)).explanation
    const text = JSON.stringify([cold, warm])
    for (const { serialized, digest } of [request.token, request.consumerToken]) {
      for (const secret of [serialized, serialized.slice(-30), digest]) {
        expect(text).not.toContain(secret)
      }
    }
    expect(JSON.parse(text)).toEqual([cold, warm])
  })

  test('is the verdict that the next request gets, from the same source', async () => {
    const requests: Partial<VerificationRequest>[] = [
      {},
      { token: temporary(1) },
      { token: tokenOf({ caveats: [{ type: 'ip', whitelist: ['10.0.0.0/8'] }] }) },
      { token: tokenOf({ caveats: [{ type: 'ip', whitelist: ['11.0.0.0/8'] }] }) },
      { token: tokenOf({ caveats: [{ type: 'interface', interface: 'oneclient' }] }) },
      { token: tokenOf({ caveats: [{ type: 'data.readonly' }] }) },
      { token: tokenOf({ caveats: [{ type: 'data.readonly' }] }), allowDataAccessCaveats: true },
      { token: tokenOf({ caveats: [{ type: 'asn', whitelist: [1] }] }) },
      { token: parseToken(mint({ version: 1 })) },
    ]
    const { explain, verify, clock, answerWith, asked } = createRig()
    const agree = async () => {
      for (const request of requests) {
        const before = asked.length
        const { verification } = await explain(request)
        expect(asked).toHaveLength(before)
        const { verdict, source } = await verify(request)
        if (verification === null) expect(source).toBe('onezone')
        else
          expect([verification.verdict.outcome, verification.source]).toEqual([
            verdict.outcome,
            source,
          ])
      }
    }
    await agree()
    await agree()
    clock.advance(11_000)
    await agree()
    clock.advance(11_000)
    answerWith(no('token_invalid'))
    await agree()
    await agree()
  })

  test('changes nothing: no question, no refresh, no use', async () => {
    const { explain, verify, clock, asked, ledger } = createRig()
    await verify()
    const [family] = ledger.families()
    const usedAtMs = family?.usedAtMs
    clock.advance(9_000)
    await explain()
    await settle()
    expect(asked).toHaveLength(1)
    expect(family?.usedAtMs).toBe(usedAtMs)
    expect(family?.refreshAtMs).toBeLessThan(clock.monotonic())
  })

  test('says that Onezone is being asked at the moment', async () => {
    const { explain, verify, hold, open, clock } = createRig()
    hold()
    const waiting = verify()
    await settle()
    expect((await explain()).explanation).toMatchObject({ underWay: true, verdict: null })
    await open[0]?.answer(yes(clock))
    await waiting
    expect((await explain()).explanation).toMatchObject({ underWay: false, proven: true })
  })

  test('a remembered refusal is shown with its age', async () => {
    const { explain, verify, answerWith, clock } = createRig()
    answerWith(no('token_invalid'))
    await verify()
    clock.advance(500)
    expect((await explain()).explanation.verdict).toEqual({
      outcome: 'refused',
      source: 'cache',
      reason: 'token_invalid',
      caveat: null,
      subject: null,
      ageMs: 500,
    })
  })

  test('an unknown caveat reads everything and is left to Onezone', async () => {
    const { explain } = createRig()
    const unknown = parseToken(mint({ caveats: [{ type: 'unknown', text: 'colour = red' }] }))
    const { explanation } = await explain({ token: unknown })
    expect(explanation.caveats).toEqual([{ reads: ['everything'], judged: 'onezone', holds: null }])
    expect(explanation.key).toEqual([{ field: 'everything', readBy: ['unknown'] }])
  })
})

describe('asked to ask', () => {
  test('it asks only where nothing is remembered that decides', async () => {
    const { explain, asked, clock } = createRig()
    expect((await explain({}, true)).explanation.verdict?.source).toBe('onezone')
    expect((await explain({}, true)).explanation.verdict?.source).toBe('cache')
    expect(asked).toHaveLength(1)
    clock.advance(11_000)
    expect((await explain({}, true)).explanation.verdict?.source).toBe('onezone')
    expect(asked).toHaveLength(2)
  })

  test('that nobody could say is told as a fault, with what is known', async () => {
    const { explain, answerWith } = createRig()
    answerWith(fault())
    const explained = await explain({}, true)
    expect(explained).toMatchObject({
      verification: null,
      fault: { code: 'ERR_VERIFIER_UNAVAILABLE' },
      explanation: { proven: false, verdict: null },
    })
  })
})
