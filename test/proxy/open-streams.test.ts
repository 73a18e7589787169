import { setImmediate } from 'node:timers/promises'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Decision } from '../../src/authenticator/index.ts'
import { answerFor } from '../../src/authenticator/index.ts'
import type { AnswerCode } from '../../src/authenticator/index.ts'
import type { StreamEvent } from '../../src/proxy/index.ts'
import type { Lease, StreamOptions } from '../../src/proxy/open-streams.ts'
import { createOpenStreams } from '../../src/proxy/open-streams.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

const INTERVAL_MS = 10_000

function granted(askedAtMs: number): Decision {
  return {
    outcome: 'granted',
    identity: null,
    identityHeaders: [],
    client: {
      address: '',
      peerIp: null,
      forwardedFor: '',
      proto: 'http',
      host: null,
      port: null,
      prefix: '',
    },
    source: 'cache',
    askedAtMs,
  }
}

function denied(code: AnswerCode): Decision {
  return { outcome: 'denied', answer: answerFor(code), source: 'local' }
}

interface RigOptions extends StreamOptions {
  /** Answers each question about a stream's token. */
  readonly renew?: (maxFactAgeMs: number | undefined) => Decision | Promise<Decision>
  readonly expiresAt?: number | null
  /** How old the fact is when the stream begins. */
  readonly ageMs?: number
}

/** One stream, under a clock that moves when told. */
function startStream(options: RigOptions = {}) {
  const time = createFakeTime(() => setImmediate())
  const { clock } = time
  const events: StreamEvent[] = []
  const said: string[] = []
  const renewals: { atMs: number; maxFactAgeMs: number | undefined }[] = []
  const startMs = clock.monotonic()
  const streams = createOpenStreams({
    intervalMs: INTERVAL_MS,
    random: () => 0.5,
    schedule: time.schedule,
    ...options,
    clock,
    onStream: (event) => events.push(event),
  })
  const lease: Lease = {
    askedAtMs: startMs - (options.ageMs ?? 0),
    expiresAt: options.expiresAt ?? null,
    renew(maxFactAgeMs) {
      renewals.push({ atMs: clock.monotonic() - startMs, maxFactAgeMs })
      return options.renew?.(maxFactAgeMs) ?? granted(clock.monotonic())
    },
  }
  const say = (word: string): void => void said.push(`${clock.monotonic() - startMs} ${word}`)
  const open = (given: Lease | null = lease) =>
    streams.open(
      {
        hold: () => say('hold'),
        release: () => say('release'),
        end: (why, reason, patienceMs) => say(`${why} ${reason} ${patienceMs}`),
      },
      { kind: 'websocket', routeId: 'a' },
      given,
    )
  return { time, streams, events, said, renewals, open, startMs }
}

