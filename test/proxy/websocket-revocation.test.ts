import { describe, expect, test } from 'vitest'

import { eventually } from '../helpers/eventually.ts'
import type { RigOptions } from '../helpers/proxy-rig.ts'
import { accepted, AUTHENTICATED, refused, startRig } from '../helpers/proxy-rig.ts'
import {
  BINARY,
  CLOSE,
  encodeFrame,
  openWebSocket,
  startEchoUpstream,
  TEXT,
} from '../helpers/websocket.ts'

/** Asked about often enough to be waited for; a twentieth of it is left for ending well. */
const STREAMS = { intervalMs: 1_000 }

/** One WebSocket of alice, through a gateway whose verifier says yes until it is told otherwise. */
async function startSocket(options: RigOptions = {}) {
  let verdict = accepted
  const upstream = await startEchoUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url }], {
    streams: STREAMS,
    verify: () => verdict(),
    ...options,
  })
  const client = await openWebSocket(rig.port, AUTHENTICATED)
  await eventually(() => upstream.ends.length === 1)
  return {
    rig,
    client,
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
    const { rig, client } = await startSocket()
    await eventually(() => rig.verifications() >= 4)
    client.send(TEXT, 'still here')
    await client.until(() => client.texts().length === 1)
    expect(client.isOpen()).toBe(true)
  })

  test('is closed with 1008 and the reason when it is not, and with 1001 towards the upstream', async () => {
    const { rig, client, server, revoke } = await startSocket()
    client.send(TEXT, 'before')
    await client.until(() => client.texts().length === 1)
    revoke()
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
    const { client, server, revoke } = await startSocket()
    revoke()
    await client.until(() => client.closing() !== null)
    client.send(TEXT, 'after')
    client.send(CLOSE, Buffer.of(3, 240))
    client.socket.end()
    await eventually(() => client.socket.closed)
    expect(server.texts()).toEqual([])
  })

  test('is closed at once when somebody turns out to be dead', async () => {
    const { rig, client, revoke } = await startSocket({ streams: { intervalMs: 8_000 } })
    revoke()
    const revokedAt = performance.now()
    rig.proxy.recheckStreams()
    await client.closed()
    expect(performance.now() - revokedAt).toBeLessThan(3_000)
    expect(client.closing()).toEqual([1008, 'token_invalid'])
  })

  test('is closed with 1013 when nobody can say until the bound', async () => {
    const { rig, client, answerWith } = await startSocket()
    answerWith(fail)
    await client.closed()
    expect(client.closing()).toEqual([1013, 'verifier_unavailable'])
    expect(rig.streamEvents[1]).toMatchObject({ phase: 'ended', why: 'unverified' })
  })

  test('is closed with 1001 when the gateway drains', async () => {
    const { rig, client, server } = await startSocket()
    rig.proxy.drainStreams(100)
    await client.closed()
    expect(client.closing()).toEqual([1001, 'draining'])
    await server.closed()
    await expect(
      openWebSocket(rig.port, AUTHENTICATED).then((late) => late.closed()),
    ).resolves.toBeUndefined()
  })

  test('has its last frame completed, if that comes in time', async () => {
    const { rig, client, server } = await startSocket({ streams: { intervalMs: 8_000 } })
    const frame = encodeFrame(BINARY, Buffer.alloc(300_000, 'x'), false)
    server.socket.write(frame.subarray(0, 100_000))
    await eventually(() => client.rest() >= 100_000)
    rig.proxy.drainStreams(0)
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
    const { rig, client, server } = await startSocket()
    const frame = encodeFrame(BINARY, Buffer.alloc(1_000), false)
    server.socket.write(frame.subarray(0, 500))
    client.socket.write(encodeFrame(BINARY, Buffer.alloc(1_000), true).subarray(0, 500))
    await eventually(() => client.rest() === 500 && server.rest() === 500)
    rig.proxy.drainStreams(0)
    await client.closed()
    await server.closed()
    expect([client.frames, client.rest()]).toEqual([[], 500])
    expect([server.frames, server.rest()]).toEqual([[], 500])
  })

  test('that is being closed by its sides gets no second close frame', async () => {
    const { rig, client, server } = await startSocket()
    server.send(CLOSE, Buffer.of(3, 232))
    client.send(CLOSE, Buffer.of(3, 232))
    await eventually(() => client.closing() !== null && server.closing() !== null)
    rig.proxy.drainStreams(0)
    await client.closed()
    await server.closed()
    expect(client.frames).toHaveLength(1)
    expect(server.frames).toHaveLength(1)
  })

  test('whose client does not read is gone soon all the same', { timeout: 30_000 }, async () => {
    const { rig, client, server, revoke } = await startSocket()
    client.socket.pause()
    await eventually(() => {
      server.socket.write(encodeFrame(BINARY, Buffer.alloc(500_000), false))
      return server.socket.writableLength > 8_000_000
    })
    revoke()
    await server.closed()
    await eventually(() => rig.streamEvents.length === 2)
    const connections = (): Promise<number> =>
      new Promise((resolve) => rig.server.getConnections((_error, count) => resolve(count)))
    const deadline = performance.now() + 5_000
    while ((await connections()) > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await connections()).toBe(0)
  })

  test('that the upstream accepts late, on an old grant, is confirmed before it carries a byte', async () => {
    let answer: (() => void) | null = null
    let rig: Awaited<ReturnType<typeof startRig>> | null = null
    const upstream = await startEchoUpstream({ delayMs: 1_200 })
    rig = await startRig([{ path: '/**', upstream: upstream.url }], {
      streams: STREAMS,
      verify: () => {
        if (rig?.verifications() === 1) return accepted()
        const asked = accepted()
        return new Promise((resolve) => (answer ??= () => resolve(asked)))
      },
    })
    const client = await openWebSocket(rig.port, AUTHENTICATED)
    client.send(TEXT, 'hello')
    await eventually(() => answer !== null)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(upstream.ends[0]!.frames).toEqual([])
    answer!()
    await client.until(() => client.texts().length === 1)
  })
})
