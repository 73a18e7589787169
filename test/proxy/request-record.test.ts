import { describe, expect, test } from 'vitest'

import { AUTHENTICATED } from '../helpers/proxy-rig.ts'
import { expectForwarded, expectRefusal, startBench } from '../helpers/proxy-rows.ts'

const H = 'Host: gw.test\r\n'
const A = AUTHENTICATED

/** A request that would be answered 200 if the one before it were taken for shorter than it is. */
const SMUGGLED = `GET /pub/smuggled HTTP/1.1\r\n${H}\r\n`

/** Number, request, status. */
type Row = [id: string, bytes: string, status: number | number[]]

const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${A}\r\n`

const PATHS: Row[] = [
  ['S-030 dot segments', get('/pub/../app/x'), 400],
  ['S-031 escaped dots', get('/pub/%2e%2e/app/x'), 400],
  ['S-031 half-escaped dots', get('/pub/.%2E/app/x'), 400],
  ['S-032 escaped slash after dots', get('/pub/..%2fapp/x'), 400],
  ['S-033 double escapes', get('/pub/%252e%252e/app'), 400],
  ['S-033 double escape of a letter', get('/%2561pp/x'), 400],
  ['S-034 a dot segment first', get('/./app/x'), 400],
  ['S-034 a dot segment last', get('/app/..'), 400],
  ['S-035 two slashes first', get('//app/x'), 400],
  ['S-035 an authority', get('//127.0.0.1:80/x'), 400],
  ['S-036 parameters', get('/app;a=b/x'), 400],
  ['S-036 parameters after dots', get('/pub/..;/app/x'), 400],
  ['S-038 an escaped letter', get('/%61pp/x'), 400],
  ['S-039 an escaped slash', get('/app%2fx'), 400],
  ['S-039 an escaped slash, upper case', get('/app%2Fx'), 400],
  ['S-032 an escaped backslash after dots', get('/pub/..%5capp/x'), 400],
  ['S-035 two slashes before dots', get('/pub//../app/x'), 400],
  ['S-036 parameters of dots, escaped', get('/pub/%2e%2e;x=y/app/x'), 400],
  ['S-036 parameters without a name', get('/app;'), 400],
  ['S-040 an escaped NUL', get('/app%00/x'), 400],
  ['S-040 escaped line ends', get('/app/x%0d%0aX: y'), 400],
  ['S-040 an escaped DEL', get('/app/%7f'), 400],
  ['S-041 a fragment', get('/pub#/../app'), 400],
  ['S-044 backslashes', get('/pub\\..\\app'), 400],
  ['S-045 overlong UTF-8', get('/pub/%c0%af../app'), 400],
  ['S-046 no escape', get('/pub/%zz'), 400],
  ['S-046 half an escape', get('/pub/a%2'), 400],
  ['S-047 raw UTF-8', get('/pub/\xc3\xa9'), 400],
  ['S-050 absolute form, other host', get('http://evil/pub/x'), 400],
  ['S-050 absolute form, odd', get('http:/pub'), 400],
  ['S-051 asterisk', get('*'), 400],
  ['S-052 an authority with GET', get('evil:80'), 400],
  ['S-052 an authority with CONNECT', `CONNECT evil:80 HTTP/1.1\r\n${A}\r\n`, 405],
  ['S-053 a target of 16 385 bytes', get(`/pub/${'a'.repeat(16_380)}`), 414],
]

const chunked = (coding: string, body = '0\r\n\r\n'): string =>
  `POST /app/x HTTP/1.1\r\n${A}Transfer-Encoding:${coding}\r\n\r\n${body}`
const length = (value: string): string =>
  `POST /app/x HTTP/1.1\r\n${A}Content-Length:${value}\r\n\r\nabc`
const field = (line: string): string => `GET /app/x HTTP/1.1\r\n${A}${line}\r\n\r\n`
const host = (lines: string): string =>
  `GET /pub/x HTTP/1.1\r\n${lines}Authorization: Bearer x\r\n\r\n`

const FRAMING: Row[] = [
  [
    'S-065 length and chunks',
    `POST /app/x HTTP/1.1\r\n${A}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  ['S-066 equal lengths', length(' 3\r\nContent-Length: 3'), 400],
  ['S-066 unequal lengths', length(' 3\r\nContent-Length: 30'), 400],
  ['S-066 a list of lengths', length(' 3, 3'), 400],
  ['S-067 a signed length', length(' +3'), 400],
  ['S-067 a negative length', length(' -1'), 400],
  ['S-067 a hexadecimal length', length(' 0x3'), 400],
  ['S-067 a length with underscore', length(' 3_0'), 400],
  ['S-067 a length with letters', length(' 1Z'), 400],
  ['S-067 an empty length', length(''), 400],
  ['S-067 a huge length', length(' 9223372036854775808'), 400],
  ['S-067 an overflowing length', length(' 18446744073709551619'), 400],
  ['S-069 a space before the colon', field('Content-Length : 3'), 400],
  ['S-069 an 8-bit name', field('Content-Length\x85: 3'), 400],
  ['S-070 Content_Length', field('Content_Length: 5'), 400],
  [
    'S-070 Transfer_Encoding',
    `POST /app/x HTTP/1.1\r\n${A}Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc`,
    400,
  ],
  ['S-070 Transfer.Encoding', field('Transfer.Encoding: chunked'), 400],
  ['S-071 xchunked', chunked(' xchunked'), [400, 501]],
  ['S-071 a vertical tab', chunked(' \x0bchunked'), [400, 501]],
  ['S-071 an 8-bit space', chunked(' \xa0chunked'), [400, 501]],
  ['S-071 identity', chunked(' identity'), [400, 501]],
  ['S-071 chunked first', chunked(' chunked, identity'), [400, 501]],
  ['S-071 a comma before', chunked(' ,chunked'), [400, 501]],
  ['S-071 chunked with parameters', chunked(' chunked;q=1'), [400, 501]],
  ['S-071 chunked twice', chunked(' chunked\r\nTransfer-Encoding: chunked'), [400, 501]],
  ['S-072 gzip, then chunks', chunked(' gzip, chunked'), 501],
  ['S-072 gzip', chunked(' gzip'), [400, 501]],
  ['S-074 a folded coding', chunked('\r\n chunked'), 400],
  ['S-074 a folded field', field('X-A: b\r\n c'), 400],
  [
    'S-075 chunks to HTTP/1.0',
    `POST /app/x HTTP/1.0\r\n${A}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['S-076 an empty coding', chunked(''), 400],
  ['S-077 a chunk size with prefix', chunked(' chunked', '0x1\r\na\r\n0\r\n\r\n'), 400],
  ['S-077 a negative chunk size', chunked(' chunked', '-1\r\na\r\n0\r\n\r\n'), 400],
  ['S-077 no chunk size', chunked(' chunked', '\r\na\r\n0\r\n\r\n'), 400],
  [
    'S-077 a chunk size of 17 digits',
    chunked(' chunked', `1${'0'.repeat(16)}\r\na\r\n0\r\n\r\n`),
    400,
  ],
  ['S-083 bare line feeds', `GET /app/x HTTP/1.1\n${A}\n\n`, 400],
  ['S-083 a bare carriage return in a value', field('X-A: b\rc'), 400],
  ['S-084 NUL in a value', field('X-A: b\0c'), 400],
  ['S-084 an empty name', field(': v'), 400],
  ['S-084 no colon', field('X-A'), 400],
  [
    'S-085 a length and chunks on GET',
    `GET /app/x HTTP/1.1\r\n${A}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'S-085 two lengths on GET',
    `GET /app/x HTTP/1.1\r\n${A}Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    400,
  ],
  [
    'S-093 another expectation first',
    `POST /app/x HTTP/1.1\r\n${A}Expect: y 100-continue\r\nContent-Length: 3\r\n\r\nabc`,
    417,
  ],
  [
    'S-093 two expectations',
    `POST /app/x HTTP/1.1\r\n${A}Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    417,
  ],
  ['S-093 an unknown expectation', field('Expect: foo'), 417],
  ['S-094 HTTP/1.2', `GET /app/x HTTP/1.2\r\n${A}\r\n`, 400],
  ['S-094 HTTP/2.0', `GET /app/x HTTP/2.0\r\n${A}\r\n`, 400],
  ['S-094 HTTP/2.0 with a length', `POST /app/x HTTP/2.0\r\n${A}Content-Length: 3\r\n\r\nabc`, 400],
  ['S-094 HTTP/0.9', `GET /app/x HTTP/0.9\r\n${A}\r\n`, 400],
  ['S-094 lower case', `GET /app/x http/1.1\r\n${A}\r\n`, 400],
  ['S-095 the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['S-097 no Host', host(''), 400],
  ['S-097 two Hosts', host(`${H}${H}`), 400],
  ['S-097 an empty Host', host('Host:\r\n'), 400],
  ['S-097 a list of Hosts', host('Host: a, b\r\n'), 400],
  ['S-097 a path in Host', host('Host: a/x\r\n'), 400],
  ['S-097 a query in Host', host('Host: a?\r\n'), 400],
  ['S-097 a fragment in Host', host('Host: a#\r\n'), 400],
  ['S-097 user information in Host', host('Host: u@a\r\n'), 400],
  ['S-097 a tab in Host', host('Host: a\tb\r\n'), 400],
  ['S-097 a port out of range', host('Host: a:99999\r\n'), 400],
  ['S-097 a port in another spelling', host('Host: a:080\r\n'), 400],
  ['S-097 an empty label', host('Host: a..b\r\n'), 400],
  ['S-097 a leading dot', host('Host: .a\r\n'), 400],
  ['S-097 two final dots', host('Host: a..\r\n'), 400],
  ['S-097 only a dot', host('Host: .\r\n'), 400],
  ['S-097 a label in Unicode', host('Host: b\xfccher.test\r\n'), 400],
  ['S-097 an A-label that is none', host('Host: xn--a.test\r\n'), 400],
  ['S-097 half an IPv6 address', host('Host: [::1\r\n'), 400],
  ['S-097 a shortened IPv4 address', host('Host: 127.1\r\n'), 400],
  ['S-097 a hexadecimal IPv4 address', host('Host: 0x7f.0.0.1\r\n'), 400],
  ['S-097 an uncompressed IPv6 address', host('Host: [0:0:0:0:0:0:0:1]\r\n'), 400],
  ['S-097 300 bytes of Host', host(`Host: ${'a'.repeat(300)}\r\n`), 400],
  ['S-097 H_ost in other words', host(`${H}Host_: a\r\nHOST: b\r\n`), 400],
  [
    'S-098 (CVE-2026-58044) a length behind 2 100 fields',
    `POST /pub/x HTTP/1.1\r\n${H}${'a:b\r\n'.repeat(2_100)}Content-Length: 3\r\n\r\nabc`,
    431,
  ],
  ['S-099 201 fields', `GET /pub/x HTTP/1.1\r\n${H}${'a:b\r\n'.repeat(200)}\r\n`, 431],
  ['S-099 a field of 33 kB', field(`X-A: ${'a'.repeat(33 * 1024)}`), 431],
  ['S-100 a token of 1 MiB', field(`X-Auth-Token: ${'a'.repeat(1024 * 1024)}`), 431],
  ['S-023 a Connection option with a space', field('Connection: bad name'), 400],
  ['S-023 a Connection option that is no token', field('Connection: ;'), 400],
  ['S-023 200 Connection options', field(`Connection: ${'a,'.repeat(200)}`), 400],
  ['S-023 8 kB of commas', field(`Connection: ${','.repeat(8_192)}`), 400],
  ['S-145 TRACE', `TRACE /app/x HTTP/1.1\r\n${A}\r\n`, 405],
  [
    'S-144 CONNECT behind a request',
    `CONNECT gw.test:80 HTTP/1.1\r\n${A}Content-Length: 3\r\n\r\nabc`,
    405,
  ],
]

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
