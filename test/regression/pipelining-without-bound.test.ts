import { expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// Requests behind a slow one were kept for as long as their client cared to send more of them.

test('a connection on which too many requests wait is ended, and no other', async () => {
  const upstream = await startRecordingUpstream({ respond: () => {} })
  const route = { path: '/**', upstream: upstream.url, policy: { token: 'none' } } as const
  // The fast lane reads no further instead.
  const rig = await startRig([route], { fastLane: false })
  const bystander = await openRawClient(rig.port)
  bystander.send('GET /bystander HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  await expect.poll(() => upstream.requests.length).toBe(1)

  const greedy = await openRawClient(rig.port)
  greedy.send('GET /greedy HTTP/1.1\r\nHost: gw.test\r\n\r\n'.repeat(5_000))
  await greedy.closed()
  await expect.poll(() => rig.requestEvents.length).toBe(1)
  expect(
    upstream.requests.filter(({ line }) => line.includes('/greedy')).length,
  ).toBeLessThanOrEqual(1)

  upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await bystander.until('\r\n\r\nok')
  expect(bystander.ended()).toBe('open')
})