describe('an open stream', () => {
  test('is asked about once per interval, before its fact is too old', async () => {
    const { time, renewals, open, said } = startStream()
    open()
    await time.pass(65_000)
    expect(renewals).toHaveLength(10)
    expect(renewals.map(({ atMs }) => atMs)).toEqual(
      Array.from({ length: 10 }, (_, i) => 6_500 * (i + 1)),
    )
    expect(renewals.every(({ maxFactAgeMs }) => maxFactAgeMs === 5_000)).toBe(true)
    expect(said).toEqual([])
  })

  test('is looked at more often, where that is wanted, and is not asked about more often for it', async () => {
    const { time, renewals, open } = startStream({ glanceMs: 2_000 })
    open()
    await time.pass(65_000)
    const asked = renewals.filter(({ maxFactAgeMs }) => maxFactAgeMs !== undefined)
    expect(renewals.length).toBeGreaterThan(36)
    expect(asked.length).toBeLessThan(13)
    for (const [i, { atMs }] of renewals.entries()) {
      expect(atMs - (renewals[i - 1]?.atMs ?? 0)).toBeLessThan(2_000)
    }
  })

  test('rests on whatever was learned since, by whomever', async () => {
    const { time, renewals, open, startMs } = startStream({ renew: () => granted(startMs + 4_000) })
    open()
    await time.pass(6_600)
    expect(renewals).toHaveLength(1)
    await time.pass(3_800)
    expect(renewals).toHaveLength(1)
    await time.pass(200)
    expect(renewals).toHaveLength(2)
  })

  test('ends as soon as it is known that its token is no good', async () => {
    const { time, open, said, events } = startStream({ renew: () => denied('token_revoked') })
    open()
    await time.pass(60_000)
    expect(said).toEqual(['6500 refused token_revoked 500'])
    expect(events).toEqual([
      { kind: 'websocket', routeId: 'a', phase: 'begun' },
      { kind: 'websocket', routeId: 'a', phase: 'ended', why: 'refused' },
    ])
    expect(time.timers).toBe(0)
  })

  test.each(['verifier_unavailable', 'internal_error', 'verification_budget_exceeded'] as const)(
    'goes on while nobody can say (%s), asks again and again, and ends with the bound',
    async (code) => {
      const { time, open, said, renewals } = startStream({ renew: () => denied(code) })
      open()
      await time.pass(60_000)
      expect(said).toEqual(['9500 unverified verifier_unavailable 500'])
      expect(renewals.length).toBeGreaterThan(5)
      expect(renewals.length).toBeLessThan(12)
    },
  )

  test('ends with the bound when every yes is to the same old question', async () => {
    const { time, open, said, startMs } = startStream({ renew: () => granted(startMs) })
    open()
    await time.pass(60_000)
    expect(said).toEqual(['9500 unverified verifier_unavailable 500'])
  })

  test('may go on longer where that is allowed, and is asked about no less often', async () => {
    const { time, open, said, renewals, startMs } = startStream({
      boundMs: 40_000,
      renew: () => granted(startMs),
    })
    open()
    await time.pass(60_000)
    expect(said).toEqual(['39500 unverified verifier_unavailable 500'])
    expect(renewals[0]?.atMs).toBe(6_500)
    expect(renewals.length).toBeGreaterThan(50)
  })

  test('is held at the end of the bound while the last question is under way', async () => {
    let answer: (decision: Decision) => void = () => {}
    const { time, open, said, startMs } = startStream({
      renew: () => new Promise((resolve) => (answer = resolve)),
    })
    open()
    await time.pass(12_000)
    expect(said).toEqual(['9500 hold'])
    answer(granted(startMs + 6_500))
    await time.pass(0)
    expect(said).toEqual(['9500 hold', '12000 release'])
    await time.pass(20_000)
    expect(said.slice(2)).toEqual(['16000 hold', '26000 unverified verifier_unavailable 0'])
  })

  test('that was held ends without another byte when the answer is no', async () => {
    let answer: (decision: Decision) => void = () => {}
    const { time, open, said } = startStream({
      renew: () => new Promise((resolve) => (answer = resolve)),
    })
    open()
    await time.pass(12_000)
    answer(denied('token_revoked'))
    await time.pass(0)
    await time.pass(60_000)
    expect(said).toEqual(['9500 hold', '12000 refused token_revoked 0'])
  })

  test('that begins when the fact behind it is old carries nothing before it is confirmed', async () => {
    let answer: (decision: Decision) => void = () => {}
    const { time, open, said, startMs } = startStream({
      ageMs: 30_000,
      renew: () => new Promise((resolve) => (answer = resolve)),
    })
    open()
    expect(said).toEqual(['0 hold'])
    await time.pass(100)
    answer(granted(startMs))
    await time.pass(0)
    expect(said).toEqual(['0 hold', '100 release'])
  })

  test('ends with its token, to the second', async () => {
    const { time, open, said, renewals } = startStream({
      expiresAt: 1_750_000_000 + 3,
      renew: () => denied('token_expired'),
    })
    open()
    await time.pass(60_000)
    expect(renewals).toHaveLength(1)
    expect(said).toEqual(['3250 refused token_expired 500'])
  })

  test('is asked about as usual where Onezone’s clock says that the token has not ended yet', async () => {
    const { time, open, said, renewals } = startStream({ expiresAt: 1_750_000_000 + 3 })
    open()
    await time.pass(30_000)
    expect(renewals.length).toBeLessThan(7)
    expect(said).toEqual([])
  })

  test('that nobody was verified for is left alone', async () => {
    const { time, open, said, renewals, streams } = startStream()
    open(null)
    streams.recheck()
    await time.pass(600_000)
    expect([renewals, said, time.timers]).toEqual([[], [], 0])
  })

  test('that has ended by itself is forgotten, and counted once', async () => {
    const { time, open, said, renewals, events } = startStream()
    const ended = open()
    ended('client')
    ended('upstream')
    await time.pass(60_000)
    expect([renewals, said, time.timers]).toEqual([[], [], 0])
    expect(events.slice(1)).toMatchObject([{ phase: 'ended', why: 'client' }])
  })

  test('that ends while a question about it is under way stays ended', async () => {
    let answer: (decision: Decision) => void = () => {}
    const { time, open, said, events } = startStream({
      renew: () => new Promise((resolve) => (answer = resolve)),
    })
    const ended = open()
    await time.pass(7_000)
    ended('upstream')
    answer(denied('token_revoked'))
    await time.pass(60_000)
    expect(said).toEqual([])
    expect(events).toHaveLength(2)
  })
})

