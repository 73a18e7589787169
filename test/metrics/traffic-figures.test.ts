import { connect } from 'node:net'

import { expect, test } from 'vitest'

import { startGatewayRig } from '../helpers/gateway-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'

test('connections, requests in flight, bytes, answers of upstreams and refusals without a route are counted', async () => {
  const { gateway, metrics, send, token } = await startGatewayRig({
    yaml: (url) => `accessLog: { to: none }\nroutes: [{ id: a, path: /a/**, upstream: '${url}' }]`,
  })
  const figure = async (name: string) => {
    const line = (await metrics()).split('\n').find((each) => each.startsWith(`${name} `))
    return line === undefined ? null : Number(line.split(' ').at(-1))
  }
  // Known label values are there before anything has happened.
  expect(await figure('onegate_streams_ended_total{kind="websocket",cause="refused"}')).toBe(0)
  expect(await figure('onegate_invalidations_total{cause="token_revoked"}')).toBe(0)
  expect(await figure('onegate_cache_evictions_total{store="grants"}')).toBe(0)
  expect(await figure('onegate_client_connections')).toBe(0)

  const port = Number(new URL(gateway.url).port)
  const client = await openRawClient(port)
  await expect.poll(() => figure('onegate_client_connections')).toBe(1)
  client.send('POST /a/b HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ' + token)
  client.send('\r\nContent-Length: 5\r\n\r\nab')
  await expect.poll(() => figure('onegate_requests_in_flight')).toBe(1)
  client.send('cde')
  await client.until('HTTP/1.1 200')
  await expect.poll(() => figure('onegate_requests_in_flight')).toBe(0)
  expect(await figure('onegate_client_bytes_total{direction="in"}')).toBeGreaterThan(token.length)
  expect(await figure('onegate_client_bytes_total{direction="out"}')).toBeGreaterThan(100)

  expect((await send({}, '/none')).status).toBe(404)
  const bad = connect(port, '127.0.0.1')
  bad.end('GET /%2e%2e/a HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect
    .poll(() => figure('onegate_refusals_total{route="unmatched",code="request_invalid"}'))
    .toBe(1)
  expect(await figure('onegate_refusals_total{route="unmatched",code="route_not_found"}')).toBe(1)
})
