import { describe, expect, test } from 'vitest'

import { AUTHENTICATED } from '../helpers/proxy-rig.ts'
import { refusedFraming, refusedPaths, SMUGGLED } from '../helpers/refused-requests.ts'
import { expectForwarded, expectRefusal, startBench } from '../helpers/proxy-rows.ts'

const H = 'Host: gw.test\r\n'
const A = AUTHENTICATED
const PATHS = refusedPaths(A)
const FRAMING = refusedFraming(A)

describe('a request that can be read in two ways', () => {
  test.each(PATHS)('%s is refused before anybody decides', async (_id, bytes, status) => {
    const bench = await startBench()
    await expectRefusal(bench, bytes, status)
  })

  test.each(PATHS)(
    '%s is refused as well where a route takes everything',
    async (_id, bytes, status) => {
      const bench = await startBench([{ path: '/**', policy: { token: 'none' } }])
      await expectRefusal(bench, bytes, status)
    },
  )

  test.each(FRAMING)('%s is refused', async (_id, bytes, status) => {
    const bench = await startBench()
    const before = bench.rig.verifications()
    await expectRefusal(bench, bytes, status)
    expect(bench.rig.verifications() - before).toBeLessThanOrEqual(2)
  })

  test('names no more than 200 fields, and no fewer', async () => {
    const bench = await startBench()
    await expectForwarded(bench, `GET /pub/x HTTP/1.1\r\n${H}${'a:b\r\n'.repeat(199)}\r\n`)
  })

  test('S-053 a target of 16 384 bytes is not too long', async () => {
    const bench = await startBench()
    const target = `/pub/${'a'.repeat(16_379)}`
    const request = await expectForwarded(bench, `GET ${target} HTTP/1.1\r\n${H}\r\n`)
    expect(request.line).toBe(`GET ${target} HTTP/1.1`)
  })

  test('S-145 a refusal of a method names those that are carried', async () => {
    const bench = await startBench()
    const response = await expectRefusal(
      bench,
      `TRACE /app/x HTTP/1.1\r\n${A}X-C: canary\r\n\r\n`,
      405,
    )
    expect(response.field('allow')).toContain('GET')
    expect(response.body).not.toContain('canary')
  })
})

describe('a request that can be read in one way', () => {
  test.each([
    ['S-043 dots in a query', '/pub?../../app'],
    ['S-043 escaped dots in a query', '/pub/?x=%2e%2e/'],
    ['S-049 an empty query', '/pub/x?'],
    ['S-049 two question marks', '/pub/x??'],
    ['S-049 repeated parameters', '/pub/x?a=1&a=2&a[]=%zz&b={"c":"\\d"}'],
    ['S-048 the prefix itself', '/pub'],
    ['S-048 the prefix with a slash', '/pub/'],
    ['S-033 a per cent sign in a file name', '/pub/100%25.txt'],
    ['an escaped slash in a file name', '/pub/a%2Fb'],
    ['S-032 an escaped backslash', '/pub/%5c'],
    ['S-035 two slashes', '/pub//x'],
    ['S-036 parameters', '/pub/x;jsessionid=1'],
    ['S-045 no UTF-8', '/pub/%ff%E9'],
    ['what browsers leave as it is', '/pub/report[1].pdf;"<>^`{|}\''],
    ['an escaped semicolon in a file name', '/pub/a%3Bb'],
    ['an escaped letter in a file name', '/pub/%61'],
    ['an escaped fragment sign in a file name', '/pub/a%23b'],
    ['UTF-8 in a file name', '/pub/%C3%A9%20t%c3%a9'],
    ['S-125 a URL as path', '/pub/http:/canary/@canary/'],
  ])('%s is forwarded byte by byte', async (_id, target) => {
    const bench = await startBench()
    const request = await expectForwarded(bench, `GET ${target} HTTP/1.1\r\n${H}\r\n`)
    expect(request.line).toBe(`GET ${target} HTTP/1.1`)
  })

  test.each([
    ['S-068 a length with a leading zero', 'Content-Length: 010\r\n', '0123456789', '10'],
    ['S-073 chunks in mixed case', 'Transfer-Encoding: ChuNKeD\r\n', '3\r\nabc\r\n0\r\n\r\n', null],
    [
      'S-078 a chunk extension',
      'Transfer-Encoding: chunked\r\n',
      '3;a=b\r\nabc\r\n0\r\n\r\n',
      null,
    ],
  ])('%s is framed anew', async (_id, fields, body, length) => {
    const bench = await startBench()
    const request = await expectForwarded(bench, `POST /pub/x HTTP/1.1\r\n${H}${fields}\r\n${body}`)
    expect(request.values('content-length')).toEqual(length === null ? [] : [length])
    expect(request.values('transfer-encoding')).toEqual(length === null ? ['chunked'] : [])
    expect(request.body).toBe(length === null ? 'abc' : '0123456789')
    expect(bench.upstream.bytes.join('')).not.toContain('a=b')
  })

  test.each(['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])(
    'S-086 the body of %s is a body, never a request',
    async (method) => {
      const bench = await startBench()
      const request = await expectForwarded(
        bench,
        `${method} /pub/x HTTP/1.1\r\n${H}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      )
      expect(request.body).toBe(SMUGGLED)
      expect(bench.upstream.requests.length).toBe(1)
    },
  )

  test.each([
    ['S-058 upper case', 'GW.TEST', 'gw.test'],
    ['S-058 a final dot', 'gw.test.', 'gw.test'],
    ['S-058 a port', 'gw.test:8443', 'gw.test:8443'],
    ['S-058 a final dot and a port', 'Gw.Test.:8443', 'gw.test:8443'],
    ['S-058 IPv6', '[::1]:8080', '[::1]:8080'],
    ['S-058 an A-label', 'XN--BCHER-KVA.test', 'xn--bcher-kva.test'],
  ])('%s in Host is no reason to refuse, and one spelling is sent on', async (_id, sent, name) => {
    const bench = await startBench()
    const request = await expectForwarded(bench, `GET /pub/x HTTP/1.1\r\nHost: ${sent}\r\n\r\n`)
    expect(request.values('host')).toEqual([name])
    expect(request.values('x-forwarded-host')).toEqual([name])
  })

  test.each([
    ['S-024 an unknown protocol', 'Connection: upgrade\r\nUpgrade: foo\r\n'],
    [
      'S-096 h2c',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n',
    ],
    ['S-138 a WebSocket, or else', 'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'],
    ['S-138 two protocols', 'Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n'],
    ['S-138 the same twice', 'Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n'],
    ['S-138 a WebSocket, without Connection', 'Upgrade: websocket\r\n'],
  ])('%s is not upgraded to', async (_id, fields) => {
    const bench = await startBench()
    const request = await expectForwarded(bench, `GET /pub/x HTTP/1.1\r\n${H}${fields}\r\n`)
    expect(request.values('upgrade')).toEqual([])
    expect(request.values('http2-settings')).toEqual([])
    expect(request.values('connection')).toEqual(['keep-alive'])
  })
})
