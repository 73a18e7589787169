import type { Socket } from 'node:net'
import { connect } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { mint } from '../helpers/tokens.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { startGatewayProcess } from './gateway-process.ts'
import type { Peer, PeerRequest } from './peers.ts'
import { answerOf, startPeer } from './peers.ts'
import { ask } from './raw-exchange.ts'

// What Onezone may answer, odd answers too. A gateway process asks a server on a raw socket, which answers each token
// in its own way; between two rows good answers keep the breaker closed.

const GRANT = '{"subject":{"type":"user","id":"alice"},"ttl":3600}'
const good = answerOf(200, GRANT)

let gateway: GatewayProcess
let onezone: Peer
let upstream: Peer
/** How each token is answered. */
const scripts = new Map<string, (socket: Socket, request: PeerRequest) => void>()
const asked = new Map<string, number>()

beforeAll(async () => {
  upstream = await startPeer((_, socket) => void socket.write(answerOf(200, 'ok', null)))
  onezone = await startPeer((request, socket) => {
    const { token } = JSON.parse(request.body) as { token: string }
    asked.set(token, (asked.get(token) ?? 0) + 1)
    const script = scripts.get(token)
    if (script === undefined) socket.write(good)
    else script(socket, request)
  })
  gateway = await startGatewayProcess(`
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:${onezone.port}', totalTimeoutMs: 20000 }
shutdown: { drainMs: 0 }
verdicts: { maxStalenessMs: 300000, negativeTtlMs: 0 }
upstream: 'http://127.0.0.1:${upstream.port}'
`)
})
afterAll(async () => {
  await gateway.stop()
  onezone.close()
  upstream.close()
})

let count = 0
const newToken = (): string => mint({ id: `tok${(count += 1)}`, secret: `secret ${count}` })
const request = (token: string): string =>
  `GET /x HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${token}\r\n\r\n`

async function answered(
  script: (socket: Socket, request: PeerRequest) => void,
): Promise<{ token: string; text: string; status: number | undefined; up: string }> {
  for (let i = 0; i < 2; i++) {
    expect((await ask(gateway.port, request(newToken()))).statuses).toEqual([200])
  }
  const token = newToken()
  scripts.set(token, script)
  const before = upstream.received.length
  const { text, statuses } = await ask(gateway.port, request(token))
  return { token, text, status: statuses[0], up: upstream.received.slice(before) }
}

const writes =
  (bytes: string) =>
  (socket: Socket): void =>
    void socket.write(bytes, 'latin1')
const ends =
  (bytes: string) =>
  (socket: Socket): void =>
    void socket.end(bytes, 'latin1')
const json = (body: string): ((socket: Socket) => void) => writes(answerOf(200, body))
const user = (id: string): string => `{"subject":{"type":"user","id":${id}},"ttl":null}`

