import type { Socket } from 'node:net'
import { connect } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { eventually } from '../helpers/eventually.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import { HANDSHAKE, SWITCHING } from '../helpers/websocket.ts'

// The end of the client was read in the same turn of the event loop as the 101, before it. Its socket was destroyed by
// then, but that is told only behind the turn: a tunnel to nobody was made, the upstream's connection stayed open for
// good, and the request was never reported.
test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
  'a client that leaves (%s) as the 101 comes takes the upstream with it, and is reported',
  async (how) => {
    let asked: Socket | null = null
    const upstream = await startRawUpstream((socket) => void (asked = socket.resume()))
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = connect({ port: rig.port, host: '127.0.0.1' })
    onTestFinished(() => void client.destroy())
    client.on('error', () => {}).resume()
    client.write(`GET /ws HTTP/1.1\r\n${AUTHENTICATED}${HANDSHAKE}\r\n`)
    await eventually(() => asked !== null)
    client[how]()
    ;(asked as Socket | null)?.write(`${SWITCHING}\r\n`)
    await eventually(() => upstream.sockets.every(({ destroyed }) => destroyed))
    await eventually(() => rig.requestEvents.length > 0)
    expect(rig.requestEvents).toHaveLength(1)
  },
)
