import type { Socket } from 'node:net'

import { describe, expect, test } from 'vitest'

import { isEventStream } from '../../src/proxy/event-stream.ts'
import type { SourcedVerdict } from '../../src/verifier/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { createFakeTime } from '../helpers/fake-time.ts'
import type { Rig, RigOptions, RigRoute } from '../helpers/proxy-rig.ts'
import { accepted, AUTHENTICATED, othersAnswered, refused, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import type { RecordingUpstream } from '../helpers/recording-upstream.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const A = AUTHENTICATED
const OK = 'HTTP/1.1 200 OK\r\n'
const EVENTS = `${OK}Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n`
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'

function event(text: string): string {
  const data = `data: ${text}\n\n`
  return `${data.length.toString(16)}\r\n${data}\r\n`
}

interface Between {
  readonly rig: Rig
  readonly upstream: RecordingUpstream
  readonly socket: () => Socket
  /** From now on the token is no good. */
  readonly revoke: () => void
  /** A yes to a question that was sent now. */
  readonly yes: () => SourcedVerdict
  /** Lets time pass; a token is asked about every ten seconds. */
  readonly pass: (ms: number) => Promise<void>
}

/** The usual time after which a stream's token has been asked about again, and then some. */
const INTERVAL_MS = 10_000

/** A gateway whose upstream begins each response with this head, and leaves the rest to the test. */
async function startBetween(
  head: string,
  options: RigOptions = {},
  route: Partial<RigRoute> = {},
): Promise<Between> {
  let good = true
  const time = createFakeTime()
  const yes = () => accepted(time.clock)
  const upstream = await startRecordingUpstream({
    respond: (_r, socket) => void socket.write(head),
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url, ...route }], {
    time,
    verify: () => (good ? yes() : refused()),
    ...options,
  })
  return {
    rig,
    upstream,
    socket: () => upstream.sockets[0]!,
    revoke: () => (good = false),
    yes,
    pass: time.pass,
  }
}

async function open({ rig }: Between, line = 'GET /events HTTP/1.1') {
  const client = await openRawClient(rig.port)
  client.send(`${line}\r\n${A}\r\n`)
  await client.until('\r\n\r\n')
  return client
}

