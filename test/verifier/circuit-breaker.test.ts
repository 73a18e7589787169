import { describe, expect, test } from 'vitest'

import { OnezoneFaultError, VerifierFaultError } from '../../src/errors.ts'
import type { OnezoneFaultCode } from '../../src/errors.ts'
import type { BreakerState, Verdict, VerificationRequest } from '../../src/verifier/index.ts'
import { accept, refuse, withBreaker } from '../../src/verifier/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'

const request: VerificationRequest = {
  token: tokenOf(),
  kind: 'access',
  peerIp: null,
  interface: null,
  consumerToken: null,
  allowDataAccessCaveats: false,
  inviteType: null,
}
const good = accept({ subject: { type: 'user', id: 'alice' }, ttlSeconds: null, askedAtMs: 0 })
const refused = refuse('token_invalid', 0)

function fault(code: OnezoneFaultCode = 'ERR_ONEZONE_TIMEOUT'): VerifierFaultError {
  const cause = new OnezoneFaultError(code, 'no answer')
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'no answer', { cause })
}

function setUp(random = 0.5) {
  const clock = createFakeClock()
  const changes: BreakerState[] = []
  let calls = 0
  let asked = 0
  let closed = 0
  let answer: () => Promise<Verdict> = async () => good
  const breaker = withBreaker(
    {
      async verify() {
        calls += 1
        return { verdict: await answer(), source: 'onezone' }
      },
      close: async () => void closed++,
    },
    { clock, random: () => random, onChange: (state) => void changes.push(state) },
  )
  /**
   * The outcome of a question, about another token each time: the verifier’s answer, its fault, or that it was not
   * asked.
   */
  const ask = async (
    next: Verdict | Error | Promise<Verdict>,
    about: Partial<VerificationRequest> = { token: tokenOf({ id: `t${(asked += 1)}` }) },
  ) => {
    answer = async () => {
      if (next instanceof Error) throw next
      return next
    }
    const before = calls
    try {
      await breaker.verify({ ...request, ...about })
      return 'answered'
    } catch (error) {
      return calls > before ? 'failed' : (error as VerifierFaultError)
    }
  }
  const open = async () => {
    for (let i = 0; i < 5; i++) await ask(fault())
  }
  return { clock, breaker, changes, ask, open, calls: () => calls, closed: () => closed }
}

describe('the breaker opens', () => {
  test('by five faults in a row, and not by four', async () => {
    const { ask, breaker, changes, calls } = setUp()
    for (let i = 0; i < 4; i++) await ask(fault())
    expect(breaker.state).toBe('closed')
    await ask(good)
    for (let i = 0; i < 4; i++) await ask(fault())
    expect(breaker.state).toBe('closed')
    await ask(fault())
    expect(breaker.state).toBe('open')
    const unasked = await ask(good)
    expect(unasked).toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE', retryAfterSeconds: 5 })
    expect([changes, calls()]).toEqual([['open'], 10])
  })

  test('by half of at least twenty calls in ten seconds', async () => {
    const { ask, breaker } = setUp()
    for (let i = 0; i < 9; i++) {
      await ask(good)
      await ask(fault())
    }
    await ask(good)
    expect(breaker.state).toBe('closed')
    await ask(fault())
    expect(breaker.state).toBe('open')
  })

  test('not by less than half', async () => {
    const { ask, breaker } = setUp()
    for (let i = 0; i < 100; i++) await ask(i % 5 < 3 ? good : fault())
    expect(breaker.state).toBe('closed')
  })

  test('not by what is more than ten seconds ago', async () => {
    const { ask, breaker, clock } = setUp()
    for (let i = 0; i < 9; i++) {
      await ask(fault())
      await ask(good)
    }
    clock.advance(11_000)
    await ask(good)
    await ask(fault())
    await ask(fault())
    expect(breaker.state).toBe('closed')
  })

  test.each([
    ['refusals, which are good answers', refused],
    ['our own misconfiguration', new VerifierFaultError('ERR_GATEWAY_MISCONFIGURED', 'ours')],
    ['an answer that means nothing to us', new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'x')],
    ['a queue of ours that is full', fault('ERR_ONEZONE_OVERLOADED')],
    ['an answer that a stranger made too large', fault('ERR_ONEZONE_ANSWER_TOO_LARGE')],
    ['a defect', new TypeError('a defect')],
  ])('not by %s', async (_name, outcome) => {
    const { ask, breaker, calls } = setUp()
    for (let i = 0; i < 100; i++) await ask(outcome)
    expect([breaker.state, calls()]).toEqual(['closed', 100])
  })
})

