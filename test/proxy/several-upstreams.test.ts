import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import type {
  UpstreamController,
  UpstreamDispatcher,
  UpstreamOptions,
} from '../../src/upstream/index.ts'
import { AUTHENTICATED, startRig, TOKEN } from '../helpers/proxy-rig.ts'
import type { RigRoute } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import type { RecordedRequest, RecordingUpstream } from '../helpers/recording-upstream.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

type Respond = (request: RecordedRequest, socket: Socket) => void

const reset: Respond = (_request, socket) => void socket.resetAndDestroy()
const RETRIED = { routeId: 'route-0', outcome: 'unreachable', retried: true }
const SERVED = { routeId: 'route-0', outcome: 'ok' }

/** A socket that nobody listens to. */
function nowhere(): string {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-nowhere-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return `unix://${directory}/none.sock`
}

async function setUp(
  urls: readonly string[],
  more: Omit<UpstreamOptions, 'urls'> = {},
  route: Partial<RigRoute> = {},
) {
  const lines: string[] = []
  const note = (facts: object, message: string): void =>
    void lines.push(message + JSON.stringify(facts))
  const rig = await startRig([{ path: '/**', upstream: { urls, ...more }, ...route }], {
    logger: { debug: note, info: note, warn: note, error: note },
  })
  const send = async (start: string, rest = '\r\n') => {
    const client = await openRawClient(rig.port)
    client.send(`${start} HTTP/1.1\r\n${AUTHENTICATED}Connection: close\r\n${rest}`)
    return readResponse(await client.closed())
  }
  return { rig, send, lines }
}

