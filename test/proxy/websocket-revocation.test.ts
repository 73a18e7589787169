import { describe, expect, test } from 'vitest'

import { eventually } from '../helpers/eventually.ts'
import { createFakeTime } from '../helpers/fake-time.ts'
import type { RigOptions } from '../helpers/proxy-rig.ts'
import { accepted, AUTHENTICATED, othersAnswered, refused, startRig } from '../helpers/proxy-rig.ts'
import {
  BINARY,
  CLOSE,
  encodeFrame,
  openWebSocket,
  startEchoUpstream,
  TEXT,
} from '../helpers/websocket.ts'

/** The usual time after which a stream's token has been asked about again, and then some. */
const INTERVAL_MS = 10_000

/** A twentieth of it is left for ending well, by the timers of this machine. */
const IMPATIENT = { streams: { intervalMs: 1_000 } }

/** One WebSocket of alice, through a gateway whose verifier says yes until it is told otherwise. */
async function startSocket(options: RigOptions = {}) {
  const time = createFakeTime()
  const yes = () => accepted(time.clock)
  let verdict = yes
  const upstream = await startEchoUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url }], {
    time,
    verify: () => verdict(),
    ...options,
  })
  const client = await openWebSocket(rig.port, AUTHENTICATED)
  await eventually(() => upstream.ends.length === 1)
  return {
    rig,
    client,
    pass: time.pass,
    server: upstream.ends[0]!,
    answerWith: (next: typeof verdict) => void (verdict = next),
    revoke: () => void (verdict = refused),
  }
}

const fail = (): never => {
  throw new Error('nobody can say')
}

