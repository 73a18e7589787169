import { describe, expect, test } from 'vitest'

import type { Clock } from '../../src/clock.ts'
import { createFollowedTime } from '../../src/cluster/followed-time.ts'
import type { OnezoneTime } from '../../src/verification/index.ts'
import { createClusterRig } from '../cluster/cluster-rig.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { tokenOf } from '../helpers/tokens.ts'
import { no, START_SECONDS, yes } from '../verification/gate-rig.ts'

// A worker knew the time at Onezone as it had been before Onezone was asked, and took the least of eight such answers:
// for as long as those came in, it let tokens pass that had ended. One that asked nothing learned nothing.

/** Two workers, and a primary that knows Onezone's time exactly from the first answer on that tells it. */
function setUp(first: { aheadMs: number }) {
  let { aheadMs } = first
  const rig = createClusterRig({ onezoneTime: (clock) => quickTime(clock, () => aheadMs) })
  const setAhead = (ms: number): void => {
    aheadMs = ms
    rig.answerWith(yes(rig.clock, aheadMs))
  }
  setAhead(aheadMs)
  return { rig, setAhead }
}

function quickTime(clock: Clock, aheadMs: () => number): OnezoneTime {
  const epochMs = clock.now() - clock.monotonic()
  let offsetMs = 0
  const now = (): number => clock.monotonic() + epochMs + offsetMs
  return {
    now,
    leastNow: now,
    get offsetMs() {
      return offsetMs
    },
    setAtMs: -Infinity,
    observe: () => void (offsetMs = aheadMs()),
    observeDate() {},
    slept() {},
  }
}

const of = (id: string, endsInSeconds: number) =>
  tokenOf({
    persistence: 'temporary',
    generation: 1,
    id,
    caveats: [{ type: 'time', validUntil: START_SECONDS + endsInSeconds }],
  })

describe("a worker knows what the primary knows of Onezone's time", () => {
  test('from the first answer on: a token passes until it ends there, and not a moment longer', async () => {
    const { rig } = setUp({ aheadMs: 60_000 })
    const [worker] = rig.workers
    const [ending, lasting] = [of('ending', 60 + 20), of('lasting', 3_600)]
    const endsAtMs = rig.clock.now() + 20_000
    expect(await worker.ask({ token: ending })).toEqual(['accepted', 'onezone'])
    while (rig.clock.now() < endsAtMs - 1_000) {
      // Keeps the family fresh, so that nobody asks about the other.
      expect((await worker.ask({ token: lasting }))[0]).toBe('accepted')
      expect((await worker.ask({ token: ending }))[0]).toBe('accepted')
      await rig.pass(1_000)
    }
    await rig.pass(endsAtMs - rig.clock.now() + rig.delay.toWorkerMs)
    const asked = rig.asked.length
    expect(await worker.ask({ token: ending })).toEqual(['token_expired', 'local'])
    expect((await worker.ask({ token: lasting }))[0]).toBe('accepted')
    expect(rig.asked.length).toBe(asked)
  })

  test('although it asks nothing while that changes', async () => {
    const { rig, setAhead } = setUp({ aheadMs: 0 })
    const [one, other] = rig.workers
    const token = of('ending', 1_000)
    for (const worker of rig.workers) {
      expect((await worker.ask({ token }))[0]).toBe('accepted')
    }
    await rig.pass(1_000)
    expect(rig.told).toEqual([])
    setAhead(3_600_000)
    await one.ask({ token: of('new', 7_200) })
    await rig.pass(200)
    expect(rig.told.map(({ kind }) => kind)).toEqual(['time'])
    // A clock that was set is no reason to refuse, but one to ask instead of answering from memory.
    rig.answerWith(no('token_expired'))
    const asked = rig.asked.length
    expect(await other.ask({ token })).toEqual(['token_expired', 'onezone'])
    expect(rig.asked.length).toBe(asked + 1)
  })

  test('as it is when the answer is sent, however long the question took', async () => {
    const { rig } = setUp({ aheadMs: 60_000 })
    rig.delay.toPrimaryMs = 930
    await rig.workers[0].ask({ token: of('any', 1_000) })
    const behindMs = rig.primary.onezoneNowMs - rig.workers[0].verification.onezoneNowMs
    expect(behindMs).toBeCloseTo(rig.delay.toWorkerMs)
  })
})

test('the last statement counts, whatever the ones before it were', () => {
  const clock = createFakeClock()
  const time = createFollowedTime(clock)
  for (const aheadMs of [0, 60_000, -60_000]) {
    time.follow(clock.now() + aheadMs)
    clock.advance(1_000)
    expect(time.now()).toBeCloseTo(clock.now() + aheadMs)
    expect(time.offsetMs).toBeCloseTo(aheadMs)
  }
})
