import { expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const A = AUTHENTICATED
const ALL_BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))

/** A request whose body comes with its head, in one piece where the system allows. */
function withBody(method: string, body: string): string {
  return `${method} /a HTTP/1.1\r\n${A}Content-Length: ${body.length}\r\n\r\n${body}`
}

test.each([
  ['short', ALL_BYTES],
  ['longer than what leaves as one text', ALL_BYTES.repeat(80)],
  ['longer than what is read at once', ALL_BYTES.repeat(2_000)],
])('a body arrives byte for byte: %s', async (_name, body) => {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  client.send(withBody('POST', body) + withBody('PUT', body))
  await client.untilCount('HTTP/1.1 200', 2)
  expect(upstream.requests.map((request) => request.body === body)).toEqual([true, true])
  expect(upstream.requests[0]?.values('content-length')).toEqual([String(body.length)])
  expect(upstream.requests[0]?.values('transfer-encoding')).toEqual([])
})

test.each(['POST', 'PUT'])(
  'a %s whose connection ends under it is never sent twice',
  async (method) => {
    const upstream = await startRecordingUpstream({
      respond: ({ line }, socket) => {
        if (line.startsWith('GET')) socket.write(OK)
        else socket.destroy()
      },
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(`GET /first HTTP/1.1\r\n${A}\r\n`)
    await client.until('HTTP/1.1 200')
    client.send(withBody(method, 'abc'))
    await client.until('HTTP/1.1 502')
    expect(upstream.requests.map(({ line }) => line.split(' ')[0])).toEqual(['GET', method])
    expect(rig.up()).toEqual([true])
  },
)

test('one that could not be sent at all goes to another upstream, whole', async () => {
  const upstream = await startRecordingUpstream()
  const dead = 'http://127.0.0.1:1'
  const rig = await startRig([{ path: '/**', upstream: [dead, upstream.url] }])
  const client = await openRawClient(rig.port)
  client.send(withBody('POST', 'abc') + withBody('POST', 'def'))
  await client.untilCount('HTTP/1.1 200', 2)
  expect(upstream.requests.map(({ body }) => body)).toEqual(['abc', 'def'])
})

test('a body that is too long is refused before the upstream hears of it', async () => {
  const upstream = await startRecordingUpstream()
  const rig = await startRig([{ path: '/**', upstream: upstream.url, maxBodyBytes: 2 }])
  const client = await openRawClient(rig.port)
  client.send(withBody('POST', 'abc') + withBody('POST', 'ab'))
  await client.untilCount('HTTP/1.1 ', 2)
  expect(client.received()).toMatch(/^HTTP\/1\.1 413 [^]*HTTP\/1\.1 200 /)
  expect(upstream.requests.map(({ body }) => body)).toEqual(['ab'])
})