describe('S-142 a WebSocket', () => {
  test('stays open while its token is good', async () => {
    const { rig, client, pass } = await startSocket()
    await pass(6 * INTERVAL_MS)
    expect(rig.verifications()).toBeGreaterThanOrEqual(4)
    client.send(TEXT, 'still here')
    await client.until(() => client.texts().length === 1)
    expect(client.isOpen()).toBe(true)
  })

  test('is closed with 1008 and the reason when it is not, and with 1001 towards the upstream', async () => {
    const { rig, client, server, pass, revoke } = await startSocket()
    client.send(TEXT, 'before')
    await client.until(() => client.texts().length === 1)
    revoke()
    await pass(0.75 * INTERVAL_MS)
    await client.closed()
    expect(client.closing()).toEqual([1008, 'token_invalid'])
    expect([client.frames.at(-1)!.masked, client.rest()]).toEqual([false, 0])
    await server.closed()
    expect(server.closing()).toEqual([1001, ''])
    expect([server.frames.at(-1)!.masked, server.rest()]).toEqual([true, 0])
    await eventually(() => client.socket.closed)
    expect(rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'refused' })
  })

  test('carries nothing more from then on, whatever the client sends', async () => {
    const { client, server, pass, revoke } = await startSocket()
    revoke()
    await pass(0.75 * INTERVAL_MS)
    await client.until(() => client.closing() !== null)
    client.send(TEXT, 'after')
    client.send(CLOSE, Buffer.of(3, 240))
    client.socket.end()
    await eventually(() => client.socket.closed)
    expect(server.texts()).toEqual([])
  })

  test('is closed at once when somebody turns out to be dead', async () => {
    const { rig, client, pass, revoke } = await startSocket()
    revoke()
    rig.proxy.recheckStreams()
    await pass(1_000)
    await client.closed()
    expect(client.closing()).toEqual([1008, 'token_invalid'])
  })

  test('is closed with 1013 when nobody can say until the bound', async () => {
    const { rig, client, pass, answerWith } = await startSocket()
    answerWith(fail)
    await pass(INTERVAL_MS)
    await client.closed()
    expect(client.closing()).toEqual([1013, 'verifier_unavailable'])
    expect(rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'unverified' })
  })

  test('is closed with 1001 when the gateway drains', async () => {
    const { rig, client, server, pass } = await startSocket()
    rig.proxy.drainStreams(100)
    await pass(100)
    await client.closed()
    expect(client.closing()).toEqual([1001, 'draining'])
    await server.closed()
    const late = await openWebSocket(rig.port, AUTHENTICATED)
    await eventually(() => rig.streamEvents.length === 3)
    await pass(100)
    await late.closed()
    expect(late.closing()).toEqual([1001, 'draining'])
  })

  test('has its last frame completed, if that comes in time', async () => {
    const { rig, client, server, pass } = await startSocket()
    const frame = encodeFrame(BINARY, Buffer.alloc(300_000, 'x'), false)
    server.socket.write(frame.subarray(0, 100_000))
    await eventually(() => client.rest() >= 100_000)
    rig.proxy.drainStreams(0)
    await pass(0)
    await server.until(() => server.closing() !== null)
    server.socket.write(Buffer.concat([frame.subarray(100_000), encodeFrame(TEXT, 'more', false)]))
    await client.closed()
    expect(client.frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
      [BINARY, 300_000],
      [CLOSE, 10],
    ])
    expect(client.rest()).toBe(0)
  })

  test('is cut within a frame that does not end, without a word that would be taken for a part of it', async () => {
    const { rig, client, server, pass } = await startSocket(IMPATIENT)
    const frame = encodeFrame(BINARY, Buffer.alloc(1_000), false)
    server.socket.write(frame.subarray(0, 500))
    client.socket.write(encodeFrame(BINARY, Buffer.alloc(1_000), true).subarray(0, 500))
    await eventually(() => client.rest() === 500 && server.rest() === 500)
    rig.proxy.drainStreams(0)
    await pass(0)
    await client.closed()
    await server.closed()
    expect([client.frames, client.rest()]).toEqual([[], 500])
    expect([server.frames, server.rest()]).toEqual([[], 500])
  })

  test('that is being closed by its sides gets no second close frame', async () => {
    const { rig, client, server, pass } = await startSocket()
    server.send(CLOSE, Buffer.of(3, 232))
    client.send(CLOSE, Buffer.of(3, 232))
    await eventually(() => client.closing() !== null && server.closing() !== null)
    rig.proxy.drainStreams(0)
    await pass(0)
    await client.closed()
    await server.closed()
    expect(client.frames).toHaveLength(1)
    expect(server.frames).toHaveLength(1)
  })

  test('whose client does not read is gone soon all the same', { timeout: 30_000 }, async () => {
    const { rig, client, server, pass, revoke } = await startSocket(IMPATIENT)
    client.socket.pause()
    await eventually(() => {
      server.socket.write(encodeFrame(BINARY, Buffer.alloc(500_000), false))
      return server.socket.writableLength > 8_000_000
    })
    revoke()
    await pass(1_000)
    await server.closed()
    await eventually(() => rig.streamEvents.length === 2)
    const connections = (): Promise<number> =>
      new Promise((resolve) => rig.server.getConnections((_error, count) => resolve(count)))
    await eventually(async () => (await connections()) === 0)
  })

  test('that the upstream accepts late, on an old grant, is confirmed before it carries a byte', async () => {
    let answer: (() => void) | null = null
    let rig: Awaited<ReturnType<typeof startRig>> | null = null
    const time = createFakeTime()
    const upstream = await startEchoUpstream({ delayMs: 500 })
    rig = await startRig([{ path: '/**', upstream: upstream.url }], {
      time,
      verify: () => {
        if (rig?.verifications() === 1) return accepted(time.clock)
        const asked = accepted(time.clock)
        return new Promise((resolve) => (answer ??= () => resolve(asked)))
      },
    })
    const opening = openWebSocket(rig.port, AUTHENTICATED)
    await eventually(() => rig?.verifications() === 1)
    await time.pass(INTERVAL_MS)
    const client = await opening
    client.send(TEXT, 'hello')
    await eventually(() => answer !== null)
    await othersAnswered(rig)
    expect(upstream.ends[0]!.frames).toEqual([])
    answer!()
    await client.until(() => client.texts().length === 1)
  })
})
