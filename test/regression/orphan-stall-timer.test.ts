import type { ServerResponse } from 'node:http'

import { expect, test } from 'vitest'

import type { Schedule } from '../../src/clock.ts'
import { systemSchedule } from '../../src/clock.ts'
import type { UpstreamHandler } from '../../src/upstream/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { accepted, AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'

// Each part for a client that was to read first set a timer, and only the last one was ever cleared: the others cut off
// whatever the connection was used for by then.

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\n${AUTHENTICATED}\r\n`

test('what a client was once slow over does not end its next request', async () => {
  const part = `7530\r\n${'z'.repeat(30_000)}\r\n`
  const upstream = await startRawUpstream((socket, head) => {
    socket.write(CHUNKED)
    if (head.includes('/big')) return void socket.write(`${part + part}0\r\n\r\n`)
    const ticks = setInterval(() => socket.write('1\r\nx\r\n'), 50)
    setTimeout(() => {
      clearInterval(ticks)
      socket.write('0\r\n\r\n')
    }, 1_600)
  })
  const rig = await startRig([
    { path: '/**', upstream: upstream.url, timeouts: { idleBodyMs: 800 } },
  ])
  const client = await openRawClient(rig.port)
  client.send(GET('/big'))
  await client.untilCount('\r\n0\r\n\r\n', 1)
  client.send(GET('/ticking'))
  await client.untilCount('\r\n0\r\n\r\n', 2)
  expect(client.ended()).toBe('open')
  expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
})

test('a client that does not read is waited for once, however many parts still come', async () => {
  const parts = '1\r\nx\r\n'.repeat(10_000)
  const upstream = await startRawUpstream((socket) => {
    const fill = (): void => {
      while (!socket.destroyed && socket.write(parts));
    }
    socket.write(CHUNKED)
    socket.on('drain', fill)
    fill()
  })
  // By Node's own server, whose responses are looked into.
  const rig = await startRig(
    [{ path: '/**', upstream: upstream.url, timeouts: { idleBodyMs: 500 } }],
    { fastLane: false },
  )
  let response: ServerResponse | null = null
  let most = 0
  rig.server.on('request', (_incoming, outgoing: ServerResponse) => {
    response = outgoing
    outgoing.on('newListener', () => (most = Math.max(most, outgoing.listenerCount('drain'))))
  })
  const client = await openRawClient(rig.port)
  client.socket.pause()
  client.send(GET('/x'))
  await eventually(() => rig.requestEvents.length === 1)
  expect(rig.requestEvents).toMatchObject([{ completed: false }])
  expect(response).not.toBeNull()
  expect(most).toBeLessThanOrEqual(2)
})

const INTERVAL_MS = 60_000
/** Asks and holds soon; the time in which a stream that is held ends without an answer is never over. */
const soonUnlessEnding: Schedule = (afterMs, run) =>
  systemSchedule(afterMs < INTERVAL_MS - 100 ? 50 : afterMs, run)

test('a client that does not read what an event stream had kept is cut off too', async () => {
  let handler: UpstreamHandler | null = null
  let paused = false
  let answer: (() => void) | null = null
  const controller = {
    rawHeaders: ['Content-Type', 'text/event-stream'],
    pause: () => (paused = true),
    resume: () => (paused = false),
    abort: (reason: Error) => handler?.onResponseError(controller, reason),
  }
  const rig = await startRig(
    [
      {
        path: '/**',
        upstream: 'http://up.test',
        timeouts: { idleBodyMs: 500 },
        dispatcher: {
          dispatch(_request, given) {
            handler = given
            given.onRequestStart(controller)
            given.onResponseStart(controller, 200)
            return true
          },
        },
      },
    ],
    {
      streams: { intervalMs: INTERVAL_MS, random: () => 0, schedule: soonUnlessEnding },
      verify: () => {
        if (rig.verifications() === 1) return accepted()
        const asked = accepted()
        return new Promise((resolve) => (answer = () => resolve(asked)))
      },
    },
  )
  const client = await openRawClient(rig.port)
  client.send(GET('/events'))
  await client.until('\r\n\r\n')
  client.socket.pause()
  // Held while the last question is under way; what was on its way comes all the same.
  await eventually(() => paused && answer !== null)
  const given = handler as UpstreamHandler | null
  given?.onResponseData(controller, Buffer.alloc(32 * 1024 * 1024, 'x'))
  const release = answer as (() => void) | null
  release?.()
  await eventually(() => rig.requestEvents.length === 1)
  expect(rig.requestEvents).toMatchObject([{ status: 200, completed: false }])
  expect(rig.streamEvents.at(-1)).toMatchObject({ why: 'client' })
})
