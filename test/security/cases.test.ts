import { afterAll, beforeAll, expect, test } from 'vitest'

import { confineToken } from '../../src/token/index.ts'
import { refusedFraming, refusedPaths } from '../helpers/refused-requests.ts'
import { withOneCharacterChanged } from '../helpers/tokens.ts'
import type { Outcome, SecurityBench } from './bench.ts'
import { startSecurityBench } from './bench.ts'
import { exchange } from './raw-exchange.ts'

// The cases of the security bar that one gateway process can show over raw sockets, each titled by its id. What they
// have in common is checked after each: the process lives, and no token is in anything that it wrote.

let bench: SecurityBench

beforeAll(async () => {
  bench = await startSecurityBench()
})
afterAll(() => bench.close())

interface Case {
  /** Ids of the bar, and what it is about. */
  readonly title: string
  readonly bytes: () => string | readonly string[]
  readonly status?: number | readonly number[]
  /** Of several responses. */
  readonly statuses?: readonly number[]
  /** @default 1 where it is let through, else 0 */
  readonly requestsUp?: number
  readonly upHas?: readonly (string | RegExp)[]
  readonly upLacks?: readonly (string | RegExp)[]
  readonly answerHas?: readonly (string | RegExp)[]
  readonly answerLacks?: readonly (string | RegExp)[]
  readonly questions?: number
  readonly port?: () => number
}

const H = 'Host: gw.test\r\n'
const a = (): string => bench.authenticated
const app = (fields = '', target = '/app/x'): string =>
  `GET ${target} HTTP/1.1\r\n${a()}${fields}\r\n`
const pub = (fields = '', target = '/pub/x'): string =>
  `GET ${target} HTTP/1.1\r\n${H}${fields}\r\n`
const withToken = (token: string): string =>
  `GET /app/x HTTP/1.1\r\n${H}X-Auth-Token: ${token}\r\n\r\n`
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
const protocolWith = (token: string): string =>
  `Sec-WebSocket-Protocol: onedata.token.${Buffer.from(token).toString('base64url')}, chat\r\n`