describe('when somebody turns out to be dead', () => {
  test('all streams are asked about within a second, one look for many deaths', async () => {
    let dead = false
    const { time, open, said, renewals, streams } = startStream({
      renew: () => (dead ? denied('user_blocked') : granted(0)),
    })
    open()
    open()
    await time.pass(1_000)
    dead = true
    for (let i = 0; i < 100; i++) streams.recheck()
    await time.pass(750)
    expect(said).toEqual(['1500 refused user_blocked 500', '1500 refused user_blocked 500'])
    expect(renewals.map(({ maxFactAgeMs }) => maxFactAgeMs)).toEqual([undefined, undefined])
  })

  test('and again and again, the others go on and are asked about as they must', async () => {
    const { time, open, said, streams, renewals, startMs } = startStream({
      // Only who wants a new fact gets one.
      renew: (maxFactAgeMs) => {
        if (maxFactAgeMs !== undefined) factAtMs = time.clock.monotonic()
        return granted(factAtMs)
      },
    })
    let factAtMs = startMs
    open()
    for (let i = 0; i < 600; i++) {
      streams.recheck()
      await time.pass(100)
    }
    expect(said).toEqual([])
    expect(renewals.filter(({ maxFactAgeMs }) => maxFactAgeMs !== undefined).length).toBeLessThan(
      12,
    )
  })
})

describe('draining', () => {
  test('ends every stream within its time, also those that begin meanwhile', async () => {
    const { time, open, said, streams, events } = startStream()
    open()
    open(null)
    streams.drain(2_000)
    open()
    await time.pass(2_000)
    expect(said).toEqual(Array(3).fill('1000 draining draining 500'))
    await time.pass(60_000)
    expect(events.filter(({ phase }) => phase === 'ended')).toHaveLength(3)
    expect(time.timers).toBe(0)
  })

  test('is not undone by an answer that comes meanwhile', async () => {
    let answer: (decision: Decision) => void = () => {}
    const { time, open, said, streams, startMs } = startStream({
      renew: () => new Promise((resolve) => (answer = resolve)),
    })
    open()
    await time.pass(7_000)
    streams.drain(2_000)
    answer(granted(startMs + 7_000))
    await time.pass(60_000)
    expect(said).toEqual(['8000 draining draining 500'])
  })
})

test.each([
  [{ intervalMs: 0 }, 'streams.intervalMs'],
  [{ intervalMs: NaN }, 'streams.intervalMs'],
  [{ intervalMs: 100, boundMs: 99 }, 'streams.boundMs'],
  [{ glanceMs: 0 }, 'streams.glanceMs'],
])('%o makes no sense', (options, name) => {
  const { clock } = createFakeTime()
  expect(() => createOpenStreams({ ...options, clock, onStream: () => {} })).toThrow(name)
})

/**
 * A verifier that keeps the promise of `RouteAuthenticator`, and nothing more, before a Onezone that may be anything.
 */
