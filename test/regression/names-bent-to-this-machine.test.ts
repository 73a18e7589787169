import { expect, test } from 'vitest'

import { createDevTokenLookup } from '../../src/dev-token-lookup/index.ts'
import { startAdminRig } from '../admin/admin-rig.ts'
import { startOnegate } from '../cli/onegate-process.ts'
import { startOnezone } from '../helpers/onezone.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { onTestFinished } from 'vitest'

// A page in a browser on this machine, whose name was bent to 127.0.0.1, read metrics, ruled the development Onezone,
// and found the demo.

async function ask(url: string, line: string, host: string, body = ''): Promise<number> {
  const client = await openRawClient(Number(new URL(url).port))
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
  client.send(`${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${length}\r\n${body}`)
  return readResponse(await client.closed()).status
}

const FOREIGN = ['evil.test', 'evil.test:9090', '127.0.0.1.evil.test', 'localhost.evil.test']
const OURS = ['127.0.0.1', 'localhost:9090', '[::1]:1', 'app.localhost']

test('F13 the admin listener on a loopback address shows nothing to who calls it by another name', async () => {
  const { gateway } = await startAdminRig()
  for (const path of ['/metrics', '/livez', '/readyz', '/nothing']) {
    for (const host of FOREIGN) {
      expect([path, host, await ask(gateway.adminUrl, `GET ${path}`, host)]).toEqual([
        path,
        host,
        403,
      ])
    }
  }
  for (const host of OURS) expect(await ask(gateway.adminUrl, 'GET /metrics', host)).toBe(200)
})

test('F13 the body of an order must come within seconds', async () => {
  const { gateway } = await startAdminRig()
  const client = await openRawClient(Number(new URL(gateway.adminUrl).port))
  client.send(
    'POST /invalidate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  )
  expect(readResponse(await client.closed()).status).toBe(408)
})

test('F13 the development Onezone obeys and tells nobody who calls it by another name', async () => {
  const onezone = await startOnezone({ control: true })
  for (const host of FOREIGN) {
    expect(await ask(onezone.url, 'PUT /control/clock', host, '{"now":1}')).toBe(403)
    expect(await ask(onezone.url, 'GET /api/v3/onezone/configuration', host)).toBe(403)
  }
  expect(onezone.now()).toBeGreaterThan(1e12)
  expect(await ask(onezone.url, 'PUT /control/clock', 'localhost:9443', '{"now":1}')).toBe(204)
  expect(onezone.now()).toBe(1_000)
})

test('F13 nor does the stand-in of the look-up API', async () => {
  const lookup = await createDevTokenLookup({ control: true })
  onTestFinished(() => lookup.close())
  for (const host of FOREIGN) {
    expect(await ask(lookup.url, 'GET /control/calls', host)).toBe(403)
  }
  expect(await ask(lookup.url, 'GET /control/calls', '127.0.0.1:1')).toBe(200)
})

test('F13 the demo has no route for other names', async () => {
  const zero = ['--port', '0', '--admin-port', '0', '--onezone-port', '0']
  const demo = startOnegate(['demo', ...zero, '--json'])
  onTestFinished(async () => void (await demo.stop()))
  const { gateway } = await demo.ready<{ gateway: string }>()
  expect(await ask(gateway, 'GET /public/x', 'evil.test')).toBe(404)
  expect(await ask(gateway, 'GET /public/x', 'localhost:8080')).toBe(200)
})
