import { expect, test } from 'vitest'

import { OnezoneFaultError, VerifierFaultError } from '../../src/errors.ts'
import type { OnezoneFaultCode } from '../../src/errors.ts'
import type { VerificationRequest } from '../../src/verifier/index.ts'
import { accept, withBreaker } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { ALICE, question } from '../verification/gate-rig.ts'

// A token on which Onezone broke, sent five times, closed the gateway to everybody.

function setUp() {
  const clock = createFakeClock()
  let code: OnezoneFaultCode | null = null
  const breaker = withBreaker(
    {
      async verify() {
        if (code === null) {
          const verdict = accept({ subject: ALICE, ttlSeconds: null, askedAtMs: clock.monotonic() })
          return { verdict, source: 'onezone' }
        }
        const cause = new OnezoneFaultError(code, 'broke')
        throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'broke', { cause })
      },
      close: async () => {},
    },
    { clock, random: () => 0.5, onChange: () => {} },
  )
  const ask = async (id: string, about: Partial<VerificationRequest> = {}) => {
    try {
      await breaker.verify({ ...question(), token: tokenOf({ id }), ...about })
    } catch {
      // The state is what matters.
    }
  }
  const breakOn = async (id: string, about?: Partial<VerificationRequest>, by = STATUS) => {
    code = by
    await ask(id, about)
    code = null
  }
  return { clock, breaker, ask, breakOn }
}

const STATUS: OnezoneFaultCode = 'ERR_ONEZONE_STATUS'
const FROM_MALLORY = { clientAddress: '203.0.113.66' }

test.each<OnezoneFaultCode>([
  STATUS,
  'ERR_ONEZONE_RESET',
  'ERR_ONEZONE_TIMEOUT',
  'ERR_ONEZONE_ANSWER_INVALID',
])(
  'one text on which Onezone breaks does not open the breaker, however often it is sent: %s',
  async (code) => {
    const { breaker, breakOn, clock } = setUp()
    for (let i = 0; i < 100; i++) {
      await breakOn('poison', { clientAddress: `203.0.113.${i}` }, code)
      clock.advance(11_000)
    }
    expect(breaker.state).toBe('closed')
  },
)

test('nor do a hundred texts from one address while others are answered', async () => {
  const { breaker, ask, breakOn, clock } = setUp()
  await ask('alice', { clientAddress: '192.0.2.1' })
  for (let i = 0; i < 100; i++) {
    await breakOn(`poison-${i}`, FROM_MALLORY)
    await ask('mallory', FROM_MALLORY)
    clock.advance(10)
    await breakOn(`more-${i}`, FROM_MALLORY)
    if (i % 10 === 0) await ask('bob', { proven: true, clientAddress: '203.0.113.66' })
  }
  expect(breaker.state).toBe('closed')
})

test('nor does such a text keep it open when it is the probe', async () => {
  const { breaker, ask, breakOn, clock } = setUp()
  await breakOn('poison', FROM_MALLORY)
  for (let i = 0; i < 5; i++) await breakOn(`t${i}`, { clientAddress: `192.0.2.${i}` })
  expect(breaker.state).toBe('open')
  clock.advance(5_000)
  await breakOn('poison', FROM_MALLORY)
  expect(breaker.state).toBe('half-open')
  for (let i = 0; i < 3; i++) await ask('alice')
  expect(breaker.state).toBe('closed')
})

test.each<[what: string, about: (i: number) => Partial<VerificationRequest>]>([
  ['many texts from many addresses', (i) => ({ clientAddress: `192.0.2.${i}` })],
  ['many proven tokens from one address', () => ({ ...FROM_MALLORY, proven: true })],
  ['many texts from one address while nobody else is answered', () => FROM_MALLORY],
])('a Onezone that breaks on %s is not asked any more', async (_what, about) => {
  const { breaker, ask, breakOn } = setUp()
  await ask('mallory', FROM_MALLORY)
  for (let i = 0; i < 5; i++) await breakOn(`t${i}`, about(i))
  expect(breaker.state).toBe('open')
})

test('a Onezone that cannot be reached is not asked any more, whoever asks', async () => {
  const { breaker, breakOn } = setUp()
  for (let i = 0; i < 5; i++) await breakOn('t', FROM_MALLORY, 'ERR_ONEZONE_UNREACHABLE')
  expect(breaker.state).toBe('open')
})
