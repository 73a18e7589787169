import type { Socket } from 'node:net'

import { expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'

// A server that sends a body where there is none could send it when the next client had asked already.

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned'

test.each([
  ['HEAD', '200 OK', `Content-Length: ${POISON.length}`],
  ['HEAD', '200 OK', 'Transfer-Encoding: chunked'],
  ['HEAD', '200 OK', 'X-Length: none'],
  ['GET', '204 No Content', `Content-Length: ${POISON.length}`],
  ['GET', '304 Not Modified', 'Transfer-Encoding: chunked'],
])('the late body of a %s that was answered %s, %s, is nobody’s answer', async (...row) => {
  const [method, status, field] = row
  const owing = new Set<Socket>()
  const upstream = await startRawUpstream((socket, head) => {
    if (!head.includes('/victim')) {
      owing.add(socket)
      socket.write(`HTTP/1.1 ${status}\r\n${field}\r\n\r\n`)
    } else if (owing.has(socket)) socket.write(POISON)
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue')
  })
  const rig = await startRig([{ path: '/**', upstream: upstream.url, policy: { token: 'none' } }])
  const first = await openRawClient(rig.port)
  first.send(`${method} /bait HTTP/1.1\r\nHost: gw.test\r\n\r\n`)
  await first.until('\r\n\r\n')
  const second = await openRawClient(rig.port)
  second.send('GET /victim HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
  expect(readResponse(await second.closed())).toMatchObject({ status: 200, body: 'true' })
  expect(first.received()).not.toContain('poisoned')
})
