import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'

import { describe, expect } from 'vitest'

import { tlsTest } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Field } from '../helpers/http2-frames.ts'
import {
  data,
  frame,
  headers,
  openFrameClient,
  reset,
  uint32,
  WINDOW_UPDATE,
} from '../helpers/http2-frames.ts'
import {
  AUTHORIZED,
  GET,
  POST,
  openHttp2,
  readAnswer,
  startHttp2Rig,
} from '../helpers/http2-rig.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import type { RigOptions, RigRoute } from '../helpers/proxy-rig.ts'
import { accepted, refused } from '../helpers/proxy-rig.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const HEAD: readonly Field[] = [[':method', 'HEAD'], ...GET.slice(1)]
const AUTHORIZATION = { authorization: AUTHORIZED[1] }
const INTERNAL_ERROR = 2
const MIB = 1024 * 1024

/** A gateway whose upstream answers each request so. */
async function startAnswering(
  answer: string | ((socket: Socket) => void),
  options: RigOptions = {},
  route: Partial<RigRoute> = {},
) {
  const respond = (_request: unknown, socket: Socket): void => {
    if (typeof answer === 'string') socket.write(answer, 'latin1')
    else answer(socket)
  }
  const upstream = await startRecordingUpstream({ respond })
  const rig = await startHttp2Rig([{ path: '/**', upstream: upstream.url, ...route }], options)
  return { upstream, rig }
}

