import { describe, expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { startBench } from '../helpers/proxy-rows.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const H = 'Host: gw.test\r\n'

describe('one connection', () => {
  test('S-104 has one request under way at a time, however many are pipelined', async () => {
    let underWay = 0
    let most = 0
    const upstream = await startRecordingUpstream({
      respond: (_request, socket) => {
        most = Math.max(most, ++underWay)
        setImmediate(() => {
          underWay--
          socket.write(OK)
        })
      },
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
    const client = await openRawClient(rig.port)
    const count = 300
    client.send(Array.from({ length: count }, (_, i) => `GET /${i} HTTP/1.1\r\n${H}\r\n`).join(''))
    await client.untilCount('\r\nok', count)
    expect(most).toBe(1)
    expect(upstream.requests.map(({ line }) => line)).toEqual(
      Array.from({ length: count }, (_, i) => `GET /${i} HTTP/1.1`),
    )
  })

  test('S-103 carries nothing after Connection: close', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(
      `GET /pub/1 HTTP/1.1\r\n${H}Connection: close\r\n\r\nGET /pub/2 HTTP/1.1\r\n${H}\r\n`,
    )
    await client.closed()
    expect(bench.upstream.requests.map(({ line }) => line)).toEqual(['GET /pub/1 HTTP/1.1'])
  })

  test('carries nothing after a request that was refused as ambiguous', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send(`GET /pub/../x HTTP/1.1\r\n${H}\r\nGET /pub/2 HTTP/1.1\r\n${H}\r\n`)
    await client.closed()
    expect(bench.upstream.requests).toEqual([])
  })

  test('that dies with requests waiting takes them with it', async () => {
    const upstream = await startRecordingUpstream({ respond: () => {} })
    const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
    const client = await openRawClient(rig.port)
    client.send(`GET /1 HTTP/1.1\r\n${H}\r\nGET /2 HTTP/1.1\r\n${H}\r\n`)
    await expect.poll(() => upstream.requests.length).toBe(1)
    client.socket.resetAndDestroy()
    await expect.poll(() => rig.requestEvents.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(upstream.requests.map(({ line }) => line)).toEqual(['GET /1 HTTP/1.1'])
    expect(rig.requestEvents.length).toBe(1)
  })
})
