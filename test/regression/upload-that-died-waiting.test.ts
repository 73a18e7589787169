import { expect, onTestFinished, test } from 'vitest'

import { createUpstreamPool } from '../../src/upstream/index.ts'
import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

// Its head was sent and nothing after it, and nobody's patience ended that.

test('an upload that stalls while it waits for a connection is answered, and not begun', async () => {
  const upstream = await startRecordingUpstream({ respond: () => {} })
  const dispatcher = createUpstreamPool({
    host: '127.0.0.1',
    port: upstream.port,
    connectMs: 20_000,
    maxConnections: 1,
  })
  onTestFinished(() => dispatcher.destroy())
  const timeouts = { idleBodyMs: 100 }
  const policy = { token: 'none' } as const
  const rig = await startRig([
    { path: '/**', upstream: upstream.url, policy, timeouts, dispatcher },
  ])
  const first = await openRawClient(rig.port)
  first.send('GET /first HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  await expect.poll(() => upstream.requests.length).toBe(1)
  const second = await openRawClient(rig.port)
  second.send('POST /up HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nabc')
  await new Promise((resolve) => setTimeout(resolve, 300))
  upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  expect(readResponse(await second.closed()).status).toBe(400)
  expect(upstream.requests.map(({ line }) => line)).toEqual(['GET /first HTTP/1.1'])
  expect(rig.up()).toEqual([true])
})
