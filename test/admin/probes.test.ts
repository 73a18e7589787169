import { expect, test } from 'vitest'

import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startAdminRig } from './admin-rig.ts'

test.each(['GET /livez', 'GET /readyz', 'GET /metrics', 'OPTIONS /livez', 'OPTIONS /readyz'])(
  'a probe of HTTP/1.0 that names no host is answered: %s',
  async (line) => {
    const { gateway } = await startAdminRig()
    const client = await openRawClient(Number(new URL(gateway.adminUrl).port))
    client.send(`${line} HTTP/1.0\r\n\r\n`)
    expect(readResponse(await client.closed()).status).toBe(200)
  },
)

test('an order without a host is none, though the listener is on a loopback address', async () => {
  const { gateway, audit } = await startAdminRig()
  const client = await openRawClient(Number(new URL(gateway.adminUrl).port))
  client.send('POST /invalidate HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}')
  expect(readResponse(await client.closed()).status).toBe(403)
  expect(audit()).toEqual([])
})

test('a probe of HTTP/1.1 must name its host', async () => {
  const { gateway } = await startAdminRig()
  const client = await openRawClient(Number(new URL(gateway.adminUrl).port))
  client.send('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n')
  expect(readResponse(await client.closed()).status).toBe(400)
})
