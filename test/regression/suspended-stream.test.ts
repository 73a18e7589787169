import { expect, test } from 'vitest'

import type { Decision } from '../../src/authenticator/index.ts'
import { createOpenStreams } from '../../src/proxy/open-streams.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

// A machine that was suspended went on to serve its open streams for as long as was left of the interval by a clock
// that had stood still.

function rigOf(answer: (askedAtMs: number) => Decision | Promise<Decision>) {
  const time = createFakeTime()
  let aheadMs = 0
  const clock = {
    monotonic: () => time.clock.monotonic(),
    now: () => time.clock.now() + aheadMs,
  }
  const heard: string[] = []
  const streams = createOpenStreams({ clock, schedule: time.schedule, onStream: () => {} })
  streams.open(
    {
      hold: () => void heard.push('hold'),
      release: () => void heard.push('release'),
      end: (why, reason, patienceMs) => void heard.push(`${why} ${reason} ${patienceMs}`),
    },
    { kind: 'websocket', routeId: 'a' },
    {
      askedAtMs: clock.monotonic(),
      expiresAt: null,
      renew: () => answer(clock.monotonic()),
    },
  )
  return {
    time,
    heard,
    suspend(ms: number) {
      aheadMs += ms
    },
  }
}

const granted = (askedAtMs: number): Decision => ({
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
  source: 'onezone',
  askedAtMs,
})

test('a stream carries nothing after its machine was suspended until it is granted anew', async () => {
  let answer: ((decision: Decision) => void) | null = null
  const rig = rigOf(() => new Promise((resolve) => (answer = resolve)))
  await rig.time.pass(2_000)
  rig.suspend(3_600_000)
  await rig.time.pass(1_200)
  expect(rig.heard).toEqual(['hold'])
  const settle = answer as ((decision: Decision) => void) | null
  settle?.(granted(rig.time.clock.monotonic()))
  await rig.time.pass(0)
  expect(rig.heard).toEqual(['hold', 'release'])
})

test('one whose token ended meanwhile ends, and carries nothing more', async () => {
  const rig = rigOf(() => ({
    outcome: 'denied',
    answer: { code: 'token_expired', status: 401 } as never,
    source: 'onezone',
  }))
  await rig.time.pass(2_000)
  rig.suspend(3_600_000)
  await rig.time.pass(1_200)
  expect(rig.heard).toEqual(['refused token_expired 0'])
})

test('a short sleep makes it be asked about, and holds up nothing', async () => {
  let asked = 0
  const rig = rigOf((askedAtMs) => {
    asked += 1
    return granted(askedAtMs)
  })
  await rig.time.pass(2_000)
  rig.suspend(2_000)
  await rig.time.pass(1_700)
  expect(asked).toBe(1)
  expect(rig.heard).toEqual([])
})
