import { spawn, spawnSync } from 'node:child_process'

import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'

import { createMetrics } from '../../src/metrics/index.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

const options = {
  version: '1.2.3',
  maxStalenessSeconds: 10,
  verification: {
    entries: () => 0,
    breakerState: 'closed',
    clockOffsetMs: 0,
    watchState: 'off',
  },
} as const

describe('labels are bounded', () => {
  test('a method that nobody has heard of is "other"', async () => {
    const metrics = createMetrics(options)
    for (const method of ['GET', 'PURGE', 'X'.repeat(1000)]) {
      metrics.onRequest({ routeId: 'r', method, status: 200, durationMs: 1, completed: true })
    }
    const text = await metrics.registry.metrics()
    expect(text).toContain('onegate_requests_total{route="r",method="GET",status="200"} 1')
    expect(text).toContain('onegate_requests_total{route="r",method="other",status="200"} 2')
    expect(text).not.toContain('PURGE')
  })

  test('no request of any path, token or address adds a series of its own', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const gateway = await startGateway({ onezoneUrl: onezone.url, upstream: upstream.url })
    const series = async () => {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
      return [...text.matchAll(/^onegate_\S+/gm)].length
    }
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const ask = (path: string, value: string) =>
      fetch(`${gateway.url}${path}`, { headers: { 'X-Auth-Token': value } })
    for (const value of [token, token, 'x']) await ask('/', value)
    const before = await series()
    for (let i = 0; i < 50; i++) {
      await ask(`/path/${i}`, token)
      await ask(`/path/${i}`, `garbage${i}`)
    }
    expect(await series()).toBe(before)
  })
})

describe('the registry', () => {
  test('may be the caller’s own', async () => {
    const registry = new Registry()
    createMetrics({ ...options, registry, nodeMetrics: false })
    const text = await registry.metrics()
    expect(text).toContain('onegate_build_info{version="1.2.3"')
    expect(text).toContain('onegate_max_staleness_seconds 10')
    expect(text).not.toContain('nodejs_')
  })

  test('times are seconds', async () => {
    const metrics = createMetrics({ ...options, nodeMetrics: false })
    metrics.onRequest({
      routeId: 'r',
      method: 'GET',
      status: 200,
      durationMs: 250,
      completed: true,
    })
    metrics.onCall({
      operation: 'verifyAccessToken',
      outcome: 'ok',
      durationMs: 1_500,
      serverTimeMs: null,
    })
    const text = await metrics.registry.metrics()
    expect(text).toContain('onegate_request_duration_seconds_sum{route="r"} 0.25')
    expect(text).toContain(
      'onegate_onezone_request_duration_seconds_sum{operation="verifyAccessToken"} 1.5',
    )
  })

  test('names what is unsafe', async () => {
    const metrics = createMetrics({ ...options, insecureSettings: ['onezone.allowInsecureHttp'] })
    expect(await metrics.registry.metrics()).toContain(
      'onegate_insecure_setting{setting="onezone.allowInsecureHttp"} 1',
    )
  })
})

const promtool = spawnSync('promtool', ['--version']).error === undefined
if (!promtool) process.stdout.write('promtool is not installed: its check is skipped\n')

test.skipIf(!promtool)('promtool has nothing to object to', async () => {
  const onezone = await startOnezone()
  const upstream = await startUpstream()
  const gateway = await startGateway({ onezoneUrl: onezone.url, upstream: upstream.url })
  await fetch(gateway.url, {
    headers: { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) },
  })
  await fetch(gateway.url)
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const check = spawn('promtool', ['check', 'metrics'])
  let said = ''
  check.stdout.on('data', (chunk) => (said += String(chunk)))
  check.stderr.on('data', (chunk) => (said += String(chunk)))
  check.stdin.end(text)
  const code = await new Promise((resolve) => check.on('close', resolve))
  expect([code, said]).toEqual([0, ''])
})
