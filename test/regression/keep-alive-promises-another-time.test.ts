import { expect, onTestFinished, test } from 'vitest'

import { openListener } from '../../src/listener/index.ts'
import { openRawClient } from '../helpers/raw-client.ts'

// The fast lane told every client that its connection would be kept for 65 seconds, whatever was configured.

test.each([true, false])(
  'a client is told for how long its connection is kept, with the fast lane: %s',
  async (fastLane) => {
    const listener = await openListener({
      on: { host: '127.0.0.1', port: 0 },
      door: {
        serve(_incoming, outgoing) {
          outgoing.writeHead(200, ['Content-Length', '0'])
          outgoing.end()
        },
      },
      idleMs: 7_900,
      fastLane,
    })
    onTestFinished(() => listener.drain(0))
    const client = await openRawClient(Number(new URL(listener.url).port))
    client.send('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n')
    expect(await client.until('\r\n\r\n')).toContain('\r\nKeep-Alive: timeout=7\r\n')
  },
)