test('what says nothing about Onezone neither counts as good nor as bad', async () => {
  const { ask, breaker } = setUp()
  for (let i = 0; i < 4; i++) await ask(fault())
  await ask(fault('ERR_ONEZONE_OVERLOADED'))
  await ask(fault('ERR_ONEZONE_ANSWER_TOO_LARGE'))
  expect(breaker.state).toBe('closed')
  await ask(fault())
  expect(breaker.state).toBe('open')
})

describe('an open breaker', () => {
  test('asks nothing until its pause is over, and says how long that is', async () => {
    const { ask, open, clock, calls } = setUp()
    await open()
    clock.advance(4_999)
    expect(await ask(good)).toMatchObject({ retryAfterSeconds: 1 })
    expect(calls()).toBe(5)
    clock.advance(1)
    expect(await ask(good)).toBe('answered')
  })

  test('lets one probe through at a time', async () => {
    const { ask, open, clock, breaker } = setUp()
    await open()
    clock.advance(5_000)
    let answer: (verdict: Verdict) => void = () => {}
    const probe = ask(new Promise<Verdict>((resolve) => (answer = resolve)))
    expect(await ask(good)).toMatchObject({ retryAfterSeconds: 1 })
    expect(breaker.state).toBe('half-open')
    answer(good)
    expect(await probe).toBe('answered')
    expect(await ask(good)).toBe('answered')
  })

  test('closes after three good answers in a row, refusals among them', async () => {
    const { ask, open, clock, changes } = setUp()
    await open()
    clock.advance(5_000)
    await ask(refused)
    await ask(good)
    expect(changes).toEqual(['open', 'half-open'])
    await ask(refused)
    expect(changes).toEqual(['open', 'half-open', 'closed'])
    for (let i = 0; i < 4; i++) await ask(fault())
    expect(changes).toHaveLength(3)
  })

  test('opens again by one fault, for longer, up to a minute', async () => {
    const { ask, open, clock, breaker } = setUp()
    await open()
    for (const pauseMs of [
      5_000, 7_500, 11_250, 16_875, 25_312.5, 37_968.75, 56_953.125, 60_000, 60_000,
    ]) {
      clock.advance(pauseMs - 1)
      expect(await ask(good)).toBeInstanceOf(VerifierFaultError)
      clock.advance(1)
      expect(await ask(fault())).toBe('failed')
      expect(breaker.state).toBe('open')
    }
  })

  test('forgets good probes when one fails', async () => {
    const { ask, open, clock, breaker } = setUp()
    await open()
    clock.advance(5_000)
    await ask(good)
    await ask(good)
    await ask(fault())
    clock.advance(7_500)
    await ask(good)
    await ask(good)
    expect(breaker.state).toBe('half-open')
  })

  test('starts over with the first pause once it has closed', async () => {
    const { ask, open, clock } = setUp()
    await open()
    clock.advance(5_000)
    await ask(fault())
    clock.advance(7_500)
    for (let i = 0; i < 3; i++) await ask(good)
    await open()
    expect(await ask(good)).toMatchObject({ retryAfterSeconds: 5 })
  })

  test('is not closed by a probe that says nothing, and does not wait for it for ever', async () => {
    const { ask, open, clock, breaker } = setUp()
    await open()
    clock.advance(5_000)
    expect(await ask(fault('ERR_ONEZONE_OVERLOADED'))).toBe('failed')
    expect(breaker.state).toBe('half-open')
    expect(await ask(good)).toBe('answered')
  })

  test('takes no notice of answers to questions from before it opened', async () => {
    const { ask, open, breaker } = setUp()
    let answer: (verdict: Verdict) => void = () => {}
    const early = ask(new Promise<Verdict>((resolve) => (answer = resolve)))
    await open()
    answer(good)
    await early
    expect(breaker.state).toBe('open')
  })

  test.each([
    [0, 4_000],
    [1, 6_000],
  ])('jitters its pause by a fifth: random number %i, %i ms', async (random, pauseMs) => {
    const { ask, open, clock } = setUp(random)
    await open()
    clock.advance(pauseMs - 1)
    expect(await ask(good)).toBeInstanceOf(VerifierFaultError)
    clock.advance(1)
    expect(await ask(good)).toBe('answered')
  })
})

test('closing closes the verifier behind it', async () => {
  const { breaker, closed } = setUp()
  await breaker.close()
  expect(closed()).toBe(1)
})
