import { expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'

/** What a client gets when the upstream sends a response in one write. */
async function answerTo(method: string, response: string, version = '1.1'): Promise<string> {
  const upstream = await startRawUpstream((socket) => void socket.write(response, 'latin1'))
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
  const client = await openRawClient(rig.port)
  client.send(`${method} /x HTTP/${version}\r\nHost: gw.test\r\nConnection: close\r\n\r\n`)
  const text = await client.closed()
  await expect.poll(() => rig.requestEvents.map(({ completed }) => completed)).toEqual([true])
  expect(rig.upstreamEvents.map(({ outcome }) => outcome)).toEqual(['ok'])
  return text.replace(/\r\nDate: [^\r]*/, '')
}

const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n'

test('a response in chunks that comes in one piece gets its length instead', async () => {
  const text = await answerTo(
    'GET',
    `HTTP/1.1 200 OK\r\n${CHUNKS}3\r\nabc\r\n2\r\nd\xe9\r\n0\r\n\r\n`,
  )
  expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nabcd\u00e9')
})

test('an empty body in chunks gets the length 0', async () => {
  const text = await answerTo('GET', `HTTP/1.1 200 OK\r\n${CHUNKS}0\r\n\r\n`)
  expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
})

test('a client of HTTP/1.0 gets the length too', async () => {
  const text = await answerTo('GET', `HTTP/1.1 200 OK\r\n${CHUNKS}3\r\nabc\r\n0\r\n\r\n`, '1.0')
  expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc')
})

test.each(['1.0', '1.1'])(
  'a length that ends at the gateway is said anew: HTTP/%s',
  async (version) => {
    const fields = 'Connection: content-length\r\nContent-Length: 3\r\n'
    const text = await answerTo('GET', `HTTP/1.1 200 OK\r\n${fields}\r\nabc`, version)
    expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc')
  },
)

test('an answer to HEAD gets no length that its upstream has not said', async () => {
  const text = await answerTo('HEAD', `HTTP/1.1 200 OK\r\n${CHUNKS}`)
  expect(text).not.toMatch(/Content-Length/)
  expect(await answerTo('HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n')).toMatch(
    /\r\nContent-Length: 30\r\n.*\r\n\r\n$/s,
  )
})

test.each([204, 304])('a %i gets neither body nor length', async (status) => {
  const text = await answerTo('GET', `HTTP/1.1 ${status} X\r\nETag: "1"\r\n\r\n`)
  expect(text).toMatch(/\r\nETag: "1"\r\nConnection: close\r\n\r\n$/)
  expect(text).not.toMatch(/Content-Length|Transfer-Encoding/)
})

test('trailers are dropped, with the chunks that they end', async () => {
  const text = await answerTo(
    'GET',
    `HTTP/1.1 200 OK\r\n${CHUNKS}3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`,
  )
  expect(text).toMatch(/abc/)
  expect(text).not.toMatch(/X-Sum/)
})

test('chunks that are not quite right are cut off, however complete they look', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${CHUNKS}4\r\nabc\r\n0\r\n\r\n`, 'latin1')
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
  const client = await openRawClient(rig.port)
  client.send('GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  const text = await client.closed()
  expect(text).not.toMatch(/\r\n0\r\n\r\n$/)
  await expect.poll(() => rig.requestEvents.map(({ completed }) => completed)).toEqual([false])
})

test('what comes behind a response in one piece is nobody’s', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n', 'latin1')
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
  for (let request = 0; request < 2; request++) {
    const client = await openRawClient(rig.port)
    client.send('GET /x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
    expect(await client.closed()).toMatch(/\r\n\r\nok$/)
  }
  expect(upstream.sockets).toHaveLength(2)
})
