/**
 * Requests that are refused before anybody decides, each by the number of its case.
 *
 * @module
 */

/** Number, request, status. */
export type RefusedRow = [id: string, bytes: string, status: number | number[]]

const H = 'Host: gw.test\r\n'

/** A request that would be answered 200 if the one before it were taken for shorter than it is. */
export const SMUGGLED = `GET /pub/smuggled HTTP/1.1\r\n${H}\r\n`

/** @param A Fields of a request that would pass: `Host` and a good token. */
export function refusedPaths(A: string): RefusedRow[] {
  const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${A}\r\n`

  return [
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
}

/** @param A As above. */
export function refusedFraming(A: string): RefusedRow[] {
  const chunked = (coding: string, body = '0\r\n\r\n'): string =>
    `POST /app/x HTTP/1.1\r\n${A}Transfer-Encoding:${coding}\r\n\r\n${body}`
  const length = (value: string): string =>
    `POST /app/x HTTP/1.1\r\n${A}Content-Length:${value}\r\n\r\nabc`
  const field = (line: string): string => `GET /app/x HTTP/1.1\r\n${A}${line}\r\n\r\n`
  const host = (lines: string): string =>
    `GET /pub/x HTTP/1.1\r\n${lines}Authorization: Bearer x\r\n\r\n`

  return [
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
    [
      'S-094 HTTP/2.0 with a length',
      `POST /app/x HTTP/2.0\r\n${A}Content-Length: 3\r\n\r\nabc`,
      400,
    ],
    ['S-094 HTTP/0.9', `GET /app/x HTTP/0.9\r\n${A}\r\n`, 400],
    ['S-094 lower case', `GET /app/x http/1.1\r\n${A}\r\n`, 400],
    ['S-094 RTSP/1.0', `GET /app/x RTSP/1.0\r\n${A}\r\n`, 400],
    [
      'S-094 RTSP/1.0 with a length',
      `POST /app/x RTSP/1.0\r\n${A}Content-Length: 3\r\n\r\nabc`,
      400,
    ],
    ['S-094 a method of RTSP', `DESCRIBE /app/x RTSP/1.0\r\n${A}\r\n`, 400],
    ['S-094 ICE/1.0', `SOURCE /app/x ICE/1.0\r\n${A}\r\n`, 400],
    ['S-094 another version than there is', `GET /app/x HTTP/4294967295.255\r\n${A}\r\n`, 400],
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
}