const onRoute = (path: string, token: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\n${H}X-Auth-Token: ${token}\r\n${fields}\r\n`
const interfaceToken = (): string =>
  confineToken(bench.token, [{ type: 'interface', interface: 'rest' }])
const OURS = 'X-Onedata-Subject-Id: alice'
const FORGED = 'EVILSUBJ'

const passes = (title: string, bytes: () => string, more: Partial<Case> = {}): Case => ({
  title,
  bytes,
  status: 200,
  upLacks: [FORGED],
  ...more,
})

const CASES: readonly Case[] = [
  passes('S-001 a forged identity field', () => app(`X-Onedata-Subject-Id: ${FORGED}\r\n`), {
    upHas: [OURS],
  }),
  passes('S-002 in another case', () => app(`x-ONEDATA-subject-ID: ${FORGED}\r\n`), {
    upHas: [OURS],
  }),
  passes('S-003 with underscores', () => app(`X_Onedata_Subject_Id: ${FORGED}\r\n`), {
    upHas: [OURS],
  }),
  passes('S-004 with some underscores', () => app(`X-Onedata_Subject-Id: ${FORGED}\r\n`), {
    upHas: [OURS],
  }),
  passes('S-005 with dots', () => app(`X.Onedata.Subject.Id: ${FORGED}\r\n`), { upHas: [OURS] }),
  ...['`', '!', '~', "'", '^', '|'].map((mark) =>
    passes(
      `S-006 with ${mark}`,
      () => app(`X${mark}Onedata${mark}Subject${mark}Id: ${FORGED}\r\n`),
      { upHas: [OURS] },
    ),
  ),
  passes('S-007 with every mark that a name may have', () =>
    app(
      [..."!#$%&'*+.^_`|~"].map((mark) => `x${mark}onedata${mark}token-id: ${FORGED}\r\n`).join(''),
    ),
  ),
  passes(
    'S-008 two of them',
    () => app(`X-Onedata-Subject-Id: ${FORGED}\r\nX-Onedata-Subject-Id: ${FORGED}2\r\n`),
    { upHas: [OURS] },
  ),
  passes(
    'S-009 one that the verdict has nothing for',
    () => app(`X-Onedata-Groups: ${FORGED}\r\n`),
    { upLacks: [FORGED, /onedata-groups/i] },
  ),
  passes('S-010 on a public route', () => pub(`X-Onedata-Subject-Id: ${FORGED}\r\n`), {
    upLacks: [FORGED, 'alice'],
  }),
  {
    title: 'S-011 on a preflight',
    bytes: () =>
      `OPTIONS /app/x HTTP/1.1\r\n${H}Origin: http://evil.test\r\nAccess-Control-Request-Method: PUT\r\nX-Onedata-Subject-Id: ${FORGED}\r\n\r\n`,
    status: 401,
  },
  {
    title: 'S-012 on the admin listener',
    port: () => bench.adminPort,
    bytes: () =>
      `GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Onedata-Subject-Id: ${FORGED}\r\n\r\n`,
    status: 200,
    requestsUp: 0,
  },
  passes(
    'S-013 in a trailer',
    () =>
      `POST /app/x HTTP/1.1\r\n${a()}Transfer-Encoding: chunked\r\nTrailer: X-Onedata-Subject-Id\r\n\r\n3\r\nabc\r\n0\r\nX-Onedata-Subject-Id: ${FORGED}\r\n\r\n`,
  ),
  passes(
    'S-014 other trailers',
    () =>
      `POST /app/x HTTP/1.1\r\n${a()}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nAuthorization: ${FORGED}\r\nX_Onedata_Subject_Id: ${FORGED}\r\n\r\n`,
  ),
  passes('S-015 identity fields of other systems', () =>
    app(
      [
        'Remote-User',
        'X-Remote-User',
        'X-Auth-Request-User',
        'OIDC_CLAIM_sub',
        'X-Forwarded-User',
        'X-Pomerium-Claim-Email',
      ]
        .map((name) => `${name}: ${FORGED}\r\n`)
        .join(''),
    ),
  ),
  passes('S-016 the credential is consumed', () => withToken(bench.token), {
    upHas: [OURS],
    upLacks: [/x-auth-token/i],
  }),
  {
    title: 'S-017 two credentials',
    bytes: () => app(`X-Auth-Token: ${bench.newToken()}\r\n`),
    status: 400,
    questions: 0,
  },
  {
    title: 'S-018 one credential in two places is one, and consumed in both',
    bytes: () => app(`X-Auth-Token: ${bench.token}\r\n`),
    status: 200,
    upHas: [OURS],
    upLacks: [/x-auth-token/i, /authorization/i],
  },
  {
    title: 'S-019 Authorization twice',
    bytes: () => app(`Authorization: Bearer ${bench.token}\r\n`),
    status: 400,
    questions: 0,
  },
  passes(
    'S-020 Connection names an identity field',
    () => app('Connection: X-Onedata-Subject-Id\r\n'),
    { upHas: [OURS] },
  ),
  passes(
    'S-021 Connection names what the gateway needs',
    () => app('Connection: x-onedata-subject-id, X-Forwarded-For, Host, Authorization\r\n'),
    { upHas: [OURS, /x-forwarded-for: 127\.0\.0\.1/i, /^host: /im] },
  ),
  passes(
    'S-022 Connection names a field of its own',
    () => app('Connection: keep-alive, X-Custom\r\nX-Custom: 1\r\n'),
    { upHas: [OURS], upLacks: [/x-custom/i] },
  ),
  passes(
    'S-024 fields of one hop',
    () => app('Proxy-Connection: x\r\nKeep-Alive: x\r\nTE: trailers\r\n'),
    { upLacks: [/proxy-connection/i, /keep-alive: x/i, /^te:/im] },
  ),
  passes('S-025 a field that the upstream nominates', () => pub('', '/pub/answer/nominated'), {
    answerLacks: ['X-Secret'],
  }),
  passes('S-026 identity in a response', () => pub('', '/pub/answer/identity'), {
    answerLacks: ['X-Onedata-Subject-Id'],
  }),
  passes(
    'S-027 names of prototypes',
    () => app('__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\ntoString: q\r\n'),
    { upHas: [OURS] },
  ),
  { title: 'S-037 another case of a path', bytes: () => app('', '/APP/x'), status: 404 },
  {
    title: 'S-042 a public path in the query',
    bytes: () => pub('', '/app/x?y=/pub/'),
    status: 401,
  },
  passes('S-043 dots in a query', () => pub('', '/pub/x?../../app'), {
    upHas: ['GET /pub/x?../../app HTTP/1.1'],
  }),
  { title: 'S-048 a path that begins alike', bytes: () => pub('', '/public'), status: 404 },
  ...['?', '??', '?a=1&a=2', '?a[]=1', '?x=%2e%2e/'].map((query) =>
    passes(`S-049 the query ${query} stays`, () => pub('', `/pub/x${query}`), {
      upHas: [`GET /pub/x${query} HTTP/1.1`],
    }),
  ),
  {
    title: 'S-054 thousands of segments',
    bytes: () => pub('', `/nothing${'/a'.repeat(7_000)}`),
    status: [404, 414],
  },
  passes(
    'S-055 fields that rewrite targets',
    () => app('X-Original-URL: /pub\r\nX-Rewrite-URL: /pub\r\nX-Forwarded-Uri: /pub\r\n'),
    { upLacks: [/x-original-url/i, /x-rewrite-url/i, /x-forwarded-uri/i] },
  ),
  {
    title: 'S-056 a method in a field',
    bytes: () =>
      `POST /admin/x HTTP/1.1\r\n${a()}X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n`,
    status: 403,
  },
  {
    title: 'S-057 the user agent of a probe',
    bytes: () => `GET /app/x HTTP/1.1\r\n${H}User-Agent: kube-probe/1.30\r\n\r\n`,
    status: 401,
  },
  ...['GW.TEST', 'gw.test.', 'gw.test:443'].map((host) =>
    passes(`S-058 Host: ${host}`, () => `GET /hosted/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  ),
  {
    title: 'S-058 another host',
    bytes: () => 'GET /hosted/x HTTP/1.1\r\nHost: other.test\r\n\r\n',
    status: 404,
  },
  passes('S-061 a base path', () => pub('', '/base/x'), { upHas: ['GET /inner/base/x HTTP/1.1'] }),
  { title: 'S-061 out of a base path', bytes: () => pub('', '/base/../x'), status: 400 },
  {
    title: 'S-068 a length with a leading zero',
    bytes: () => `POST /pub/x HTTP/1.1\r\n${H}Content-Length: 03\r\n\r\nabc`,
    status: [200, 400],
  },
  passes(
    'S-073 chunked in any case',
    () => `POST /pub/x HTTP/1.1\r\n${H}Transfer-Encoding: ChuNKeD\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    { upHas: ['abc'] },
  ),
  passes(
    'S-078 a chunk extension',
    () => `POST /pub/x HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n`,
    { upLacks: ['a=b'] },
  ),
  {
    title: 'S-079 a bare line feed in a chunk extension',
    bytes: () =>
      `POST /pub/x HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n`,
    status: 400,
    requestsUp: -1,
  },
  {
    title: 'S-080 a megabyte of chunk extensions',
    bytes: () =>
      `POST /pub/x HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n${`1;${'e'.repeat(100)}\r\nx\r\n`.repeat(10_000)}0\r\n\r\n`,
    status: 400,
    requestsUp: 1,
  },
  {
    title: 'S-081 no line end behind a chunk',
    bytes: () =>
      `POST /pub/x HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n`,
    status: 400,
    requestsUp: -1,
  },
  {
    title: 'S-086 a body of DELETE is one',
    bytes: () =>
      `DELETE /pub/x HTTP/1.1\r\n${H}Content-Length: 33\r\n\r\nGET /admin/x HTTP/1.1\r\nHost: a\r\n\r\n`,
    statuses: [200],
    requestsUp: -1,
  },
  {
    title: 'S-087 two requests at once have two verdicts',
    bytes: () => `POST /app/x HTTP/1.1\r\n${H}Content-Length: 2\r\n\r\nok${app('', '/admin/x')}`,
    statuses: [401, 403],
  },
  {
    title: 'S-089 a body that is longer than it says',
    bytes: () => `POST /pub/x HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabcX /evil\r\n\r\n`,
    statuses: [200, 400],
    requestsUp: 1,
  },
  {
    title: 'S-092 Expect without a token',
    bytes: () => `POST /app/x HTTP/1.1\r\n${H}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    statuses: [401],
  },
  passes(
    'S-096 h2c',
    () =>
      pub(
        'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n',
      ),
    { status: [200, 400], requestsUp: -1, upLacks: [/http2-settings/i, /upgrade/i] },
  ),
  passes('S-101 line ends before a request', () => `\r\n\r\n${pub()}`),
  {
    title: 'S-103 what follows Connection: close',
    bytes: () => pub('Connection: close\r\n') + pub(),
    statuses: [200],
  },
  {
    title: 'S-104 many requests at once stay in order',
    bytes: () => pub().repeat(100),
    statuses: Array(100).fill(200),
    requestsUp: 100,
  },
  ...['twice', 'both', 'garbage', 'folded', 'unasked'].map((odd): Case => ({
    title: `S-105 R-U7 an upstream answers ${odd}`,
    bytes: () => pub('', `/pub/answer/${odd}`),
    status: 502,
    requestsUp: -1,
  })),
  passes('S-109 X-Forwarded-For of a stranger', () => app('X-Forwarded-For: 10.0.0.9\r\n'), {
    upHas: [/x-forwarded-for: 127\.0\.0\.1\r/i],
    upLacks: ['10.0.0.9'],
  }),
  ...['unknown', '_hidden', '1.1.1.256', '::ffff:1.2.3.4', '0x7f.1', '2130706433'].map((text) =>
    passes(`S-112 X-Forwarded-For: ${text}`, () => app(`X-Forwarded-For: ${text}\r\n`), {
      upLacks: [text],
    }),
  ),
  passes(
    'S-113 addresses in other fields',
    () => app('X-Real-IP: 10.0.0.9\r\nTrue-Client-IP: 10.0.0.9\r\nCF-Connecting-IP: 10.0.0.9\r\n'),
    { upLacks: ['10.0.0.9'] },
  ),
  passes(
    'S-114 Forwarded',
    () => app('Forwarded: for="[2001:db8::1]:4711";proto=https;host=evil\r\n'),
    { upLacks: ['2001:db8', 'evil'] },
  ),
  passes(
    'S-115 X-Forwarded-Proto',
    () => app('X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n'),
    { upHas: [/x-forwarded-proto: http\r/i] },
  ),
  passes(
    'S-116 other forwarded fields',
    () =>
      app(
        'X-Forwarded-Host: evil\r\nX-Forwarded-Prefix: /evil\r\nX_Forwarded_Proto: evil\r\nX.Forwarded.Host: evil\r\n',
      ),
    { upLacks: ['evil'] },
  ),
  passes('S-126 a redirect is not followed', () => pub('', '/pub/answer/redirect'), {
    status: 302,
    answerHas: ['Location: http://evil.test/'],
  }),
  {
    title: 'S-132 a WebSocket without a token',
    bytes: () =>
      `GET /app/ws HTTP/1.1\r\n${H}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    status: 401,
  },
  {
    title: 'S-133 an upgrade to something else',
    bytes: () => app('Connection: Upgrade\r\nUpgrade: foo\r\n'),
    status: [400, 200],
    requestsUp: -1,
    upLacks: [/upgrade/i],
  },
  ...['169.254.169.254', 'localhost:6379', 'evilgw.test', 'gw.test.evil'].map((host): Case => ({
    title: `S-123 Host: ${host} leads nowhere`,
    bytes: () => `GET /hosted/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    status: [404, 421],
  })),
  ...['/http://canary/', '/@canary/', '//127.0.0.1:1/x'].map((target): Case => ({
    title: `S-125 the target ${target} names no server`,
    bytes: () => app('', target),
    status: [400, 404],
  })),
  {
    title: 'S-124 an absolute target of another server',
    bytes: () => `GET http://127.0.0.1:1/app/x HTTP/1.1\r\n${a()}\r\n`,
    status: 400,
  },
  {
    title: 'S-124 (CVE-2026-44578) the same with an upgrade',
    bytes: () => `GET http://127.0.0.1:1/app/x HTTP/1.1\r\n${a()}${HANDSHAKE}\r\n`,
    status: 400,
  },
  ...['/metrics', '/livez', '/readyz', '/explain', '/state'].map((target): Case => ({
    title: `S-129 ${target} is not where clients are served`,
    bytes: () => app('', target),
    status: 404,
  })),
  ...['redirect', 'rd', 'next'].map((name): Case => ({
    title: `S-130 ${name} in a query redirects nowhere`,
    bytes: () => pub('', `/app/x?${name}=http://evil.test/`),
    status: 401,
    answerLacks: [/^location:/im, 'evil.test'],
  })),
  {
    title: 'S-122 a head of the PROXY protocol where none is spoken',
    bytes: () => `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${pub()}`,
    status: 400,
  },
  ...['h2c', 'TLS/1.0', 'foo', 'websocket, h2c', 'websocket\r\nUpgrade: h2c'].map((protocol) =>
    passes(
      `S-138 an upgrade to ${protocol.replace('\r\n', ', ')} is none`,
      () => app(HANDSHAKE.replace('Upgrade: websocket', `Upgrade: ${protocol}`)),
      { upHas: [OURS], upLacks: [/^upgrade:/im] },
    ),
  ),
  passes(
    'S-138 an upgrade that Connection does not name is none',
    () => app(HANDSHAKE.replace('Connection: Upgrade\r\n', '')),
    { upLacks: [/^upgrade:/im] },
  ),
  ...[
    ['Content-Length: 20\r\n', 'x'.repeat(20)],
    ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ].map(([field = '', body = '']): Case => ({
    title: `S-137 an upgrade with ${field.slice(0, 10)}`,
    bytes: () => `${app(HANDSHAKE + field)}${body}`,
    status: 400,
  })),
  {
    title: 'S-139 an upgrade with a bad key',
    bytes: () => app(HANDSHAKE.replace(/Key: .*/, 'Key: AAA')),
    status: 400,
  },
  {
    title: 'S-139 an upgrade of version 12',
    bytes: () => app(HANDSHAKE.replace('Version: 13', 'Version: 12')),
    status: 400,
  },
  passes(
    'S-139 an upgrade by POST is an ordinary request',
    () => app(`${HANDSHAKE}Content-Length: 0\r\n`).replace('GET', 'POST'),
    { upLacks: [/^upgrade:/im] },
  ),
  {
    title: 'S-135 what is sent behind an upgrade before its 101 is no request',
    bytes: () => `${app(HANDSHAKE)}${app('', '/admin/smuggled')}`,
    // This upstream knows no WebSockets, and answers 200.
    status: [200, 502],
    requestsUp: 1,
    upLacks: ['smuggled'],
  },
  {
    title: 'S-136 S-134 an answer to an upgrade that is no 101 is told, and the connection ends',
    bytes: () => app(HANDSHAKE),
    status: [200, 502],
    requestsUp: 1,
    upHas: [OURS, /^upgrade: websocket/im],
  },
  {
    title: 'S-141 a token in Sec-WebSocket-Protocol, where the route does not read it',
    bytes: () => pub(HANDSHAKE + protocolWith(bench.token), '/app/x'),
    status: 401,
    questions: 0,
  },
  {
    title: 'S-141 a token in Sec-WebSocket-Protocol, where the route reads it',
    bytes: () => pub(HANDSHAKE + protocolWith(bench.token), '/ws/x'),
    status: [200, 502],
    requestsUp: 1,
    upHas: [OURS, /^sec-websocket-protocol: chat\r$/im],
    upLacks: ['onedata.token'],
  },
  ...['FOO', 'GE', 'get'].map((method): Case => ({
    title: `S-147 the method ${method}`,
    bytes: () => app().replace('GET', method),
    status: [405, 501],
  })),
  ...['PUT', 'PROPFIND', 'M-SEARCH'].map((method): Case => ({
    title: `S-147 S-148 the method ${method} on a route for GET`,
    bytes: () => pub('', '/getonly/x').replace('GET', method),
    status: 405,
    answerHas: [/^Allow: GET, HEAD/im],
  })),
  passes('S-148 HEAD on a route for GET', () => pub('', '/getonly/x').replace('GET', 'HEAD')),
  {
    title: 'S-150 OPTIONS that is no preflight needs a token',
    bytes: () => `OPTIONS /app/x HTTP/1.1\r\n${H}\r\n`,
    status: 401,
  },
  {
    title: 'S-150 nor is one without a method that it asks about',
    bytes: () => `OPTIONS /app/x HTTP/1.1\r\n${H}Origin: http://a.test\r\n\r\n`,
    status: 401,
  },
  {
    title: 'S-154 a token for one interface is none for another',
    bytes: () => [
      onRoute('/rest/x', interfaceToken()),
      onRoute('/oneclient/x', interfaceToken()),
      onRoute('/rest/x', interfaceToken()),
    ],
    statuses: [200, 401, 200],
    requestsUp: 2,
  },
  {
    title: 'S-119 an address that a stranger claims opens no ip caveat',
    bytes: () =>
      onRoute(
        '/app/x',
        confineToken(bench.token, [{ type: 'ip', whitelist: ['10.0.0.0/8'] }]),
        'X-Forwarded-For: 10.0.0.1\r\n',
      ),
    status: 401,
  },
  ...['s=TOKEN', 'a=b; token=TOKEN'].map((cookie): Case => ({
    title: `S-185 a token in a cookie, ${cookie}, is none, and nowhere`,
    bytes: () => pub(`Cookie: ${cookie.replace('TOKEN', bench.token)}\r\n`, '/app/x'),
    status: 401,
    questions: 0,
    answerLacks: [/MDA\w{20}/],
  })),
  {
    title: 'S-185 a token in a body is none, and nowhere',
    bytes: () =>
      `POST /app/x HTTP/1.1\r\n${H}Content-Length: ${bench.token.length}\r\n\r\n${bench.token}`,
    status: 401,
    answerLacks: [/MDA\w{20}/],
  },
  passes('S-187 what a user agent says is one text of the log', () =>
    pub('User-Agent: a","level":"fatal","x":"\\\r\n'),
  ),
  {
    title: 'S-146 an unknown method',
    bytes: () => `BREW /app/x HTTP/1.1\r\n${a()}\r\n`,
    status: [400, 405, 501],
  },
  {
    title: 'S-168 what is no token asks nobody',
    bytes: () => withToken('x'.repeat(50)),
    status: 401,
    questions: 0,
  },
  {
    title: 'S-171 a changed signature',
    bytes: () => withToken(withOneCharacterChanged(bench.token)),
    status: 401,
  },
  {
    title: 'S-172 a token that lies about itself changes nothing',
    bytes: () => [withToken(withOneCharacterChanged(bench.newToken())), app()],
    statuses: [401, 200],
    requestsUp: 1,
  },
  {
    title: 'S-186 a token in the query',
    bytes: () => pub('', `/app/x?access_token=${bench.token}`),
    status: [400, 401],
    questions: 0,
  },
  ...['Bearer', 'Basic YTpi', 'Token x', 'Bearer\tx', 'Bearer x y'].map((text): Case => ({
    title: `S-253 Authorization: ${text.replace('\t', '<tab>')}`,
    bytes: () => `GET /app/x HTTP/1.1\r\n${H}Authorization: ${text}\r\n\r\n`,
    status: [400, 401],
    questions: 0,
  })),
  passes(
    'S-253 the scheme in lower case',
    () => `GET /app/x HTTP/1.1\r\n${H}Authorization: bearer ${bench.token}\r\n\r\n`,
  ),
  {
    title: 'S-227 a subject that the route does not admit',
    bytes: () => app('', '/admin/x'),
    status: 403,
    answerHas: ['insufficient_scope'],
  },
  { title: 'S-235 no route', bytes: () => app('', '/nothing'), status: 404 },
  ...['a'.repeat(16_000), ','.repeat(8_000), '%'.repeat(8_000), '('.repeat(8_000)].map(
    (text, index): Case => ({
      title: `S-257 a worst case for patterns, ${index + 1}`,
      bytes: () => pub(`Accept: ${text}\r\nX-Forwarded-For: ${text.slice(0, 4_000)}\r\n`),
      status: [200, 400],
      requestsUp: -1,
    }),
  ),
  {
    title: 'S-258 fields of an answer of the gateway',
    bytes: () => `GET /app/x HTTP/1.1\r\n${H}\r\n`,
    status: 401,
    answerHas: [
      'Referrer-Policy: no-referrer',
      'X-Content-Type-Options: nosniff',
      'Cache-Control: no-store',
      'application/problem+json',
    ],
    answerLacks: ['<html'],
  },
  passes(
    'S-259 a coded body is not looked into',
    () =>
      `POST /pub/x HTTP/1.1\r\n${H}Content-Encoding: gzip, gzip\r\nContent-Length: 3\r\n\r\nabc`,
    { upHas: ['abc', /content-encoding: gzip, gzip/i] },
  ),
  passes('S-252 bytes of a value', () => pub('X-Bytes: \xe9\xff\r\n'), { upHas: ['\xe9\xff'] }),
  passes('R-S3 a proven token asks nobody again', () => app(), { questions: 0 }),
  {
    title: 'S-169 another spelling of a token asks nobody',
    bytes: () => withToken(`opw-${bench.token}`),
    status: 200,
    questions: 0,
  },
  {
    title: 'S-170 an attenuation is asked about once',
    bytes: () =>
      withToken(confineToken(bench.token, [{ type: 'time', validUntil: 4_000_000_000 }])),
    status: 200,
    questions: 1,
  },
  {
    title: 'S-145 the body limit counts bytes',
    bytes: () => `POST /small/x HTTP/1.1\r\n${H}Content-Length: 11\r\n\r\n${'b'.repeat(11)}`,
    status: 413,
  },
]

async function check(assert: () => Promise<void>): Promise<void> {
  await assert()
  expect(bench.isAlive()).toBe(true)
  expect((await bench.ask(pub())).statuses).toEqual([200])
  expect(bench.written()).not.toContain(bench.token)
}

const listed = (status: number | readonly number[]): readonly number[] =>
  typeof status === 'number' ? [status] : status

function expectOutcome(wanted: Case, got: Outcome): void {
  const { status, statuses, upHas = [], upLacks = [], answerHas = [], answerLacks = [] } = wanted
  if (statuses === undefined) expect(listed(status ?? 200)).toContain(got.statuses[0])
  else expect(got.statuses).toEqual(statuses)
  const isThrough = got.statuses[0] !== undefined && got.statuses[0] < 400
  const requestsUp = wanted.requestsUp ?? (isThrough ? 1 : 0)
  if (requestsUp >= 0) expect(got.upHeads).toHaveLength(requestsUp)
  for (const text of upHas) expect(got.up).toMatch(text)
  for (const text of upLacks) expect(got.up).not.toMatch(text)
  for (const text of answerHas) expect(got.text).toMatch(text)
  for (const text of answerLacks) expect(got.text).not.toMatch(text)
  if (wanted.questions !== undefined) expect(got.questions).toBe(wanted.questions)
}

test.each(CASES.map((each) => [each.title, each] as const))('%s', (_, each) =>
  check(async () => {
    const { bytes, port, statuses } = each
    expectOutcome(each, await bench.send(bytes(), { responses: statuses?.length, port: port?.() }))
  }),
)

const TITLES = [...refusedPaths(''), ...refusedFraming('')].map(([title]) => title)

test.each(TITLES.map((title, index) => [title, index] as const))('%s', (_, index) =>
  check(async () => {
    const row = [...refusedPaths(a()), ...refusedFraming(a())][index]
    if (row === undefined) throw new Error('the table has changed')
    const [, bytes, status] = row
    const got = await bench.send(bytes, { closes: true })
    expect(listed(status)).toContain(got.statuses[0])
    expect(got.statuses).toHaveLength(1)
    expect(got.closed).toBe(true)
    // What comes in chunks may have begun.
    expect(got.upHeads.length).toBeLessThanOrEqual(1)
    expect(got.up).not.toContain('smuggled')
    expect(got.text).not.toContain('smuggled')
  }),
)

test('S-187 each line of the log is one JSON text', () => {
  const lines = bench.written().split('\n').slice(0, -1)
  expect(lines.length).toBeGreaterThan(100)
  for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object')
})

test('S-188 paths that nobody knows make no series', async () => {
  const series = async (): Promise<number> => {
    const { text } = await exchange(
      bench.adminPort,
      'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    )
    return text.split('\n').filter((line) => line.startsWith('onegate_')).length
  }
  await bench.ask(pub('', '/nothing/0'))
  const before = await series()
  for (let i = 1; i <= 100; i++) {
    await bench.ask(pub('', `/nothing/${i}`))
    await bench.ask(pub('', `/pub/${i}?${i}`))
  }
  expect(await series()).toBe(before)
})

test('S-155 the same at the same time is asked about for each interface', async () => {
  const fresh = confineToken(bench.newToken(), [{ type: 'interface', interface: 'rest' }])
  const [rest, other] = await Promise.all([
    bench.ask(onRoute('/rest/x', fresh)),
    bench.ask(onRoute('/oneclient/x', fresh)),
  ])
  expect([rest.statuses, other.statuses]).toEqual([[200], [401]])
})