const NO_ANSWERS: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['S-207 a reset before', (socket) => socket.resetAndDestroy()],
  ['S-207 an end within the body', ends(good.slice(0, -5))],
  [
    'S-207 R-V4 a reset within the head',
    (socket) => void socket.write('HTTP/1.1 200', () => socket.resetAndDestroy()),
  ],
  ...[500, 502, 503, 504, 520].map(
    (status) => [`S-209 R-V5 status ${status}`, writes(answerOf(status, ''))] as const,
  ),
  ...[300, 301, 302, 303, 304, 307, 308].map(
    (status) =>
      [
        `S-127 S-209 status ${status}`,
        writes(
          `HTTP/1.1 ${status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`,
        ),
      ] as const,
  ),
  ['S-211 a 401 to the gateway itself', writes(answerOf(401, '{"error":{"id":"unauthorized"}}'))],
  ['S-211 a 403 to the gateway itself', writes(answerOf(403, '{"error":{"id":"forbidden"}}'))],
  ['S-212 404', writes(answerOf(404, 'default backend - 404', 'text/plain'))],
  ['S-212 405', writes(answerOf(405, ''))],
  ['S-212 415', writes(answerOf(415, ''))],
  ['S-213 R-V7 nothing', json('')],
  ['S-213 HTML', writes(answerOf(200, '<html>', 'text/html'))],
  ['S-213 JSON that calls itself text', writes(answerOf(200, GRANT, 'text/plain'))],
  ['S-213 JSON without a type', writes(answerOf(200, GRANT, null))],
  ...['null', 'true', '1', '"ok"', '[]', `[${GRANT}]`, '{}', '{"error":{"id":"x"}}'].map(
    (body) => [`S-214 R-V7 ${body}`, json(body)] as const,
  ),
  ['S-215 one key twice', json('{"subject":{"type":"user","id":"eve"},' + GRANT.slice(1))],
  [
    'S-215 one key twice, once escaped',
    json('{"\\u0073ubject":{"type":"user","id":"eve"},' + GRANT.slice(1)),
  ],
  ...['"60"', 'true', '-1', '1.5', '{}'].map(
    (ttl) => [`S-160 S-216 a ttl of ${ttl}`, json(GRANT.replace('3600', ttl))] as const,
  ),
  ['S-217 no subject', json('{"ttl":null}')],
  ...['""', '1', '{}', 'null', '"a\\r\\nX: y"', `"${'a'.repeat(10_240)}"`].map(
    (id) => [`S-217 the id ${id.slice(0, 20)}`, json(user(id))] as const,
  ),
  ['S-217 nobody', json('{"subject":{"type":"nobody","id":null},"ttl":null}')],
  ['S-218 a prototype', json(`{"__proto__":${GRANT}}`)],
  ['S-219 R-V8 64 KiB and more', json(`${GRANT}${' '.repeat(70_000)}`)],
  [
    'S-219 R-V8 a huge length',
    writes(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n',
    ),
  ],
  [
    'S-219 R-V8 chunks without end',
    (socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      const chunk = `1000\r\n${' '.repeat(4096)}\r\n`
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      }
      socket.on('drain', more)
      more()
    },
  ],
  ['S-220 nested deeply', json('['.repeat(20_000))],
  [
    'S-220 nested deeply beside a grant',
    json(`{"a":${'['.repeat(50)}${']'.repeat(50)},${GRANT.slice(1)}`),
  ],
  ...['gzip', 'br', 'gzip, gzip', 'x'].map(
    (coding) =>
      [
        `S-221 the coding ${coding}`,
        writes(good.replace('Content-Length', `Content-Encoding: ${coding}\r\nContent-Length`)),
      ] as const,
  ),
  ['S-222 no UTF-8', json(GRANT.replace('alice', 'al\xffce'))],
  ['S-222 a byte order mark', json(`\xef\xbb\xbf${GRANT}`)],
  ['S-222 a lone surrogate', json(user('"\\ud800"'))],
  ['S-222 something behind', json(`${GRANT}x`)],
  ['S-222 two values', json(`${GRANT}${GRANT}`)],
  ['S-223 a megabyte of fields', writes(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(170_000)}\r\n`)],
  [
    'S-223 101',
    writes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  ],
  [
    'S-225 our own service token is refused',
    writes(answerOf(400, '{"error":{"id":"badServiceToken","details":{}}}')),
  ],
  ['S-226 400 without an error', writes(answerOf(400, '{}'))],
  ['S-226 an error that nobody knows', writes(answerOf(400, '{"error":{"id":"aNewKind"}}'))],
]

test.each(NO_ANSWERS)(
  '%s is no verdict: 503, nobody is let in, nothing remembered',
  async (_, script) => {
    const { token, text, status, up } = await answered(script)
    expect(status).toBe(503)
    expect(text).toMatch(/^Retry-After: \d+\r$/im)
    expect(text).toMatch(/^Cache-Control: no-store\r$/im)
    expect(up).toBe('')
    // A second attempt at most.
    expect(asked.get(token)).toBeLessThanOrEqual(2)
    scripts.delete(token)
    expect((await ask(gateway.port, request(token))).statuses).toEqual([200])
    expect(gateway.isAlive()).toBe(true)
    expect(gateway.written()).not.toContain(token)
  },
)

test('S-223 a thousand interim answers are no verdict, or read over', async () => {
  const { status } = await answered(writes('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000) + good))
  expect([200, 503]).toContain(status)
  expect(gateway.isAlive()).toBe(true)
})

test('S-224 S-255 what is invalid and what is revoked differs in words only, and has a challenge', async () => {
  const shapes: string[] = []
  for (const id of ['tokenInvalid', 'tokenRevoked']) {
    const { text, status, up } = await answered(writes(answerOf(400, `{"error":{"id":"${id}"}}`)))
    expect(status).toBe(401)
    expect(text).toMatch(/^WWW-Authenticate: Bearer .*error="invalid_token"/im)
    expect(up).toBe('')
    shapes.push(
      text
        .slice(0, text.indexOf('\r\n\r\n'))
        .replace(/^(?:Date|X-Request-Id|Content-Length): .*$/gim, '')
        .replace(/error_description="[^"]*"/, ''),
    )
  }
  expect(shapes[0]).toBe(shapes[1])
})

test('S-210 S-228 an answer behind the answer is nobody’s', async () => {
  const bad =
    '{"error":{"id":"badValueToken","details":{"key":"token","tokenError":{"id":"tokenInvalid"}}}}'
  const { token, status } = await answered(writes(answerOf(400, bad) + good))
  expect(status).toBe(401)
  expect((await ask(gateway.port, request(newToken()))).statuses).toEqual([200])
  expect((await ask(gateway.port, request(token))).statuses).toEqual([401])
})

test('S-118 the address is always sent, and null where it is none of IPv4', async () => {
  await answered(writes(good))
  expect(onezone.received).toContain('"peerIp":"127.0.0.1"')
})

test('S-160 a grant ends with its ttl, and one of nothing is not let in again', async () => {
  const { token } = await answered(json(GRANT.replace('3600', '0')))
  expect((await ask(gateway.port, request(token))).statuses).toEqual([401])
})

test('S-165 what was asked for before an invalidation is not remembered after it', async () => {
  const token = newToken()
  const { arrived, release } = held(token)
  const first = ask(gateway.port, request(token))
  await arrived
  const selector = '{"subject":{"type":"user","id":"alice"}}'
  const order = await ask(
    gateway.adminPort,
    `POST /invalidate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${selector.length}\r\n\r\n${selector}`,
  )
  expect(order.statuses).toEqual([200])
  scripts.delete(token)
  release()
  expect((await first).statuses).toEqual([200])
  await ask(gateway.port, request(token))
  expect(asked.get(token)).toBeGreaterThan(1)
})

test('S-175 addresses that a token does not care about cost no question', async () => {
  const token = newToken()
  for (let i = 1; i <= 50; i++) {
    const { statuses } = await ask(gateway.port, request(token), { from: `127.0.1.${i}` })
    expect(statuses).toEqual([200])
  }
  expect(asked.get(token)).toBe(1)
})

test('S-173 what was refused is let in when it is good, where refusals are not remembered', async () => {
  const body =
    '{"error":{"id":"badValueToken","details":{"key":"token","tokenError":{"id":"tokenInvalid"}}}}'
  const { token, status } = await answered(writes(answerOf(400, body)))
  expect(status).toBe(401)
  scripts.delete(token)
  expect((await ask(gateway.port, request(token))).statuses).toEqual([200])
})

test('R-V3 while a question takes long, those who are known are served', async () => {
  const [known, slow] = [newToken(), newToken()]
  await ask(gateway.port, request(known))
  const { arrived, release } = held(slow)
  const waits = ask(gateway.port, request(slow))
  await arrived
  for (let i = 0; i < 10; i++) {
    expect((await ask(gateway.port, request(known))).statuses).toEqual([200])
  }
  release()
  expect((await waits).statuses).toEqual([200])
})

/** Lets the answer to a token wait. */
function held(token: string, bytes = good): { arrived: Promise<void>; release: () => void } {
  let socket: Socket | undefined
  const arrived = new Promise<void>((resolve) => {
    scripts.set(token, (which) => {
      socket = which
      resolve()
    })
  })
  return { arrived, release: () => void socket?.write(bytes) }
}

test('S-157 S-158 of a hundred who ask at once one asks Onezone, whatever it answers', async () => {
  for (const [bytes, status] of [
    [good, 200],
    [answerOf(500, ''), 503],
  ] as const) {
    const token = newToken()
    const { arrived, release } = held(token, bytes)
    const all = Array.from({ length: 100 }, () => ask(gateway.port, request(token)))
    await arrived
    // All of them wait for the one answer by then, or share what it brought.
    await expect.poll(async () => inFlight()).toBeGreaterThanOrEqual(100)
    release()
    const statuses = (await Promise.all(all)).map((each) => each.statuses[0])
    expect(new Set(statuses)).toEqual(new Set([status]))
    expect(asked.get(token)).toBe(1)
    scripts.delete(token)
    expect((await ask(gateway.port, request(token))).statuses).toEqual([200])
  }
})

async function inFlight(): Promise<number> {
  const metrics = await ask(gateway.adminPort, 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  const found = /^onegate_requests_in_flight(?:\{[^}]*\})? (\d+)/m.exec(metrics.text)
  return Number(found?.[1] ?? 0)
}

test('S-159 a question goes on when the first who asked goes away', async () => {
  const token = newToken()
  const { arrived, release } = held(token)
  const first = connect(gateway.port, '127.0.0.1')
  first.on('error', () => {})
  first.write(request(token))
  await arrived
  const second = ask(gateway.port, request(token))
  await expect.poll(async () => inFlight()).toBeGreaterThanOrEqual(2)
  first.destroy()
  release()
  expect((await second).statuses).toEqual([200])
  expect(asked.get(token)).toBe(1)
})
