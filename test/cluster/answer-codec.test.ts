import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeAnswer, encodeFault, encodeVerdict } from '../../src/cluster/answer-codec.ts'
import { VerificationBudgetError, VerifierFaultError } from '../../src/errors.ts'
import type { Verdict } from '../../src/verifier/index.ts'
import { accept, isAccepted, refuse } from '../../src/verifier/index.ts'

const ALICE = { type: 'user', id: 'alice' } as const
/** The primary's clock reads thousands where the worker's reads millions. */
const PRIMARY = { receivedAtMs: 5_000, answeredAtMs: 5_040, onezoneNowMs: 1_700_000_000_000 }
const WORKER = { sentAtMs: 9_000_000, heardAtMs: 9_000_050 }

/** What the worker makes of what the primary says, after a journey as JSON. */
function carry(verdict: Verdict) {
  const message = encodeVerdict({ verdict, source: 'cache' }, PRIMARY)
  const decoded = decodeAnswer(JSON.parse(JSON.stringify(message)), WORKER)
  if (decoded === null || decoded.outcome instanceof Error) return expect.unreachable()
  return decoded.outcome.verdict
}

describe('ages travel, not readings of a clock', () => {
  test('a grant is as old as it was when the question had come, from when it was sent', () => {
    const verdict = carry(accept({ subject: ALICE, ttlSeconds: 60, askedAtMs: 2_000 }))
    expect(isAccepted(verdict)).toBe(true)
    expect(verdict).toMatchObject({ subject: ALICE, ttlSeconds: 60, askedAtMs: 9_000_000 - 3_000 })
  })

  test('a grant that was asked for because of the question is as old as the question', () => {
    const verdict = carry(accept({ subject: ALICE, ttlSeconds: null, askedAtMs: 5_030 }))
    expect(verdict.askedAtMs).toBe(9_000_000)
  })

  test('a refusal is as old as it was when it was sent, from when it was heard', () => {
    const verdict = carry(refuse('caveat_unverified', 2_000, 'ip'))
    expect(verdict).toEqual(refuse('caveat_unverified', 9_000_050 - 3_040, 'ip'))
  })

  test('a grant is never younger than it really is, and a refusal never older', () => {
    const ms = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(ms, ms, ms, ms, (way, work, back, age) => {
        // Both clocks read the same here, so that what is true can be told.
        const sentAtMs = 1_000_000
        const receivedAtMs = sentAtMs + way
        const answeredAtMs = receivedAtMs + work
        const times = { receivedAtMs, answeredAtMs, onezoneNowMs: 0 }
        const heard = { sentAtMs, heardAtMs: answeredAtMs + back }
        const askedAtMs = answeredAtMs - age
        const decode = (verdict: Verdict): number => {
          const decoded = decodeAnswer(encodeVerdict({ verdict, source: 'cache' }, times), heard)
          return decoded === null || decoded.outcome instanceof Error
            ? NaN
            : decoded.outcome.verdict.askedAtMs
        }
        const granted = decode(accept({ subject: ALICE, ttlSeconds: null, askedAtMs }))
        const refused = decode(refuse('token_revoked', askedAtMs))
        return granted <= askedAtMs && refused >= askedAtMs
      }),
    )
  })

  test('what a record says of the end is told for a grant that is remembered', () => {
    const record = { id: 't', scopes: ['a'], validUntil: 1_700_000_010 }
    const verdict = carry(accept({ subject: ALICE, ttlSeconds: null, askedAtMs: 4_040, record }))
    // Ten seconds from now, eleven from when it was asked for.
    expect(verdict).toMatchObject({ ttlSeconds: 11, record })
  })
})

describe('faults stay faults', () => {
  const decode = (message: unknown) =>
    decodeAnswer(JSON.parse(JSON.stringify(message)), WORKER)?.outcome

  test.each([
    new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'gone', { retryAfterSeconds: 3 }),
    new VerifierFaultError('ERR_GATEWAY_MISCONFIGURED', 'bad service token'),
    new VerificationBudgetError(7),
  ])('%s', (error) => {
    const { code, retryAfterSeconds, message } = error
    const outcome = decode(encodeFault(error, 0))
    expect(outcome).toBeInstanceOf(error.constructor)
    expect(outcome).toMatchObject({
      code,
      message,
      ...(retryAfterSeconds && { retryAfterSeconds }),
    })
  })

  test('an error that no verifier throws is not told', () => {
    expect(encodeFault(new TypeError('a bug, with who knows what in it'), 0)).toBeNull()
  })
})

describe('no grant comes of what is malformed', () => {
  const good = {
    outcome: 'accepted',
    source: 'cache',
    onezoneNowMs: 1,
    subject: ALICE,
    record: null,
    ttlSeconds: null,
    ageMs: 0,
  }

  test('the sample without a flaw is one', () => {
    expect(decodeAnswer(good, WORKER)).not.toBeNull()
  })

  test.each<[string, object]>([
    ['no outcome', { outcome: undefined }],
    ['another outcome', { outcome: 'granted' }],
    ['no source', { source: undefined }],
    ['another source', { source: 'hearsay' }],
    ['no subject', { subject: undefined }],
    ['nobody', { subject: { type: 'nobody', id: 'x' } }],
    ['a subject without id', { subject: { type: 'user', id: '' } }],
    ['a subject whose id is no text', { subject: { type: 'user', id: 7 } }],
    ['no age', { ageMs: undefined }],
    ['an age that is no number', { ageMs: '0' }],
    ['an age that is not finite', { ageMs: -Infinity }],
    ['an age that is NaN', { ageMs: NaN }],
    ['no ttl', { ttlSeconds: undefined }],
    ['a ttl that is no number', { ttlSeconds: 'for ever' }],
    ['no record', { record: undefined }],
    ['a record without scopes', { record: { id: 't', validUntil: null } }],
    ['a record whose scopes are no texts', { record: { id: 't', scopes: [1], validUntil: null } }],
    ['a record whose end is no number', { record: { id: 't', scopes: [], validUntil: 'x' } }],
    ["no time of Onezone's", { onezoneNowMs: undefined }],
  ])('%s', (_flaw, flaw) => {
    expect(decodeAnswer({ ...good, ...flaw }, WORKER)).toBeNull()
  })

  test('a look-alike verdict in it is ignored', () => {
    const refused = { ...good, outcome: 'refused', reason: 'token_invalid', caveat: null }
    const decoded = decodeAnswer(
      { ...refused, answerAgeMs: 0, verdict: accept({ ...good, subject: ALICE, askedAtMs: 0 }) },
      WORKER,
    )
    expect(decoded?.outcome).toMatchObject({ verdict: { outcome: 'refused' } })
  })

  test('nor of anything at all', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (anything) => {
        const decoded = decodeAnswer(anything, WORKER)
        return decoded === null || decoded.outcome instanceof Error
      }),
    )
  })

  test('nor of a good one in which anything is replaced', () => {
    const key = fc.constantFrom('outcome', 'source', 'subject', 'record', 'ttlSeconds', 'ageMs')
    fc.assert(
      fc.property(key, fc.anything(), (at, value) => {
        const decoded = decodeAnswer({ ...good, [at]: value }, WORKER)
        if (decoded === null || decoded.outcome instanceof Error) return true
        const { verdict } = decoded.outcome
        if (!isAccepted(verdict)) return false
        return verdict.subject.id !== '' && verdict.askedAtMs <= WORKER.sentAtMs
      }),
      { numRuns: 1_000 },
    )
  })
})
