import { readPlainHead } from '../../src/listener/plain-head.ts'
import type { Incoming } from '../../src/listener/index.ts'
import type { RequestRecord, RequestRefusal } from '../../src/routing/index.ts'
import { createRouter, isRefusal, recordOf } from '../../src/routing/index.ts'
import { expectThat } from './expect-that.ts'
import { readMessage } from './parser.ts'
import type { Target } from './target.ts'

const ROUTER = createRouter([
  { id: 'public', path: '/pub/**' },
  { id: 'hosted', path: '/app/**', hosts: ['gw.test', '*.example.org'] },
  { id: 'exact', path: '/exact' },
  { id: 'named', path: '/users/:id/files', methods: ['GET'] },
  { id: 'taken', path: '/base/**', stripPrefix: '/base' },
])

const get = (target: string, fields = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: gw.test\r\n${fields}\r\n`

/** Heads and targets of requests: the fast lane's reading against that of Node's parser, and the record of both. */
export const requestTarget: Target = {
  name: 'request',
  corpus: [
    get('/app/x'),
    get('/pub/a/b?x=1&y=/../'),
    get('/users/alice/files', 'Authorization: Bearer abc\r\n'),
    get('/base/x', 'Connection: keep-alive, x-custom\r\nX-Custom: 1\r\n'),
    get('http://gw.test/app/x'),
    get('/exact', 'X-Forwarded-For: 1.2.3.4\r\nCookie: a=b\r\nAccept: */*\r\n'),
    'POST /app/x HTTP/1.1\r\nHost: a.example.org:8080\r\nContent-Length: 3\r\n\r\nabc',
    'POST /pub/x HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
    'HEAD /pub/%C3%A9 HTTP/1.0\r\n\r\n',
    'PUT /app/x HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n',
  ],
  words: [
    'Content-Length: 3\r\n',
    'Content-Length',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding',
    'Host: other\r\n',
    'Host',
    'Connection: ',
    'close',
    'Upgrade: websocket\r\n',
    'Expect: ',
    'GET ',
    'POST ',
    ' HTTP/1.1\r\n',
    'HTTP/1.0',
    'RTSP/1.0',
    '/app/',
    '/pub/',
    '/../',
    '/./',
    '//',
    '%2f',
    '%252e',
    ';x=y',
    '?',
    'xn--',
    '127.1',
  ],
  run(text) {
    const plain = readPlainHead(text)
    const read = readMessage(text, 'request')
    if (plain !== null && text.length >= plain.bodyStart + plain.bodyLength) {
      // What follows may be malformed: the lane looks at it later.
      const own = readMessage(text.slice(0, plain.bodyStart + plain.bodyLength), 'request')
      expectThat(own !== null && own.complete, 'the lane reads what the parser refuses')
      expectThat(own.method === plain.method && own.url === plain.url, 'another request line')
      expectThat(own.version === '1.1', 'another version')
      expectThat(sameTexts(own.rawHeaders, plain.rawHeaders), 'other fields')
      expectThat(own.body.length === plain.bodyLength, 'another body')
    }
    const found = plain ?? read
    if (found === null) return 'no request'
    const { method, url, rawHeaders } = found
    const httpVersion = plain === null ? (read?.version ?? '') : '1.1'
    const incoming = { method, url, rawHeaders: [...rawHeaders], httpVersion, complete: true }
    const record = recordOf(incoming as unknown as Incoming)
    if ('code' in record) return refusal(record)
    checkRecord(record)
    const route = ROUTER.routeOf(record)
    if (isRefusal(route)) return refusal(route)
    return `${plain === null ? 'parsed' : 'plain'}, route ${route?.id ?? 'none'}`
  },
}

function refusal({ code, detail = '' }: RequestRefusal): string {
  return `refused: ${code} ${detail.replace(/\d+/g, 'N').slice(0, 70)}`
}

/** What nothing behind the record looks at again. */
function checkRecord({ method, path, query, host, hostName, bodyLength }: RequestRecord): void {
  expectThat(/^[A-Z-]+$/.test(method), 'an odd method')
  expectThat(/^(?:\/[!-~]*|\*)$/.test(path) && !/[?#\\]/.test(path), 'an odd path')
  expectThat(!/(?:^|\/)(?:\.|%2e){2}(?:\/|$)/i.test(path), 'a path with a way up')
  expectThat(query === '' || /^\?[!-~]*$/.test(query), 'an odd query')
  expectThat(!query.includes('#'), 'a fragment in a query')
  expectThat(host === host.toLowerCase() && !/[\s/?#@,]/.test(host), 'an odd host')
  expectThat(host.startsWith(hostName), 'a host of another name')
  expectThat(bodyLength === null || Number.isSafeInteger(bodyLength), 'an odd length')
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at])
}