describe('an event stream', () => {
  test('arrives event by event, however long each takes', async () => {
    const between = await startBetween(EVENTS + CHUNKED)
    const client = await open(between)
    for (const text of ['first', 'second', 'third']) {
      between.socket().write(event(text))
      await client.until(`data: ${text}\n\n`)
    }
    expect(between.rig.streamEvents).toEqual([
      { kind: 'event-stream', routeId: 'route-0', phase: 'begun' },
    ])
    between.socket().write('0\r\n\r\n')
    await client.until('\r\n0\r\n\r\n')
    expect(between.rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'upstream' })
  })

  test('goes on for many intervals while its token is good', async () => {
    const between = await startBetween(EVENTS + CHUNKED)
    const client = await open(between)
    await between.pass(6 * INTERVAL_MS)
    expect(between.rig.verifications()).toBeGreaterThanOrEqual(6)
    between.socket().write(event('still here'))
    await client.until('still here')
    expect(client.ended()).toBe('open')
  })

  test('ends well within the bound when its token is no good any more', async () => {
    const between = await startBetween(EVENTS + CHUNKED)
    const client = await open(between)
    between.socket().write(event('first'))
    await client.until('first')
    between.revoke()
    await between.pass(0.75 * INTERVAL_MS)
    await client.until('0\r\n\r\n')
    expect(client.received()).toMatch(/data: first\n\n\r\n0\r\n\r\n$/)
    await eventually(() => between.socket().destroyed)
    expect(between.rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'refused' })
    expect(between.rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'aborted' }])
    expect(between.rig.requestEvents).toMatchObject([{ status: 200, completed: true }])

    client.send(`GET /events HTTP/1.1\r\n${A}\r\n`)
    await client.until('HTTP/1.1 401 ')
    expect(between.upstream.requests).toHaveLength(1)
  })

  // F10 of the security research: only 200 was watched.
  test.each([201, 203, 206])(
    'with status %i ends, too, when its token is revoked',
    async (status) => {
      const between = await startBetween(EVENTS.replace(' 200 ', ` ${status} `) + CHUNKED)
      const client = await open(between)
      between.socket().write(event('first'))
      await client.until('first')
      between.revoke()
      await between.pass(0.75 * INTERVAL_MS)
      await client.until('0\r\n\r\n')
      expect(between.rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'refused' })
      await eventually(() => between.socket().destroyed)
    },
  )

  test('ends when nobody can say, and not before the bound', async () => {
    let silent = false
    const between = await startBetween(EVENTS + CHUNKED, {
      verify: () => {
        if (silent) throw new Error('nobody can say')
        return between.yes()
      },
      streams: { boundMs: 3 * INTERVAL_MS },
    })
    const client = await open(between)
    silent = true
    await between.pass(2.9 * INTERVAL_MS)
    between.socket().write(event('still here'))
    await client.until('still here')
    await between.pass(0.1 * INTERVAL_MS)
    await client.until('0\r\n\r\n')
    expect(between.rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'unverified' })
  })

  test('carries nothing between the end of the bound and the last answer', async () => {
    let answer: (() => void) | null = null
    const between = await startBetween(EVENTS + CHUNKED, {
      verify: () => {
        if (between.rig.verifications() === 1) return between.yes()
        const asked = between.yes()
        return new Promise((resolve) => (answer = () => resolve(asked)))
      },
    })
    const client = await open(between)
    await between.pass(INTERVAL_MS)
    expect(answer).not.toBeNull()
    between.socket().write(event('late'))
    await othersAnswered(between.rig)
    expect(client.received()).not.toContain('late')
    answer!()
    await client.until('late')
  })

  test('with a length is broken off, since it cannot end well', async () => {
    const between = await startBetween(`${EVENTS}Content-Length: 1000\r\n\r\ndata: x\n\n`)
    const client = await open(between)
    await client.until('data: x')
    between.revoke()
    await between.pass(INTERVAL_MS)
    expect(await client.closed()).not.toContain('0\r\n\r\n')
    await eventually(() => between.socket().destroyed)
  })

  test('to its own end of connection ends with it', async () => {
    const between = await startBetween(`${EVENTS}\r\ndata: x\n\n`)
    for (const line of ['GET /events HTTP/1.1', 'GET /events HTTP/1.0']) {
      const client = await open(between, line)
      await client.until('data: x')
    }
    between.revoke()
    await between.pass(INTERVAL_MS)
    await eventually(() => between.upstream.sockets.slice(0, 2).every(({ destroyed }) => destroyed))
  })

  test('ends for a client that does not read', { timeout: 30_000 }, async () => {
    const between = await startBetween(EVENTS + CHUNKED, {}, { timeouts: { idleBodyMs: 0 } })
    const client = await open(between)
    client.socket.pause()
    await eventually(() => {
      // Until the buffers of both connections are full.
      between.socket().write(event('x'.repeat(500_000)))
      return between.socket().writableLength > 8_000_000
    })
    between.revoke()
    await between.pass(INTERVAL_MS)
    await eventually(() => between.socket().destroyed)
    await eventually(() => between.rig.requestEvents.length === 1)
    client.socket.resume()
    expect(await client.closed()).not.toMatch(/\r\n0\r\n\r\n$/)
  })

  test('whose client goes away is given up, and counted as ended by it', async () => {
    const between = await startBetween(EVENTS + CHUNKED)
    const client = await open(between)
    client.socket.destroy()
    await eventually(() => between.socket().destroyed)
    expect(between.rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'client' })
    const asked = between.rig.verifications()
    await between.pass(6 * INTERVAL_MS)
    expect(between.rig.verifications()).toBe(asked)
  })

  test('of a public route is not verified, and ends when the gateway drains', async () => {
    const between = await startBetween(EVENTS + CHUNKED, {}, { policy: { token: 'none' } })
    const client = await open(between)
    between.revoke()
    await between.pass(6 * INTERVAL_MS)
    between.socket().write(event('still here'))
    await client.until('still here')
    expect(between.rig.verifications()).toBe(0)
    between.rig.proxy.drainStreams(0)
    await between.pass(0)
    await client.until('0\r\n\r\n')
    expect(between.rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'draining' })
  })
})

describe('any other response', () => {
  test('is not cut when its token stops being good: it had been admitted', async () => {
    const between = await startBetween(`${OK}Content-Type: application/octet-stream\r\n${CHUNKED}`)
    const client = await open(between)
    between.revoke()
    await between.pass(6 * INTERVAL_MS)
    between.socket().write('4\r\nlate\r\n0\r\n\r\n')
    await client.until('late')
    expect(between.rig.verifications()).toBe(1)
    expect(between.rig.streamEvents).toEqual([])
  })

  test.each([
    ['text/event-stream', true],
    ['TEXT/Event-Stream;charset=utf-8', true],
    ['text/event-stream ; x', true],
    ['text/event-streams', false],
    ['text/plain; a=text/event-stream', false],
    ['', false],
  ])('Content-Type "%s" makes it an event stream: %s', (type, expected) => {
    expect(isEventStream(['X-A', 'text/event-stream', 'content-type', type])).toBe(expected)
  })
})
