import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import {
  answer,
  clientOf,
  GRANT,
  rejectionOf,
  scriptedOnezone,
} from '../helpers/scripted-onezone.ts'

const ASK = { token: 'tok', peerIp: null }
const BYTES = answer(200, GRANT)

async function unusedUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

test('a refused connection is ERR_ONEZONE_UNREACHABLE', async () => {
  const error = await rejectionOf(clientOf(await unusedUrl()).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_UNREACHABLE' })
  expect(String(error)).toMatch(/no connection to http:\/\/127\.0\.0\.1:\d+.*ECONNREFUSED/i)
})

test('a name that does not exist is ERR_ONEZONE_UNREACHABLE', async () => {
  const client = clientOf('https://onezone.invalid', { totalTimeoutMs: 10_000 })
  expect(await rejectionOf(client.verifyAccessToken(ASK))).toMatchObject({
    code: 'ERR_ONEZONE_UNREACHABLE',
  })
})

test.each([
  ['before the headers', ''],
  ['in the status line', BYTES.slice(0, 9)],
  ['in the headers', BYTES.slice(0, 40)],
  ['after the headers', BYTES.slice(0, BYTES.indexOf('{'))],
  ['in the body', BYTES.slice(0, -5)],
  ['in the body of a refusal', answer(400, { error: { id: 'tokenRevoked' } }).slice(0, -1)],
])('a server that stops %s is ERR_ONEZONE_TIMEOUT, once', async (_, bytes) => {
  const server = await scriptedOnezone((socket) => socket.write(bytes))
  const client = clientOf(server.url, { totalTimeoutMs: 500 })
  const error = await rejectionOf(client.verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
  expect(server.requests).toHaveLength(1)
  await expect.poll(() => server.closed).toBe(1)
  expect(server.requests).toHaveLength(1)
})

test.each([
  ['headers', BYTES],
  ['body', BYTES.slice(BYTES.indexOf('{'))],
])('the deadline is one for everything, also while the %s drip', async (_, dripped) => {
  const timers: NodeJS.Timeout[] = []
  const server = await scriptedOnezone((socket) => {
    socket.write(BYTES.slice(0, BYTES.length - dripped.length))
    let sent = 0
    timers.push(setInterval(() => socket.writable && socket.write(dripped[sent++] ?? ''), 25))
  })
  const client = clientOf(server.url, { totalTimeoutMs: 500 })
  const error = await rejectionOf(client.verifyAccessToken(ASK))
  timers.forEach(clearInterval)
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_TIMEOUT' })
  expect(server.requests).toHaveLength(1)
})

test('informational answers do not extend the deadline', async () => {
  const server = await scriptedOnezone((socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000))
  })
  const client = clientOf(server.url, { totalTimeoutMs: 500 })
  expect(await rejectionOf(client.verifyAccessToken(ASK))).toMatchObject({
    code: 'ERR_ONEZONE_TIMEOUT',
  })
  expect(server.requests).toHaveLength(1)
})

test('an error page that never ends still tells its status', async () => {
  const server = await scriptedOnezone((socket) => {
    socket.write(answer(503, 'busy', { 'content-length': 100, 'retry-after': 3 }))
  })
  const client = clientOf(server.url, { totalTimeoutMs: 500 })
  expect(await rejectionOf(client.verifyAccessToken(ASK))).toMatchObject({
    code: 'ERR_ONEZONE_STATUS',
    retryAfterSeconds: 3,
  })
})

const everyPosition = [
  1,
  5,
  12,
  17,
  40,
  BYTES.indexOf('{'),
  BYTES.indexOf('{') + 1,
  BYTES.length - 1,
]

test.each(everyPosition)(
  'S-199 R-V4 a reset after %d bytes is a fault and is not repeated',
  async (length) => {
    const server = await scriptedOnezone((socket) => {
      socket.write(BYTES.slice(0, length), () => setTimeout(() => socket.resetAndDestroy(), 20))
    })
    const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
    expect(server.requests).toHaveLength(1)
  },
)

test.each(everyPosition)('an end after %d bytes is a fault and is not repeated', async (length) => {
  const server = await scriptedOnezone((socket) => socket.end(BYTES.slice(0, length)))
  const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
  expect(server.requests).toHaveLength(1)
})

test('an end in the middle of a chunk is a fault', async () => {
  const head =
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'
  const server = await scriptedOnezone((socket) => {
    socket.end(`${head}40\r\n${JSON.stringify(GRANT)}`)
  })
  const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_RESET' })
})

const padded = (length: number): string => JSON.stringify(GRANT).padEnd(length)

test('an answer of exactly maxAnswerBytes is read', async () => {
  const server = await scriptedOnezone((socket) => socket.write(answer(200, padded(65_536))))
  expect(await clientOf(server.url).verifyAccessToken(ASK)).toMatchObject({ ok: true })
})

test('one byte more is ERR_ONEZONE_ANSWER_TOO_LARGE, announced or not', async () => {
  const body = padded(65_537)
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
  for (const bytes of [
    answer(200, body),
    `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ]) {
    const server = await scriptedOnezone((socket) => socket.write(bytes))
    const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
    expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_TOO_LARGE' })
    expect(server.requests).toHaveLength(1)
    await expect.poll(() => server.closed).toBe(1)
    expect(server.requests).toHaveLength(1)
  }
})

test('a huge announced length is refused before the first byte of the body', async () => {
  const server = await scriptedOnezone((socket) => {
    socket.write(answer(200, '', { 'content-length': 10 ** 9 }))
  })
  const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_TOO_LARGE' })
})

test('endless chunks are cut off at the bound', async () => {
  let sent = 0
  const server = await scriptedOnezone((socket) => {
    socket.write(
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    )
    const more = (): void => {
      if (socket.destroyed) return
      sent += 4096
      socket.write(`1000\r\n${' '.repeat(4096)}\r\n`, more)
    }
    more()
  })
  const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_TOO_LARGE' })
  await expect.poll(() => server.closed).toBe(1)
  expect(server.requests).toHaveLength(1)
  expect(sent).toBeLessThan(64 * 1024 * 1024)
})

test('endless headers are ERR_ONEZONE_ANSWER_TOO_LARGE', async () => {
  const server = await scriptedOnezone((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${'x-filler: 0123456789\r\n'.repeat(50_000)}`)
  })
  const error = await rejectionOf(clientOf(server.url).verifyAccessToken(ASK))
  expect(error).toMatchObject({ code: 'ERR_ONEZONE_ANSWER_TOO_LARGE' })
})

test('a second answer on the same connection answers nobody', async () => {
  const forged = answer(200, { subject: { type: 'user', id: 'mallory' }, ttl: null })
  const server = await scriptedOnezone((socket, count) => {
    socket.write(count === 1 ? answer(400, { error: { id: 'tokenRevoked' } }) + forged : BYTES)
  })
  const client = clientOf(server.url)
  expect(await client.verifyAccessToken(ASK)).toMatchObject({ ok: false })
  expect(await client.verifyAccessToken(ASK)).toMatchObject({ subject: { id: 'alice' } })
  expect(server.connections).toBe(2)
})
