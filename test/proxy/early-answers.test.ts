import { request as startRequest } from 'node:http'
import type { Socket } from 'node:net'

import { describe, expect, test } from 'vitest'

import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { hasPython, runPython } from '../helpers/python.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { startTls } from '../helpers/tls-gateway.ts'

const TIMES = 50
const SIZE = 20 * 1024 * 1024

/** Uploads again and again, and prints how often which status was read, or which error came instead. */
const UPLOAD = `
import sys, collections, requests
url, times, size, headers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), dict([sys.argv[4].split(': ')])
seen = collections.Counter()
for _ in range(times):
    try: seen[requests.post(url, data=b'x' * size, headers=headers, verify=False, timeout=30).status_code] += 1
    except Exception as error: seen[type(error).__name__] += 1
print(dict(seen))
`

const NO_CREDENTIAL = 'X-Nothing: nothing'

describe.runIf(hasPython('requests', 'Uploads by python requests'))('python requests', () => {
  test(
    'read 50 of 50 answers to uploads of 20 MB that are refused',
    { timeout: 120_000 },
    async () => {
      const upstream = await startRecordingUpstream()
      const rig = await startRig([{ path: '/**', upstream: upstream.url }])
      const seen = await runPython(UPLOAD, `${rig.url}/up`, `${TIMES}`, `${SIZE}`, NO_CREDENTIAL)
      expect(seen.trim()).toBe(`{401: ${TIMES}}`)
      expect(upstream.requests).toEqual([])
    },
  )

  tlsTest('do so over TLS too', { timeout: 120_000 }, async () => {
    const routes = (url: string): string => `[{ path: /**, upstream: '${url}' }]`
    const { gateway } = await startTls(createAuthority('early').issue('gw.test'), { routes })
    const seen = await runPython(UPLOAD, `${gateway.url}/up`, `${TIMES}`, `${SIZE}`, NO_CREDENTIAL)
    expect(seen.trim()).toBe(`{401: ${TIMES}}`)
  })

  test(
    'read what an upstream says at once that goes on reading',
    { timeout: 120_000 },
    async () => {
      const answer = (_request: unknown, socket: Socket): void =>
        void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
      const upstream = await startRecordingUpstream({ onHead: answer, ignoreBody: true })
      const rig = await startRig([
        { path: '/**', upstream: upstream.url, policy: { token: 'none' } },
      ])
      const seen = await runPython(UPLOAD, `${rig.url}/up`, '4', `${SIZE}`, NO_CREDENTIAL)
      expect(seen.trim()).toBe('{403: 4}')
      await eventually(() => upstream.bytes.every(({ length }) => length > SIZE))
    },
  )
})

describe('an answer before the end of an upload', () => {
  test.each([
    ['403 Forbidden', 'Content-Length: 0\r\n'],
    ['204 No Content', ''],
  ])('ends the response at once, without a body too: %s', async (status, fields) => {
    const upstream = await startRecordingUpstream({
      ignoreBody: true,
      onHead: (_request, socket) => void socket.write(`HTTP/1.1 ${status}\r\n${fields}\r\n`),
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(`POST /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 9\r\n\r\nhalf`)
    await eventually(() => rig.requestEvents.length === 1)
    expect(rig.requestEvents).toMatchObject([
      { status: Number(status.slice(0, 3)), completed: true },
    ])
  })

  test('half-closes the connection, reads the rest, and serves nothing that comes after it', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    const ended = new Promise((resolve) => client.socket.once('end', resolve))
    client.send(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\nhalf`)
    await ended
    client.send('x'.repeat(199_996))
    client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(401)
    expect(upstream.requests).toEqual([])
  })

  test('lets a slow client send 60 kB, whose connection then serves the next request', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n`)
    for (let sent = 0; sent < 60_000; sent += 10_000) {
      client.send('x'.repeat(10_000))
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    client.send(`GET /next HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    const received = await client.until(/ok$/)
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
  })

  test('leaves the upload to an upstream that goes on reading', async () => {
    const upstream = await startRecordingUpstream({
      onHead: (_request, socket) =>
        void socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok'),
      respond: () => {},
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(`POST /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 9\r\n\r\nhalf`)
    await client.until(/ok$/)
    client.send(' rest')
    await eventually(() => upstream.requests[0]?.complete === true)
    expect(upstream.requests[0]?.body).toBe('half rest')
  })

  test('lets go of the upstream when the client leaves in the middle', async () => {
    const upstream = await startRecordingUpstream({
      onHead: (_request, socket) =>
        void socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok'),
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(`POST /x HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 9\r\n\r\nhalf`)
    await client.until(/ok$/)
    client.socket.destroy()
    await eventually(() => upstream.sockets.every(({ destroyed }) => destroyed))
    expect(upstream.requests[0]?.complete).toBe(false)
  })
})

describe('Expect: 100-continue', () => {
  const HEAD = `POST /x HTTP/1.1\r\n${AUTHENTICATED}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`

  test('is answered by the upstream, which gets it', async () => {
    let goOn: (() => void) | null = null
    const upstream = await startRecordingUpstream({
      onHead: (_request, socket) => {
        goOn = () => void socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      },
    })
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(HEAD)
    await eventually(() => goOn !== null)
    expect(upstream.requests[0]?.values('expect')).toEqual(['100-continue'])
    expect(await client.until(/^$/)).toBe('')
    ;(goOn as unknown as () => void)()
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('body')
    expect(await client.until(/ok$/)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
    expect(upstream.requests[0]?.body).toBe('body')
  })

  test('is refused by an upstream that does not want the body', async () => {
    const upstream = await startRawUpstream(
      (socket) => void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
    )
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const client = await openRawClient(rig.port)
    client.send(HEAD)
    expect(await client.until(/no$/)).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('of a request that the gateway refuses never reaches an upstream', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([{ path: '/**', upstream: upstream.url }])
    const status = await new Promise((resolve, reject) => {
      const headers = { Expect: '100-continue', 'Content-Length': 5 }
      const request = startRequest(`${rig.url}/x`, { method: 'POST', headers })
      request.on('continue', () => reject(new Error('it was told to go on')))
      request.on('response', (response) => resolve(response.statusCode)).on('error', reject)
      request.flushHeaders()
    })
    expect(status).toBe(401)
    expect(upstream.requests).toEqual([])
  })
})
