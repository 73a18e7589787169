import { expect, test } from 'vitest'

import { AUTHENTICATED as A } from '../helpers/proxy-rig.ts'
import { expectForwarded, startBench } from '../helpers/proxy-rows.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'

const H = 'Host: gw.test\r\n'

async function answerTo(port: number, bytes: string) {
  const client = await openRawClient(port)
  client.send(bytes)
  const response = readResponse(await client.closed())
  const { requestId } = JSON.parse(response.body) as { requestId?: string }
  return { status: response.status, field: response.field('x-request-id'), requestId }
}

test.each([
  ['a refusal', `GET /app/x HTTP/1.1\r\n${H}Connection: close\r\n\r\n`, 401],
  ['a request without a route', `GET /nowhere HTTP/1.1\r\n${H}Connection: close\r\n\r\n`, 404],
  ['a request that can be read in two ways', `GET /pub HTTP/1.1\r\n${H}${H}\r\n`, 400],
  ['bytes that are no request', 'NONSENSE\r\n\r\n', 400],
])('%s is answered with its id, in a field and in the body', async (_what, bytes, status) => {
  const { rig, upstream } = await startBench()
  const answer = await answerTo(rig.port, bytes)
  expect(answer.status).toBe(status)
  expect(answer.requestId).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/)
  expect(answer.field).toBe(answer.requestId)
  expect(upstream.requests).toHaveLength(0)
})

test('the upstream gets the id of the gateway, not one that a client chose', async () => {
  const bench = await startBench()
  const own = `GET /app/x HTTP/1.1\r\n${A}X-Request-Id: mine\r\nX_Request_Id: too\r\n\r\n`
  const request = await expectForwarded(bench, own)
  const ids = request.fields.filter(([name]) => /^x.request.id$/i.test(name))
  expect(ids).toEqual([['X-Request-Id', expect.stringMatching(/^[0-9a-f]{12}-[0-9a-z]+$/)]])
})

test('the id of a trusted proxy is that of the answer and of the upstream', async () => {
  const bench = await startBench([], { trustedProxies: ['127.0.0.1'] })
  const named = `X-Forwarded-For: 192.0.2.9\r\nX-Request-Id: edge-7\r\n`
  const request = await expectForwarded(bench, `GET /app/x HTTP/1.1\r\n${A}${named}\r\n`)
  expect(request.values('x-request-id')).toEqual(['edge-7'])
  const refused = `GET /app/x HTTP/1.1\r\n${H}${named}Connection: close\r\n\r\n`
  expect((await answerTo(bench.rig.port, refused)).requestId).toBe('edge-7')
})

test('F14 S-131 a request that comes back is answered 508, and goes no further', async () => {
  const bench = await startBench()
  const request = await expectForwarded(bench, `GET /app/x HTTP/1.1\r\n${A}CDN-Loop: edge\r\n\r\n`)
  const marks = request.values('cdn-loop')
  expect(marks).toEqual(['edge', expect.stringMatching(/^onegate; id=/)])
  const again = `GET /app/x HTTP/1.1\r\n${A}CDN-Loop: ${marks.join(', ')}\r\nConnection: close\r\n\r\n`
  expect((await answerTo(bench.rig.port, again)).status).toBe(508)
  expect(bench.upstream.requests).toHaveLength(1)
})