interface World {
  /** When the family dies, in milliseconds after the stream has begun; null: never. */
  readonly diesAtMs: number | null
  /** Of each question: how long the answer takes, and whether there is one. */
  readonly answers: readonly { readonly tookMs: number; readonly fails: boolean }[]
  /** Whether a remembered fact is used where it may be. */
  readonly remembers: boolean
  readonly staleIfErrorMs: number
  readonly ageMs: number
  readonly random: readonly number[]
}

const worlds: fc.Arbitrary<World> = fc.record({
  diesAtMs: fc.option(fc.integer({ min: -5_000, max: 60_000 })),
  answers: fc.array(
    fc.record({ tookMs: fc.integer({ min: 0, max: 4_000 }), fails: fc.boolean() }),
    { minLength: 1, maxLength: 12 },
  ),
  remembers: fc.boolean(),
  staleIfErrorMs: fc.constantFrom(0, 0, 15_000),
  ageMs: fc.integer({ min: 0, max: 12_000 }),
  random: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 8 }),
})

test('nothing is carried later than the bound after a death, whatever Onezone does', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const time = createFakeTime(() => setImmediate())
      const { clock } = time
      const startMs = clock.monotonic()
      const boundMs = INTERVAL_MS + world.staleIfErrorMs
      const diesAtMs = world.diesAtMs === null ? Infinity : startMs + world.diesAtMs
      let drawn = 0
      let asked = 0
      let factAtMs = startMs - world.ageMs
      if (diesAtMs <= factAtMs) return // it would not have been granted

      const ask = (): Promise<Decision> => {
        const askedAtMs = clock.monotonic()
        const { tookMs, fails } = world.answers[asked++ % world.answers.length]!
        return new Promise((resolve) => {
          time.schedule(tookMs, () => {
            const stale = clock.monotonic() - factAtMs < boundMs && world.staleIfErrorMs > 0
            if (fails) return resolve(stale ? granted(factAtMs) : denied('verifier_unavailable'))
            if (diesAtMs <= askedAtMs) return resolve(denied('token_revoked'))
            factAtMs = Math.max(factAtMs, askedAtMs)
            resolve(granted(askedAtMs))
          })
        })
      }
      const streams = createOpenStreams({
        intervalMs: INTERVAL_MS,
        boundMs,
        random: () => world.random[drawn++ % world.random.length]!,
        schedule: time.schedule,
        clock,
        onStream: () => {},
      })
      /** Moments from and until which the stream carries something. */
      let carriesSinceMs: number | null = startMs
      let lastCarriedMs = startMs
      const stop = (atMs: number): void => {
        if (carriesSinceMs !== null) lastCarriedMs = atMs
        carriesSinceMs = null
      }
      let endedBecause: string | null = null
      streams.open(
        {
          hold: () => stop(clock.monotonic()),
          release: () => void (carriesSinceMs = clock.monotonic()),
          end(why, _reason, patienceMs) {
            stop(clock.monotonic() + patienceMs)
            endedBecause = why
          },
        },
        { kind: 'websocket', routeId: 'a' },
        {
          askedAtMs: factAtMs,
          expiresAt: null,
          renew(maxFactAgeMs = INTERVAL_MS) {
            const usable = clock.monotonic() - factAtMs < Math.min(maxFactAgeMs, INTERVAL_MS)
            return world.remembers && usable ? granted(factAtMs) : ask()
          },
        },
      )
      await time.pass(120_000)
      if (carriesSinceMs !== null) lastCarriedMs = clock.monotonic()
      expect(lastCarriedMs).toBeLessThanOrEqual(diesAtMs + boundMs)
      if (diesAtMs < Infinity) expect(endedBecause).not.toBeNull()
      // Nobody who lives is cut while Onezone answers in time.
      const answersInTime = world.answers.every(({ tookMs, fails }) => !fails && tookMs <= 2_500)
      if (diesAtMs === Infinity && answersInTime) expect(endedBecause).toBeNull()
    }),
    { numRuns: 300 },
  )
})
