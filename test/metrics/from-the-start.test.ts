import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { startGatewayRig } from '../helpers/gateway-rig.ts'

const samplesOf = (text: string, name: string) =>
  text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))

test('whatever can be counted is 0 before it happens, for each route of a new configuration too', async () => {
  const { gateway, load, metrics } = await startForwardAuthRig(
    `listen: 127.0.0.1:0
routes:
  - { id: public, path: /public/**, token: none, upstream: 'http://127.0.0.1:9/' }
  - { id: asked, path: /asked/** }
  - { id: all, path: /**, upstream: 'http://127.0.0.1:9/' }
`,
  )
  const text = await metrics()
  const counted = [...text.matchAll(/^# TYPE (onegate_\w+) (counter|histogram)$/gm)]
  expect(counted.length).toBeGreaterThan(20)
  for (const [, name = '', type] of counted) {
    const samples = samplesOf(text, type === 'counter' ? name : `${name}_count`)
    expect(samples.length, name).toBeGreaterThan(0)
    expect(samples.filter((line) => !line.endsWith(' 0'), name)).toEqual([])
  }
  for (const line of [
    'onegate_requests_total{route="asked",method="GET",status="503"} 0',
    'onegate_refusals_total{route="all",code="token_revoked"} 0',
    'onegate_refusals_total{route="unmatched",code="request_invalid"} 0',
    'onegate_verdicts_total{route="all",outcome="granted",source="onezone"} 0',
    'onegate_upstream_requests_total{route="public",outcome="timeout"} 0',
    'onegate_onezone_requests_total{operation="verifyAccessToken",outcome="fault"} 0',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  expect(text).not.toMatch(/^onegate_refusals_total\{route="public"/m)
  expect(text).not.toMatch(/^onegate_upstream_requests_total\{route="asked"/m)

  const next = `trustedProxies: [127.0.0.1/32]
forwardAuth: { listen: '127.0.0.1:0' }
routes: [{ id: new, path: /** }]
`
  expect(await gateway.reload(() => load(next))).toBe('applied')
  expect(await metrics()).toContain(
    'onegate_verdicts_total{route="new",outcome="fault",source="onezone"} 0\n',
  )
})

test('a question of a front proxy that is refused before its token is looked at counts under its code', async () => {
  const { ask, metrics } = await startForwardAuthRig()
  const [path, fields] = describeRequest('caddy')
  expect((await ask(path, [...fields, 'X-Onedata-Subject-Id', 'root'])).code).toBe(
    'identity_forged',
  )
  expect((await ask(path, fields.slice(2))).code).toBe('request_invalid')
  expect((await ask('/auth/none', fields)).code).toBe('route_not_found')
  // This one a decision refuses, and it is counted once.
  expect((await ask(path, fields)).code).toBe('credentials_missing')
  const lines = (await metrics()).split('\n')
  for (const line of [
    'onegate_refusals_total{route="all",code="identity_forged"} 1',
    'onegate_refusals_total{route="unmatched",code="request_invalid"} 1',
    'onegate_refusals_total{route="unmatched",code="route_not_found"} 1',
    'onegate_refusals_total{route="all",code="credentials_missing"} 1',
  ]) {
    expect(lines).toContain(line)
  }
})

test('requests that wait for a connection to their upstream are shown until they have one', async () => {
  const held: (() => void)[] = []
  const upstream = createServer((_, response) => held.push(() => response.end('{}'))).listen(0)
  onTestFinished(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const { metrics, send, token } = await startGatewayRig({
    yaml: () =>
      `routes: [{ path: '/**', upstream: { urls: ['${url}/base'], maxConnections: 1 }, timeouts: { connectMs: 60000 } }]`,
  })
  const waiting = async (requests: number) => {
    const line = `onegate_upstream_requests_waiting{upstream="${url}"} ${requests}`
    await expect
      .poll(async () => (await metrics()).split('\n').includes(line), { timeout: 20_000 })
      .toBe(true)
  }
  await waiting(0)
  const answers = [1, 2, 3].map(() => send({ 'X-Auth-Token': token }))
  await waiting(2)
  for (let left = answers.length; left > 0; left--) {
    await expect.poll(() => held.length, { timeout: 20_000 }).toBeGreaterThan(0)
    held.shift()?.()
  }
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200])
  await waiting(0)
}, 60_000)
