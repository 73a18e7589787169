import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { OnezoneFaultError } from '../../src/errors.ts'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const TOKEN = 'MDAxY2xvY00secret'

/** The fault that a verification ends with where the server sends these bytes, and then keeps silent. */
async function faultOn(bytes: string | Buffer, clock?: number): Promise<OnezoneFaultError> {
  const server = await scriptedOnezone((socket) => socket.write(bytes))
  const options = { clock: { now: () => clock ?? 0, monotonic: () => performance.now() } }
  const client = clientOf(server.url, clock === undefined ? {} : options)
  const error = await rejectionOf(client.verifyAccessToken({ token: TOKEN, peerIp: null }))
  expect(error).toMatchObject({ name: 'OnezoneFaultError' })
  expect(server.requests).toHaveLength(1)
  return error as OnezoneFaultError
}

const good = JSON.stringify(GRANT)
const raw = (head: string, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${head}content-length: ${body.length}\r\n\r\n`),
    body,
  ])
const json = (body: Buffer): Buffer => raw('content-type: application/json\r\n', body)

test.each<[string, string | Buffer]>([
  ['an empty 200', answer(200, '')],
  ['a 200 of HTML', answer(200, '<html></html>', { 'content-type': 'text/html' })],
  ['JSON that is called text', answer(200, good, { 'content-type': 'text/plain' })],
  ['JSON of another kind', answer(200, good, { 'content-type': 'application/problem+json' })],
  [
    'JSON in another charset',
    answer(200, good, { 'content-type': 'application/json; charset=utf-16' }),
  ],
  ['JSON without a content type', raw('', Buffer.from(good))],
  [
    'JSON with two content types',
    raw('content-type: application/json\r\ncontent-type: text/html\r\n', Buffer.from(good)),
  ],
  ['JSON that is called gzip', answer(200, good, { 'content-encoding': 'gzip' })],
  ['gzip', raw('content-type: application/json\r\ncontent-encoding: gzip\r\n', gzipSync(good))],
  ['gzip that is called nothing', json(gzipSync(good))],
  [
    'invalid UTF-8',
    json(Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')])),
  ],
  ['a byte order mark', json(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]))],
  ['UTF-16', json(Buffer.from(good, 'utf16le'))],
  ['half of the JSON', answer(200, good.slice(0, -1))],
  ['two JSON values', answer(200, good + good)],
  ['garbage after the JSON', answer(200, `${good}x`)],
  [
    'one decision key twice',
    answer(
      200,
      `{"subject":{"type":"user","id":"a"},"subject":{"type":"user","id":"b"},"ttl":null}`,
    ),
  ],
  [
    'one decision key twice, once escaped',
    answer(200, `{"subject":{"type":"user","id":"a","\\u0069d":"b"},"ttl":null}`),
  ],
  [
    'nesting',
    answer(
      200,
      `{"subject":{"type":"user","id":"a"},"ttl":null,"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ),
  ],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  [
    'two lengths',
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${good.length}\r\ncontent-length: 1\r\n\r\n${good}`,
  ],
  [
    'a length and chunks',
    `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
])('%s is a fault', async (_, bytes) => {
  const fault = await faultOn(bytes)
  expect(fault.code).toBe('ERR_ONEZONE_ANSWER_INVALID')
  expect(fault.cause).toBeUndefined()
})

test.each([
  ['with a charset', answer(200, good, { 'content-type': 'application/json; charset=utf-8' })],
  ['in capitals', answer(200, good, { 'content-type': 'Application/JSON' })],
  ['said to be identity', answer(200, good, { 'content-encoding': 'identity' })],
  [
    'after an informational answer',
    `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${answer(200, good)}`,
  ],
  [
    'in chunks',
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`,
  ],
])('JSON %s is an answer', async (_, bytes) => {
  const server = await scriptedOnezone((socket) => socket.write(bytes))
  const client = clientOf(server.url)
  const verdict = await client.verifyAccessToken({ token: TOKEN, peerIp: null })
  expect(verdict).toEqual({ ok: true, ...GRANT })
})

test.each([100, 101])('status %d is a fault', async (status) => {
  const fault = await faultOn(
    `HTTP/1.1 ${status} Now What\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n`,
  )
  expect(fault.code).toBe('ERR_ONEZONE_RESET')
})

const NOW = Date.parse('Sun, 22 Nov 2026 08:00:00 GMT')

test.each([
  [503, '2', 2],
  [429, '0', 0],
  [500, '1000000000', 60],
  [503, 'Sun, 22 Nov 2026 08:00:05 GMT', 5],
  [503, 'Sun, 22 Nov 2026 07:00:00 GMT', 0],
  [503, 'Mon, 22 Nov 2027 08:00:00 GMT', 60],
  [503, 'Sun, 99 Nov 2026 08:00:00 GMT', undefined],
  [503, 'soon', undefined],
  [503, '-1', undefined],
  [503, '1.5', undefined],
])('status %d with Retry-After "%s" asks to wait for %s s', async (status, value, seconds) => {
  const fault = await faultOn(answer(status, 'busy', { 'retry-after': value }), NOW)
  expect(fault).toMatchObject({ code: 'ERR_ONEZONE_STATUS', retryAfterSeconds: seconds })
})

test('the status of an error page decides, however broken the page', async () => {
  const fault = await faultOn(answer(503, 'x', { 'content-length': 10 ** 9, 'retry-after': 7 }))
  expect(fault).toMatchObject({ code: 'ERR_ONEZONE_STATUS', retryAfterSeconds: 7 })
})

test.each([301, 302, 303, 304, 307, 308])('status %d leads nowhere', async (status) => {
  const canary = await scriptedOnezone((socket) => socket.write(answer(200, GRANT)))
  const fault = await faultOn(answer(status, '', { location: `${canary.url}/api/v3/onezone/x` }))
  expect(fault.code).toBe('ERR_ONEZONE_REDIRECT')
  expect(canary.connections).toBe(0)
  expect(canary.received).toBe('')
})

test('no fault quotes the token or the answer', async () => {
  const echo = `${TOKEN} and more`
  const answers = [
    answer(200, echo),
    answer(400, echo),
    answer(400, { error: { id: `x${TOKEN.repeat(9)}` } }),
    answer(400, { error: { id: 'malformedData', description: echo, details: { key: echo } } }),
    answer(500, echo),
    answer(302, echo, { location: `http://127.0.0.1/${TOKEN}` }),
    answer(200, `{"${TOKEN}":1,"${TOKEN}":2}`),
    answer(200, `{"\\q${TOKEN}":1}`),
    `${TOKEN}\r\n`,
    `HTTP/1.1 200 OK\r\n${TOKEN} : x\r\n\r\n`,
  ]
  for (const bytes of answers) {
    const fault = await faultOn(bytes)
    const { inspect } = await import('node:util')
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain(TOKEN)
  }
})
