import { request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'

import { describe, expect, test } from 'vitest'

import type { Rig } from '../helpers/proxy-rig.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import type { RawResponse } from '../helpers/raw-client.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import type { RecordedRequest } from '../helpers/recording-upstream.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

const H = 'Host: gw.test\r\n'

/** A gateway whose upstream answers `/pub/bad` with these bytes, and everything else with `ok`. */
async function startBehind(
  answer: string | ((request: RecordedRequest, socket: Socket) => void),
  informational = true,
): Promise<Rig> {
  const upstream = await startRecordingUpstream({
    respond: (request, socket) => {
      if (!request.line.includes('/bad')) socket.write(OK)
      else if (typeof answer === 'string') socket.write(answer, 'latin1')
      else answer(request, socket)
    },
  })
  return startRig([
    { path: '/pub/**', upstream: upstream.url, policy: { token: 'none' }, informational },
    { path: '/app/**', upstream: upstream.url },
  ])
}

async function ask(rig: Rig, line = 'GET /pub/bad HTTP/1.1', fields = ''): Promise<RawResponse> {
  const client = await openRawClient(rig.port)
  client.send(`${line}\r\n${H}${fields}Connection: close\r\n\r\n`)
  return readResponse(await client.closed())
}

/** The next client of the same upstream gets its own answer. */
async function expectUnpoisoned(rig: Rig): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const response = await ask(rig, `GET /app/${i} HTTP/1.1`, AUTHENTICATED.slice(H.length))
    expect(response.status).toBe(200)
    expect(response.body).toBe('ok')
  }
}

