import { expect, test } from 'vitest'

import type { Decision } from '../../src/authenticator/index.ts'
import { createOpenStreams } from '../../src/proxy/open-streams.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

// What is let go may have ended meanwhile; it was planned to be asked about again all the same.

test('a stream that ends as it is released leaves no timer behind', async () => {
  const time = createFakeTime()
  const { clock } = time
  const granted = (): Decision => ({
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
    askedAtMs: clock.monotonic(),
  })
  let answer: ((decision: Decision) => void) | null = null
  let ended: (why: 'upstream') => void = () => {}
  let releases = 0
  const streams = createOpenStreams({ clock, schedule: time.schedule, onStream: () => {} })
  ended = streams.open(
    {
      hold: () => {},
      release: () => {
        releases++
        ended('upstream')
      },
      end: () => {},
    },
    { kind: 'event-stream', routeId: 'a' },
    {
      askedAtMs: clock.monotonic(),
      expiresAt: null,
      renew: () => new Promise((resolve) => (answer = resolve)),
    },
  )
  await time.pass(11_000)
  expect(releases).toBe(0)
  const settle = answer as ((decision: Decision) => void) | null
  settle?.(granted())
  await time.pass(0)
  expect(releases).toBe(1)
  expect(time.timers).toBe(0)
})