describe('requests', () => {
  test('go to each upstream of a list in turn, under its own base path', async () => {
    const [first, second] = [await startRecordingUpstream(), await startRecordingUpstream()]
    const { send } = await setUp([`${first.url}/a`, `${second.url}/b`])
    for (const path of ['/1', '/2', '/3']) expect((await send(`GET ${path}`)).status).toBe(200)
    expect(first.requests.map(({ line }) => line)).toEqual([
      'GET /a/1 HTTP/1.1',
      'GET /a/3 HTTP/1.1',
    ])
    expect(second.requests.map(({ line }) => line)).toEqual(['GET /b/2 HTTP/1.1'])
  })

  test.each([
    ['EMFILE', [true, true]],
    ['ENFILE', [true, true]],
    ['EADDRNOTAVAIL', [true, true]],
    ['ECONNRESET', [false, true]],
  ])('that fail with %s leave upstreams as they are: %j', async (code, up) => {
    const dispatcher: UpstreamDispatcher = {
      dispatch(_request, handler) {
        const controller = { abort() {}, pause() {}, resume() {} } as never as UpstreamController
        handler.onRequestStart(controller)
        handler.onResponseError(controller, Object.assign(new Error(code), { code }))
        return true
      },
    }
    const { rig, send } = await setUp(
      ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
      {},
      { dispatcher },
    )
    for (let count = 0; count < 12; count++) {
      expect((await send('GET /')).status).toBeGreaterThanOrEqual(500)
    }
    expect(rig.up()).toEqual(up)
  })

  test('of two routes with the same upstreams share what is known of them', async () => {
    const upstream = await startRecordingUpstream()
    const shared = { urls: [nowhere(), upstream.url], ejection: { baseMs: 60_000 } }
    const rig = await startRig([
      { path: '/a', upstream: shared },
      { path: '/b', upstream: { ...shared } },
      { path: '/c', upstream: { ...shared, retries: 1 } },
    ])
    const client = await openRawClient(rig.port)
    for (let count = 1; count <= 6; count++) {
      client.send(`GET /a HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
      await client.untilCount('\r\nok', count)
    }
    expect(rig.up()).toEqual([false, true, false, true, true, true])
  })
})

describe('a request that failed', () => {
  test('goes to the next upstream where there was no connection, whatever it is', async () => {
    const upstream = await startRecordingUpstream()
    for (const [start, rest] of [
      ['GET /x', '\r\n'],
      ['POST /x', '\r\n'],
      ['POST /x', 'Content-Length: 3\r\n\r\nabc'],
      ['PATCH /x', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ] as const) {
      const { rig, send } = await setUp([nowhere(), upstream.url])
      expect((await send(start, rest)).body).toBe('ok')
      expect(rig.upstreamEvents).toEqual([RETRIED, SERVED])
      expect(upstream.requests.at(-1)?.body).toBe(rest === '\r\n' ? '' : 'abc')
    }
  })

  test('and waits to be told to continue, is told so once, by the upstream that takes it', async () => {
    const upstream = await startRecordingUpstream()
    const { rig } = await setUp([nowhere(), nowhere(), upstream.url])
    const client = await openRawClient(rig.port)
    client.send(
      `PUT /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`,
    )
    await client.until('100 Continue\r\n\r\n')
    client.send('abc')
    await client.until(/ok$/)
    expect(client.received().match(/100 Continue/g)).toHaveLength(1)
    expect(upstream.requests[0]?.body).toBe('abc')
  })

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])(
    'by a reset before any answer: %s without a body goes to the next upstream',
    async (method) => {
      const broken = await startRecordingUpstream({ respond: reset })
      const upstream = await startRecordingUpstream()
      const { rig, send } = await setUp([broken.url, upstream.url])
      expect((await send(`${method} /x`)).status).toBe(200)
      expect([broken.requests.length, upstream.requests.length]).toEqual([1, 1])
      expect(rig.upstreamEvents).toEqual([RETRIED, SERVED])
    },
  )

  test.each<[string, string, string, Respond]>([
    ['POST, by a reset', 'POST /x', '\r\n', reset],
    ['PATCH, by a reset', 'PATCH /x', '\r\n', reset],
    ['PUT with a body, by a reset', 'PUT /x', 'Content-Length: 3\r\n\r\nabc', reset],
    ['GET, by half a head', 'GET /x', '\r\n', (_r, socket) => socket.end('HTTP/1.1 200 O')],
    ['GET, by one byte', 'GET /x', '\r\n', (_r, socket) => socket.end('H')],
    ['GET, by what is no HTTP', 'GET /x', '\r\n', (_r, socket) => socket.end('SSH-2.0-x\r\n')],
    [
      'GET, by two lengths',
      'GET /x',
      '\r\n',
      (_r, socket) =>
        void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'),
    ],
  ])('%s, is never sent again', async (_what, start, rest, respond) => {
    const broken = await startRecordingUpstream({ respond })
    const upstream = await startRecordingUpstream()
    const { rig, send } = await setUp([broken.url, upstream.url])
    expect((await send(start, rest)).status).toBe(502)
    expect(upstream.requests).toEqual([])
    expect(rig.upstreamEvents).toEqual([{ routeId: 'route-0', outcome: 'unreachable' }])
  })

  test('in the middle of its answer, is broken off and never sent again', async () => {
    const broken = await startRecordingUpstream({
      respond: (_request, socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', () => socket.destroy()),
    })
    const upstream = await startRecordingUpstream()
    const { send } = await setUp([broken.url, upstream.url])
    expect((await send('GET /x')).body).toBe('abc')
    expect(upstream.requests).toEqual([])
  })

  test('because the upstream is slow, is not sent again: it may be at work', async () => {
    const slow = await startRecordingUpstream({ respond: () => {} })
    const upstream = await startRecordingUpstream()
    const { send } = await setUp([slow.url, upstream.url], {}, { timeouts: { headMs: 100 } })
    expect((await send('GET /x')).status).toBe(504)
    expect(upstream.requests).toEqual([])
  })

  test('whatever its status, is an answer: no other upstream is asked', async () => {
    const failing = await startRecordingUpstream({
      respond: (_r, socket) => void socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    })
    const upstream = await startRecordingUpstream()
    const { rig, send } = await setUp([failing.url, upstream.url], { ejection: { failures: 1 } })
    expect((await send('GET /x')).status).toBe(503)
    expect(upstream.requests).toEqual([])
    expect(rig.up()).toEqual([true, true])
  })

  test('goes to no more upstreams than it may, and to each only once', async () => {
    const broken: RecordingUpstream[] = []
    for (let i = 0; i < 4; i++) broken.push(await startRecordingUpstream({ respond: reset }))
    const urls = broken.map(({ url }) => url)
    const asked = () => broken.reduce((sum, { requests }) => sum + requests.length, 0)
    for (const [retries, expected] of [
      [0, 1],
      [2, 3],
      [5, 4],
    ] as const) {
      const before = asked()
      const { send } = await setUp(urls, { retries })
      expect((await send('GET /x')).status).toBe(502)
      expect(asked() - before).toBe(expected)
    }
  })

  test('is not sent again when many have been, so that an outage does not double the load', async () => {
    const broken = [
      await startRecordingUpstream({ respond: reset }),
      await startRecordingUpstream({ respond: reset }),
    ]
    // The budget grows from the moment when it is made, so the time is taken before it is.
    const before = performance.now()
    const { send } = await setUp(
      broken.map(({ url }) => url),
      { retries: 1 },
    )
    const requests = 60
    await Promise.all(Array.from({ length: requests }, () => send('GET /x')))
    const seconds = (performance.now() - before) / 1000
    const attempts = broken.reduce((sum, upstream) => sum + upstream.requests.length, 0)
    expect(attempts).toBeGreaterThanOrEqual(requests + 10)
    expect(attempts).toBeLessThanOrEqual(requests + requests / 5 + 10 * (seconds + 1))
  })

  test('is dropped where its client went away meanwhile', async () => {
    let breakOff = (): void => {}
    const broken = await startRecordingUpstream({
      respond: (_request, socket) => (breakOff = () => socket.resetAndDestroy()),
    })
    const upstream = await startRecordingUpstream()
    const { rig } = await setUp([broken.url, upstream.url])
    const client = await openRawClient(rig.port)
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await expect.poll(() => broken.requests.length).toBe(1)
    client.socket.resetAndDestroy()
    breakOff()
    await expect.poll(() => rig.requestEvents.length).toBe(1)
    await expect.poll(() => rig.upstreamEvents.length).toBeGreaterThan(0)
    expect(rig.requestEvents[0]?.completed).toBe(false)
    expect(upstream.requests.length).toBeLessThanOrEqual(1)
  })

  test('is told in the log without the token', async () => {
    const broken = await startRecordingUpstream({ respond: reset })
    const { send, lines } = await setUp([broken.url, nowhere()])
    await send('GET /x')
    expect(lines.filter((line) => line.includes('is sent again'))).toHaveLength(1)
    expect(
      lines.filter((line) => line.startsWith('a request to the upstream failed{')),
    ).toHaveLength(1)
    expect(lines.join('')).not.toContain(TOKEN)
  })
})

describe('an upstream', () => {
  test('that fails again and again is left out, and comes back', async () => {
    let healthy = false
    const flaky = await startRecordingUpstream({
      respond: (request, socket) => (healthy ? void socket.write(OK) : reset(request, socket)),
    })
    const upstream = await startRecordingUpstream()
    const ejection = { failures: 2, baseMs: 300, maxMs: 300 }
    const { rig, send, lines } = await setUp([flaky.url, upstream.url], { ejection })
    for (let i = 0; i < 8; i++) expect((await send('GET /x')).status).toBe(200)
    expect(lines.join('\n')).toContain('an upstream failed too often and is left out')
    healthy = true
    await expect
      .poll(async () => {
        expect((await send('GET /x')).status).toBe(200)
        return lines.join('\n').includes('an upstream answers again')
      })
      .toBe(true)
    expect(rig.up()).toEqual([true, true])
  })

  test('is not blamed for what clients do', async () => {
    const upstream = await startRecordingUpstream({ ignoreBody: true })
    const { rig } = await setUp([upstream.url], { ejection: { failures: 1 } })
    for (let i = 0; i < 3; i++) {
      const client = await openRawClient(rig.port)
      client.send(`POST /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 9\r\n\r\nabc`)
      await expect.poll(() => upstream.requests.length).toBe(i + 1)
      client.socket.resetAndDestroy()
      await expect.poll(() => rig.upstreamEvents.length).toBe(i + 1)
    }
    expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(Array(3).fill('aborted'))
    expect(rig.up()).toEqual([true])
  })

  test('that is the only one is always asked, however often it failed', async () => {
    const { rig, send } = await setUp([nowhere()], { ejection: { failures: 1, baseMs: 60_000 } })
    for (let i = 0; i < 5; i++) expect((await send('GET /x')).status).toBe(502)
    expect(rig.upstreamEvents).toHaveLength(5)
    expect(rig.up()).toEqual([false])
  })
})