describe('the response of an upstream', () => {
  test('S-025 (CVE-2026-71849) keeps for the hop what Connection names', async () => {
    const rig = await startBehind(
      'HTTP/1.1 200 OK\r\nX-Secret: 1\r\nConnection: X-Secret, keep-alive\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: b\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nok',
    )
    const response = await ask(rig)
    expect(response.field('x-secret')).toBeUndefined()
    expect(response.field('proxy-authenticate')).toBeUndefined()
    expect(response.field('x-kept')).toBe('1')
    expect(response.fields.filter(([name]) => name === 'connection')).toEqual([
      ['connection', 'close'],
    ])
  })

  test('S-026 states no identity', async () => {
    const rig = await startBehind(
      'HTTP/1.1 200 OK\r\nX-Onedata-Subject-Id: other\r\nX_Onedata_Subject_Id: other\r\nContent-Length: 2\r\n\r\nok',
    )
    expect((await ask(rig)).fields.flat()).not.toContain('other')
  })

  test('with x-hono-already-sent and no body does not leave the client waiting', async () => {
    const rig = await startBehind('HTTP/1.1 204 No Content\r\nx-hono-already-sent: true\r\n\r\n')
    const response = await ask(rig)
    expect(response.status).toBe(204)
    expect(response.field('x-hono-already-sent')).toBeUndefined()
  })

  test('keeps repeats, order, case and every byte of a value', async () => {
    const fields = 'Set-Cookie: a=1\r\nx-b: \xe9\xff\r\nSet-Cookie: b=2; Path=/\r\nX-B: 2'
    const rig = await startBehind(`HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: 2\r\n\r\nok`)
    const client = await openRawClient(rig.port)
    client.send(`GET /pub/bad HTTP/1.1\r\n${H}Connection: close\r\n\r\n`)
    expect(await client.closed()).toContain(`\r\n${fields}\r\n`)
  })

  test.each([301, 307])('S-126 with status %i is not followed', async (status) => {
    const canary = await startRecordingUpstream()
    const rig = await startBehind(
      `HTTP/1.1 ${status} Moved\r\nLocation: ${canary.url}/x\r\nContent-Length: 0\r\n\r\n`,
    )
    const response = await ask(rig)
    expect(response.status).toBe(status)
    expect(response.field('location')).toBe(`${canary.url}/x`)
    expect(canary.sockets).toEqual([])
  })

  test('is not decoded', async () => {
    const rig = await startBehind(
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00',
    )
    const response = await ask(rig)
    expect(response.field('content-encoding')).toBe('gzip')
    expect(response.body).toBe('\x1f\x8b\x08\x00')
  })

  test.each([429, 500, 503])('R-U4 with status %i passes untouched', async (status) => {
    const rig = await startBehind(
      `HTTP/1.1 ${status} Odd\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\nwhy`,
    )
    const response = await ask(rig)
    expect([response.status, response.field('retry-after'), response.body]).toEqual([
      status,
      '7',
      'why',
    ])
  })

  test('to HEAD has the length of the body, and no body', async () => {
    const rig = await startBehind('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
    const response = await ask(rig, 'HEAD /pub/bad HTTP/1.1')
    expect(response.field('content-length')).toBe('1000')
    expect(response.body).toBe('')
  })

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello', undefined],
    ['304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '5'],
  ])('with status %s has no body', async (_status, bytes, length) => {
    const rig = await startBehind(bytes)
    const response = await ask(rig)
    expect(response.field('content-length')).toBe(length)
    expect(response.field('transfer-encoding')).toBeUndefined()
    expect(response.body).toBe('')
    await expectUnpoisoned(rig)
  })

  test('is told after the hints that came before it, as far as they are links', async () => {
    const hints =
      'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload, </b>\r\nX-Onedata-Subject-Id: bob\r\nX-A: b\r\n\r\n'
    const odd = 'HTTP/1.1 103 Early Hints\r\nLink: no link\r\n\r\nHTTP/1.1 104 Other\r\n\r\n'
    const rig = await startBehind(`${hints}${odd}HTTP/1.1 102 Processing\r\n\r\n${OK}`)
    const response = await ask(rig)
    expect([response.status, ...response.fields]).toEqual([
      103,
      ['link', '</a>; rel=preload, </b>'],
    ])
    const [second, last, ...rest] = response.body.split(/(?=HTTP\/1\.1 )/)
    expect(second).toBe('HTTP/1.1 102 Processing\r\n\r\n')
    expect(last).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/)
    expect(rest).toEqual([])
  })

  test('comes without hints over HTTP/1.1, unless the route wants them', async () => {
    const hints = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
    const rig = await startBehind(hints + OK, false)
    const { status, body } = await ask(rig)
    expect([status, body]).toEqual([200, 'ok'])
  })

  test('is the one that counts, however many hints come before it', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
    const rig = await startBehind(hints.repeat(40) + OK)
    const { status, body } = await ask(rig)
    expect(status).toBe(103)
    expect(body.match(/HTTP\/1\.1 \d+/g)).toEqual([
      ...Array<string>(15).fill('HTTP/1.1 103'),
      'HTTP/1.1 200',
    ])
    const client = await openRawClient(rig.port)
    client.send(`GET /pub/bad HTTP/1.0\r\n${H}\r\n`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('without a length ends with the connection, and so does what the client gets', async () => {
    const rig = await startBehind((_request, socket) =>
      socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'),
    )
    const response = await ask(rig)
    expect(response.field('transfer-encoding')).toBeUndefined()
    expect(response.field('connection')).toBe('close')
    expect(response.body).toBe('all of it')
  })

  test('in chunks is framed anew, without extensions and trailers', async () => {
    const rig = await startBehind(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n5;ext=1\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
    )
    const response = await ask(rig)
    expect(response.body).toBe('5\r\nhello\r\n0\r\n\r\n')
    expect(response.field('trailer')).toBeUndefined()
  })
})

describe('S-105 an upstream that speaks no proper HTTP', () => {
  test.each([
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['folded fields', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok'],
    ['a carriage return in a value', 'HTTP/1.1 200 OK\r\nX-A: b\rc\r\nContent-Length: 2\r\n\r\nok'],
    ['NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\nok'],
    [
      'a 101 that nobody asked for',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['garbage', 'SSH-2.0-OpenSSH_9.6\r\n'],
    [
      'a field of 70 kB',
      `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}\r\nContent-Length: 2\r\n\r\nok`,
    ],
  ])('%s is told as 502, and hurts nobody else', async (_what, bytes) => {
    const rig = await startBehind(bytes)
    const response = await ask(rig)
    expect(response.status).toBe(502)
    expect(JSON.parse(response.body)).toMatchObject({ code: 'upstream_unreachable' })
    await expectUnpoisoned(rig)
  })

  test('a 100 that nobody asked for is left out, and hurts nobody else', async () => {
    const rig = await startBehind(`HTTP/1.1 100 Continue\r\n\r\n${OK}`)
    expect(await ask(rig)).toMatchObject({ status: 200, body: 'ok' })
    await expectUnpoisoned(rig)
  })

  test.each([
    ['more than its length', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    ['a second response', OK + OK],
  ])('S-106 %s is nobody else’s answer', async (_what, bytes) => {
    const rig = await startBehind(bytes)
    expect((await ask(rig)).body).toBe('ok')
    await expectUnpoisoned(rig)
  })

  test('S-106 bytes that it sends while idle are nobody’s answer', async () => {
    const rig = await startBehind((_request, socket) => {
      socket.write(OK)
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 5)
    })
    expect((await ask(rig)).body).toBe('ok')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await expectUnpoisoned(rig)
  })
})

describe('S-107 S-201 a response that is cut short', () => {
  test.each([
    ['by length, FIN', 'Content-Length: 10\r\n\r\nhello', 'fin'],
    ['by length, RST', 'Content-Length: 10\r\n\r\nhello', 'rst'],
    ['within a chunk', 'Transfer-Encoding: chunked\r\n\r\na\r\nhello', 'fin'],
    ['before the last chunk', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'fin'],
    [
      'by length, RST, Connection: close',
      'Connection: close\r\nContent-Length: 10\r\n\r\nhello',
      'rst',
    ],
  ])('%s never looks complete', async (_how, rest, end) => {
    let cut = (): void => {}
    const rig = await startBehind((_request, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${rest}`)
      cut = () => void (end === 'rst' ? socket.resetAndDestroy() : socket.end())
    })
    const outcome = await new Promise<string>((resolve) => {
      const request = httpRequest(`${rig.url}/pub/bad`, (response) => {
        response.once('data', () => cut())
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        response.on('end', () => resolve('complete'))
      })
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      request.end()
    })
    expect(outcome).toBe('ECONNRESET')
    await expectUnpoisoned(rig)
    expect(rig.upstreamEvents[0]).toEqual({ routeId: 'route-0', outcome: 'unreachable' })
    expect(rig.requestEvents[0]).toMatchObject({ status: 200, completed: false })
  })

  test('to an HTTP/1.0 client ends with a reset, since an ordinary end would mean complete', async () => {
    let cut = (): void => {}
    const rig = await startBehind((_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      cut = () => void socket.end()
    })
    const client = await openRawClient(rig.port)
    client.send(`GET /pub/bad HTTP/1.0\r\n${H}\r\n`)
    await client.until('hello')
    cut()
    await client.closed()
    expect(client.ended()).toBe('reset')
  })
})