/** Waits until a number has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  let last = read()
  let since = performance.now()
  await eventually(() => {
    if (read() !== last) since = performance.now()
    last = read()
    return performance.now() - since > 500
  })
  return last
}

describe('a response', () => {
  tlsTest(
    'has none of the fields of a connection, and repeats only what may be repeated',
    async () => {
      const { rig } = await startAnswering(
        'HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-X: 1\r\nUpgrade: h2c\r\n' +
          'Content-Type: a/b\r\nContent-Type: c/d\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-A: 1\r\nX-A: 2\r\n' +
          'X-Latin: caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n',
      )
      const answer = await readAnswer(
        openHttp2(rig.url).request({ ':path': '/x', ...AUTHORIZATION }),
      )
      expect(answer).toMatchObject({ status: 200, code: 0 })
      expect(String(answer.body)).toBe('ok')
      expect(answer.headers).toMatchObject({
        'content-type': 'a/b, c/d',
        'set-cookie': ['a=1', 'b=2'],
        'x-a': '1, 2',
        'x-latin': 'caf\xe9',
      })
      expect(Object.keys(answer.headers).sort()).toEqual(
        [':status', 'content-type', 'date', 'set-cookie', 'vary', 'x-a', 'x-latin'].sort(),
      )
    },
  )

  tlsTest('keeps its bytes, small or large', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    for (const times of [1, 48, 400]) {
      const body = Buffer.concat(Array.from({ length: times }, () => bytes))
      const { rig } = await startAnswering((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
        socket.write(body)
      })
      const session = openHttp2(rig.url)
      const answer = await readAnswer(session.request({ ':path': '/x', ...AUTHORIZATION }))
      expect(answer.code).toBe(0)
      expect(answer.body.equals(body)).toBe(true)
      session.close()
    }
  })

  tlsTest.each<[string, readonly Field[], string, number]>([
    ['to HEAD', HEAD, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 200],
    ['204', GET, 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['304', GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 304],
    ['205', GET, 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nno', 205],
  ])('%s has no body, and ends', async (_title, fields, answer, status) => {
    const { rig } = await startAnswering(answer)
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, fields))
    const got = await client.over(1)
    if (status === 205) expect([got.body, got.ended]).toEqual(['', true])
    else expect(got).toEqual({ statuses: [status], body: '', ended: true, reset: null })
    await eventually(() => rig.requestEvents.length === 1)
    expect(rig.requestEvents[0]).toMatchObject({ status, completed: true })
  })

  tlsTest('whose end is that of the connection ends its stream, and nothing else', async () => {
    const { rig } = await startAnswering((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'))
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, GET), headers(3, GET))
    for (const id of [1, 3]) {
      expect(await client.over(id)).toMatchObject({ body: 'all of it', ended: true, reset: null })
    }
    expect(client.goaway()).toBeNull()
  })

  tlsTest.each([
    ['shorter than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'],
    [
      'in chunks without the last',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n',
    ],
    [
      'in chunks that are none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nx',
    ],
  ])(
    'that breaks off, %s, is reset and never ended, and its connection goes on',
    async (_t, text) => {
      let broken = true
      const { rig } = await startAnswering((socket) => {
        if (!broken) return void socket.write(OK)
        socket.write(text)
        setTimeout(() => socket.destroy(), 50)
      })
      const client = await openFrameClient({ port: rig.port })
      client.send(headers(1, GET))
      expect(await client.over(1)).toEqual({
        statuses: [200],
        body: 'part',
        ended: false,
        reset: INTERNAL_ERROR,
      })
      await eventually(() => rig.requestEvents.length === 1)
      expect(rig.requestEvents[0]?.completed).toBe(false)
      broken = false
      client.send(headers(3, GET))
      expect(await client.over(3)).toMatchObject({ body: 'ok', ended: true, reset: null })
      expect(client.goaway()).toBeNull()
    },
  )

  tlsTest('with a status that HTTP/2 cannot say is reset', async () => {
    const { rig } = await startAnswering('HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n')
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, GET))
    expect(await client.over(1)).toMatchObject({
      statuses: [],
      ended: false,
      reset: INTERNAL_ERROR,
    })
  })

  tlsTest('comes after hints, and is not kept waiting by another', async () => {
    const upstream = await startRawUpstream((socket, head) => {
      if (head.includes('/slow')) return
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
      socket.write(OK)
    })
    const rig = await startHttp2Rig([{ path: '/**', upstream: upstream.url }])
    const session = openHttp2(rig.url)
    session.request({ ':path': '/slow', ...AUTHORIZATION })
    const stream = session.request({ ':path': '/x', ...AUTHORIZATION })
    const hints: IncomingHttpHeaders[] = []
    stream.on('headers', (fields) => hints.push(fields))
    expect((await readAnswer(stream)).status).toBe(200)
    expect(hints).toMatchObject([{ ':status': 103, link: '</a.css>; rel=preload' }])
  })
})

describe('an upload', () => {
  tlsTest('is told to go on when the upstream is ready for it, and not before', async () => {
    const { rig, upstream } = await startAnswering(OK)
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, [...POST, ['expect', '100-continue']], 0))
    await eventually(() => client.stream(1).statuses.length > 0)
    expect(client.stream(1).statuses).toEqual([100])
    expect(upstream.requests[0]?.complete).toBe(false)
    client.send(data(1, 'abc'))
    expect(await client.over(1)).toMatchObject({ statuses: [100, 200], ended: true })
    expect(upstream.requests[0]?.body).toBe('abc')
  })

  tlsTest('that is refused is not told to go on, and is told that nobody wants it', async () => {
    const { rig, upstream } = await startAnswering(OK)
    const client = await openFrameClient({ port: rig.port })
    const refusedFields = [...POST.slice(0, 4), ['expect', '100-continue'] as const]
    client.send(headers(1, refusedFields, 0), data(1, 'abc', 0))
    await eventually(() => client.stream(1).reset !== null)
    expect(client.stream(1)).toMatchObject({ statuses: [401], ended: true, reset: 0 })
    expect(upstream.requests).toEqual([])
    await eventually(() => rig.requestEvents.length === 1)
    expect(rig.requestEvents[0]).toMatchObject({ status: 401, completed: true })
  })

  tlsTest('that is answered early gets the whole answer', async () => {
    const upstream = await startRecordingUpstream({
      onHead: (_request, socket) => void socket.write(OK),
      ignoreBody: true,
    })
    const timeouts = { idleBodyMs: 2_000 }
    const rig = await startHttp2Rig([{ path: '/**', upstream: upstream.url, timeouts }])
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, POST, 0), data(1, 'abc', 0))
    await eventually(() => client.stream(1).reset !== null)
    expect(client.stream(1)).toMatchObject({ statuses: [200], body: 'ok', ended: true, reset: 0 })
    client.send(headers(3, GET))
    expect(await client.over(3)).toMatchObject({ statuses: [200], ended: true })
  })

  tlsTest('of nothing, which comes in a frame of its own, leaves nothing behind', async () => {
    const { rig } = await startAnswering(OK)
    const client = await openFrameClient({ port: rig.port })
    for (const id of [1, 3, 5]) {
      client.send(headers(id, [...POST, ['content-length', '0']], 0), data(id, ''))
      expect(await client.over(id)).toMatchObject({ statuses: [200], body: 'ok', ended: true })
    }
    client.send(headers(7, [...POST, ['content-length', '0']], 0))
    expect(await client.over(7)).toMatchObject({ statuses: [200], body: 'ok', ended: true })
    await eventually(() => rig.requestEvents.length === 4)
    expect(rig.requestEvents.map(({ completed }) => completed)).toEqual([true, true, true, true])
  })

  tlsTest(
    'of nothing, that ends before its token is verified, is carried all the same',
    async () => {
      let verify = (): void => {}
      const { rig, upstream } = await startAnswering(OK, {
        verify: () => new Promise((resolve) => (verify = () => resolve(accepted()))),
      })
      const client = await openFrameClient({ port: rig.port })
      client.send(headers(1, POST, 0), data(1, ''))
      await eventually(() => rig.verifications() === 1)
      // Until the end has come, of which there is no other sign.
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(upstream.requests).toEqual([])
      verify()
      expect(await client.over(1)).toMatchObject({ statuses: [200], body: 'ok', ended: true })
      expect(upstream.requests.map(({ complete }) => complete)).toEqual([true])
    },
  )

  tlsTest.each([0, 8])(
    'that is reset (%i) while the upstream does not read is given up',
    async (code) => {
      const { url } = await startHttpServer((request) => void request.pause())
      const rig = await startHttp2Rig([{ path: '/**', upstream: url }])
      const stream = openHttp2(rig.url).request({
        ':method': 'POST',
        ':path': '/x',
        ...AUTHORIZATION,
      })
      stream.on('error', () => {})
      let sent = 0
      const send = (): void => {
        for (let more = true; more && sent < 64; sent++) more = stream.write(Buffer.alloc(MIB))
      }
      stream.on('drain', send)
      send()
      await settled(() => sent)
      stream.close(code)
      await eventually(() => rig.requestEvents.length === 1)
      expect(rig.requestEvents[0]).toMatchObject({ status: 499, completed: false })
      await eventually(() => rig.upstreamEvents.length === 1)
      expect(rig.upstreamEvents[0]?.outcome).toBe('aborted')
    },
  )

  tlsTest('without a length is held and sent with one, where the route says so', async () => {
    const { rig, upstream } = await startAnswering(OK, {}, { bufferRequestBytes: 5 })
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, POST, 0), data(1, 'hel', 0), data(1, 'lo'))
    expect(await client.over(1)).toMatchObject({ statuses: [200], ended: true })
    expect(upstream.requests[0]?.values('content-length')).toEqual(['5'])
    expect(upstream.requests[0]?.body).toBe('hello')
    client.send(headers(3, POST, 0), data(3, 'hello!'))
    expect(await client.over(3)).toMatchObject({ statuses: [413] })
    expect(upstream.requests).toHaveLength(1)
  })

  tlsTest('that stalls is given up, and its connection goes on', async () => {
    const { rig } = await startAnswering(OK, {}, { timeouts: { idleBodyMs: 100 } })
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, POST, 0), data(1, 'abc', 0))
    await eventually(() => client.stream(1).reset !== null)
    expect(client.stream(1).statuses).toEqual([408])
    client.send(headers(3, GET))
    expect(await client.over(3)).toMatchObject({ statuses: [200], ended: true })
  })

  tlsTest(
    'of 64 MiB is not read faster than the upstream takes it, and arrives whole',
    async () => {
      let taking = false
      const digest = createHash('sha256')
      let received = 0
      const { url } = await startHttpServer((request, response) => {
        request.on('data', (chunk: Buffer) => {
          received += chunk.length
          digest.update(chunk)
        })
        request.on('end', () => response.end('ok'))
        if (!taking) request.pause()
        void eventually(() => taking).then(() => request.resume())
      })
      const rig = await startHttp2Rig([{ path: '/**', upstream: url }])
      const stream = openHttp2(rig.url).request({
        ':method': 'POST',
        ':path': '/x',
        ...AUTHORIZATION,
      })
      const answer = readAnswer(stream)
      const part = Buffer.alloc(256 * 1024, 'x')
      let sent = 0
      const sending = (async () => {
        for (; sent < 64 * MIB; sent += part.length) {
          if (!stream.write(part)) await once(stream, 'drain')
        }
        stream.end()
      })()
      expect(await settled(() => sent)).toBeLessThan(32 * MIB)
      taking = true
      await sending
      expect(await answer).toMatchObject({ status: 200, code: 0 })
      expect(received).toBe(64 * MIB)
      expect(digest.digest('hex')).toBe(
        createHash('sha256')
          .update(Buffer.alloc(64 * MIB, 'x'))
          .digest('hex'),
      )
    },
  )
})

describe('a client', () => {
  tlsTest('that reads slowly holds 64 MiB back, and gets them whole', async () => {
    let sent = 0
    const part = Buffer.alloc(256 * 1024, 'x')
    const { url } = await startHttpServer((_request, response) => {
      const go = (): void => {
        for (let more = true; more && sent < 64 * MIB; sent += part.length)
          more = response.write(part)
        if (sent < 64 * MIB) response.once('drain', go)
        else response.end()
      }
      go()
    })
    const rig = await startHttp2Rig([{ path: '/**', upstream: url }])
    const stream = openHttp2(rig.url).request({ ':path': '/x', ...AUTHORIZATION })
    await once(stream, 'response')
    expect(await settled(() => sent)).toBeLessThan(32 * MIB)
    let received = 0
    stream.on('data', (chunk: Buffer) => (received += chunk.length))
    await once(stream, 'close')
    expect([received, stream.rstCode]).toEqual([64 * MIB, 0])
  })

  tlsTest('that reads slowly while the gateway drains gets all of it', async () => {
    const size = 4 * MIB
    const { url } = await startHttpServer((_request, response) => {
      response.setHeader('content-length', size)
      response.end(Buffer.alloc(size, 'x'))
    })
    const rig = await startHttp2Rig([{ path: '/**', upstream: url }])
    const windows = 64 * MIB
    const client = await openFrameClient({ port: rig.port, settings: [[4, windows]] })
    client.send(frame(WINDOW_UPDATE, 0, 0, uint32(windows)), headers(1, GET))
    await eventually(() => client.stream(1).statuses.length === 1)
    const drained = rig.listener.drain(60_000)
    // Three seconds and more for what the system has long taken from the gateway.
    for (let turn = 0; turn < 200 && !client.closed() && !client.stream(1).ended; turn++) {
      client.socket.pause()
      await new Promise((resolve) => setTimeout(resolve, 50))
      client.socket.resume()
      await Promise.race([once(client.socket, 'data'), once(client.socket, 'close')])
      client.send(frame(WINDOW_UPDATE, 0, 0, uint32(1)))
    }
    expect(client.stream(1)).toMatchObject({ ended: true, reset: null })
    expect(client.stream(1).body.length).toBe(size)
    await drained
  })

  tlsTest.each([
    ['a large', 'x'.repeat(MIB)],
    ['a small', 'x'],
  ])('that leaves no room for %s response loses it, and nothing else', async (_title, body) => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const { rig } = await startAnswering(answer, {}, { timeouts: { idleBodyMs: 300 } })
    const client = await openFrameClient({ port: rig.port, settings: [[4, 0]] })
    client.send(headers(1, GET))
    await eventually(() => client.stream(1).reset !== null)
    expect(client.stream(1)).toEqual({
      statuses: [200],
      body: '',
      ended: false,
      reset: INTERNAL_ERROR,
    })
    client.send(headers(3, HEAD))
    expect((await client.over(3)).ended).toBe(true)
    expect(rig.requestEvents[0]?.completed).toBe(false)
  })

  tlsTest.each([0, 8])(
    'that resets (%i) what it has not read is rid of it at once',
    async (code) => {
      const { rig } = await startAnswering(OK)
      const client = await openFrameClient({ port: rig.port, settings: [[4, 0]] })
      client.send(headers(1, GET), headers(3, POST, 0), data(3, 'abc'))
      await eventually(() => [1, 3].every((id) => client.stream(id).statuses.length === 1))
      // Until the gateway has ended both responses, of which there is no other sign.
      await new Promise((resolve) => setTimeout(resolve, 100))
      client.send(reset(1, code), reset(3, code))
      await eventually(() => rig.requestEvents.length === 2)
      expect(rig.requestEvents.map(({ status }) => status)).toEqual([200, 200])
      // With no error it looks as if the rest had been sent.
      const expected = code === 0
      expect(rig.requestEvents.map(({ completed }) => completed)).toEqual([expected, expected])
    },
  )

  tlsTest('that sends thousands of requests, many at a time, is no nuisance', async () => {
    const { rig } = await startAnswering(OK)
    const session = openHttp2(rig.url)
    let asked = 0
    const ask = async (): Promise<void> => {
      while (asked++ < 3_000) {
        const answer = await readAnswer(session.request({ ':path': '/x', ...AUTHORIZATION }))
        if (answer.status !== 200 || answer.code !== 0) throw new Error('a request was lost')
      }
    }
    await Promise.all(Array.from({ length: 32 }, ask))
    await eventually(() => rig.requestEvents.length === 3_000)
    expect(rig.requestEvents.filter(({ completed }) => !completed)).toEqual([])
    expect(session.closed).toBe(false)
  })

  tlsTest('that sends many requests with bodies is no nuisance', async () => {
    const { rig } = await startAnswering(OK)
    const client = await openFrameClient({ port: rig.port })
    for (let id = 1; id < 1_000; id += 2) {
      client.send(headers(id, POST, 0), data(id, 'abc'))
      if (id % 50 === 1) await client.over(id)
    }
    expect(await client.over(999)).toMatchObject({ statuses: [200], body: 'ok', ended: true })
    await eventually(() => rig.requestEvents.length === 500)
    expect(rig.requestEvents.filter(({ completed }) => !completed)).toEqual([])
    expect(client.goaway()).toBeNull()
  })

  tlsTest('that cancels has its request given up upstream, and no other', async () => {
    const { rig, upstream } = await startAnswering(() => {})
    const session = openHttp2(rig.url)
    const [one, other] = ['/one', '/other'].map((path) =>
      session.request({ ':path': path, ...AUTHORIZATION }),
    )
    await eventually(() => upstream.requests.length === 2)
    one?.close(8)
    const at = upstream.requests.find(({ line }) => line.includes('/one'))?.connection ?? -1
    await eventually(() => upstream.sockets[at]?.destroyed === true)
    await eventually(() => rig.requestEvents.length === 1)
    expect(rig.requestEvents[0]).toMatchObject({ status: 499, completed: false })
    expect(rig.upstreamEvents).toMatchObject([{ outcome: 'aborted' }])
    expect(upstream.sockets[1 - at]?.destroyed).toBe(false)
    expect(other?.closed).toBe(false)
  })

  tlsTest('whose connection breaks has all its requests given up', async () => {
    const { rig, upstream } = await startAnswering(() => {})
    const session = openHttp2(rig.url)
    for (const path of ['/one', '/other'])
      session.request({ ':path': path, ...AUTHORIZATION }).on('error', () => {})
    await eventually(() => upstream.requests.length === 2)
    session.destroy()
    await eventually(() => upstream.sockets.every(({ destroyed }) => destroyed))
    await eventually(() => rig.requestEvents.length === 2)
    expect(rig.requestEvents.map(({ status }) => status)).toEqual([499, 499])
  })
})

describe('an event stream', () => {
  const EVENTS =
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n'

  tlsTest('ends, as complete, when its token is no good any more', async () => {
    let good = true
    const { rig, upstream } = await startAnswering(EVENTS, {
      streams: { intervalMs: 400 },
      verify: () => (good ? accepted() : refused()),
    })
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, GET))
    await eventually(() => client.stream(1).body === 'data: 1')
    good = false
    expect(await client.over(1)).toMatchObject({ body: 'data: 1', ended: true, reset: null })
    await eventually(() => upstream.sockets[0]?.destroyed === true)
    expect(rig.streamEvents).toMatchObject([{ phase: 'begun' }, { phase: 'ended', why: 'refused' }])
    client.send(headers(3, GET))
    expect((await client.over(3)).statuses).toEqual([401])
  })

  tlsTest('with a length is reset instead', async () => {
    let good = true
    const { rig } = await startAnswering(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: 1',
      { streams: { intervalMs: 400 }, verify: () => (good ? accepted() : refused()) },
    )
    const client = await openFrameClient({ port: rig.port })
    client.send(headers(1, GET))
    await eventually(() => client.stream(1).body === 'data: 1')
    good = false
    expect(await client.over(1)).toMatchObject({ ended: false, reset: INTERNAL_ERROR })
  })

  tlsTest('whose client does not read is cut soon after it has ended', async () => {
    let good = true
    const { rig } = await startAnswering(EVENTS, {
      streams: { intervalMs: 400 },
      verify: () => (good ? accepted() : refused()),
    })
    const client = await openFrameClient({ port: rig.port, settings: [[4, 0]] })
    client.send(headers(1, GET))
    await eventually(() => rig.streamEvents.length === 1)
    good = false
    expect(await client.over(1)).toMatchObject({ body: '', ended: false, reset: INTERNAL_ERROR })
  })
})
