import { describe, expect, onTestFinished, test } from 'vitest'

import { openListener } from '../../src/listener/index.ts'
import { tlsTest } from '../helpers/certificates.ts'
import { anyMaterial } from '../helpers/http2-rig.ts'
import { AUTHENTICATED, createRigProxy, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const A = AUTHENTICATED
const PLAIN = `GET /plain HTTP/1.1\r\n${A}\r\n`
const CHUNKED = `POST /chunked HTTP/1.1\r\n${A}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`

/** A listener with the lane, before an upstream that answers when the test says so, or at once. */
async function startBench(secure: boolean, held = false) {
  const answers: (() => void)[] = []
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) => {
      if (held) answers.push(() => void socket.write(OK))
      else socket.write(OK)
    },
  })
  const made = createRigProxy([{ path: '/**', upstream: upstream.url }])
  const listener = await openListener({
    on: { host: '127.0.0.1', port: 0 },
    door: made.proxy,
    fastLane: true,
    tls: secure ? { material: anyMaterial(), clientAuth: 'none', http2: true } : undefined,
  })
  onTestFinished(async () => {
    await listener.drain(0)
    await made.proxy.close()
  })
  const port = Number(new URL(listener.url).port)
  const lines = (): string[] => upstream.requests.map(({ line }) => line.split(' ')[1] ?? '')
  return { ...made, listener, upstream, answers, lines, open: () => openRawClient(port, secure) }
}

describe.each([
  ['without TLS', false],
  ['over TLS', true],
])('%s', (_, secure) => {
  const laneTest = secure ? tlsTest : test

  laneTest(
    'a connection goes over to the parser of Node and back to nobody, with all that it holds',
    async () => {
      const { open, lines } = await startBench(secure)
      const client = await open()
      client.send(PLAIN + PLAIN + CHUNKED + PLAIN)
      await client.untilCount('HTTP/1.1 200', 4)
      expect(lines()).toEqual(['/plain', '/plain', '/chunked', '/plain'])
    },
  )

  laneTest('nothing of the next request is looked at while one is answered', async () => {
    const { open, lines, answers } = await startBench(secure, true)
    const client = await open()
    client.send(PLAIN + CHUNKED.slice(0, 40))
    await expect.poll(() => answers.length).toBe(1)
    client.send(CHUNKED.slice(40) + PLAIN)
    expect(lines()).toEqual(['/plain'])
    answers[0]?.()
    await expect.poll(() => answers.length).toBe(2)
    answers[1]?.()
    await expect.poll(() => answers.length).toBe(3)
    answers[2]?.()
    await client.untilCount('HTTP/1.1 200', 3)
    expect(lines()).toEqual(['/plain', '/chunked', '/plain'])
  })

  laneTest('a request that comes byte by byte is answered', async () => {
    const { open, lines } = await startBench(secure)
    const client = await open()
    for (const byte of PLAIN) {
      client.send(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await client.until('HTTP/1.1 200')
    expect(lines()).toEqual(['/plain'])
  })

  laneTest('a body that came with its head is forwarded with its length', async () => {
    const { open, upstream } = await startBench(secure)
    const client = await open()
    client.send(`POST /a HTTP/1.1\r\n${A}Content-Length: 3\r\n\r\nabc${PLAIN}`)
    await client.untilCount('HTTP/1.1 200', 2)
    expect(upstream.requests[0]).toMatchObject({ body: 'abc' })
    expect(upstream.requests[0]?.values('content-length')).toEqual(['3'])
  })

  laneTest('a long upload goes over to the parser of Node, and arrives', async () => {
    const { open, upstream } = await startBench(secure)
    const client = await open()
    const long = 24 * 1024 * 1024
    client.send(PLAIN + `PUT /long HTTP/1.1\r\n${A}Content-Length: ${long}\r\n\r\n`)
    client.socket.write(Buffer.alloc(long))
    client.send(PLAIN)
    await client.untilCount('HTTP/1.1 200', 3)
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([0, long, 0])
  })

  laneTest(
    'after Connection: close the answer comes whole, then the end, and what follows is no request',
    async () => {
      const { open, lines } = await startBench(secure)
      const client = await open()
      client.send(`GET /last HTTP/1.1\r\n${A}Connection: close\r\n\r\n${PLAIN}`)
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close\r\n\r\nok$/)
      expect(client.ended()).toBe('fin')
      expect(lines()).toEqual(['/last'])
    },
  )

  laneTest(
    'a refusal that ends the connection is read by a client that had sent more',
    async () => {
      const { open, lines } = await startBench(secure)
      const client = await open()
      client.send(`GET /a/../b HTTP/1.1\r\n${A}\r\n${PLAIN.repeat(200)}`)
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 [^]*"request_invalid"/)
      expect(lines()).toEqual([])
    },
  )

  laneTest(
    'a client that half-closes gets its answer, one that breaks off ends its request upstream',
    async () => {
      const { open, answers, upstream, requestEvents } = await startBench(secure, true)
      const polite = await open()
      polite.socket.end(PLAIN)
      await expect.poll(() => answers.length).toBe(1)
      answers[0]?.()
      expect(await polite.closed()).toContain('HTTP/1.1 200')
      const hasty = await open()
      hasty.send(PLAIN)
      await expect.poll(() => answers.length).toBe(2)
      hasty.reset()
      await expect.poll(() => requestEvents.map(({ status }) => status)).toEqual([200, 499])
      await expect.poll(() => upstream.sockets.some(({ destroyed }) => destroyed)).toBe(true)
    },
  )

  laneTest('one that breaks off is noticed though requests of it wait', async () => {
    const { open, answers, requestEvents } = await startBench(secure, true)
    const client = await open()
    client.send(PLAIN.repeat(20))
    await expect.poll(() => answers.length).toBe(1)
    client.reset()
    await expect.poll(() => requestEvents.map(({ status }) => status)).toEqual([499])
  })

  laneTest(
    'a client that pipelines without end is read no further than it is answered',
    async () => {
      const { open, answers, lines } = await startBench(secure, true)
      const greedy = await open()
      greedy.send(PLAIN.repeat(50_000))
      await expect.poll(() => answers.length).toBe(1)
      await expect.poll(() => greedy.socket.writableLength).toBeGreaterThan(0)
      expect(lines()).toEqual(['/plain'])
    },
  )

  laneTest('draining ends idle connections, and says so in the answers of the others', async () => {
    const { open, answers, listener } = await startBench(secure, true)
    const idle = await open()
    const busy = await open()
    busy.send(PLAIN)
    await expect.poll(() => answers.length).toBe(1)
    const drained = listener.drain(20_000)
    expect(await idle.closed()).toBe('')
    answers[0]?.()
    expect(await busy.closed()).toMatch(/Connection: close\r\n\r\nok$/)
    await drained
  })
})

test('a large response to a client that does not read it holds the upstream back', async () => {
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n')
      for (let i = 0; i < 50; i++) socket.write(Buffer.alloc(1_000_000))
    },
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  client.socket.pause()
  client.send(PLAIN)
  await expect.poll(() => upstream.sockets[0]?.writableLength ?? 0).toBeGreaterThan(10_000_000)
  client.socket.resume()
  await expect.poll(() => client.received().length, { timeout: 20_000 }).toBeGreaterThan(50_000_000)
  expect(client.ended()).toBe('open')
})
