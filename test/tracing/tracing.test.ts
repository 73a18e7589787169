import { propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { openTracing } from '../../src/tracing/index.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`
const OPTIONS = { trustedProxies: [], verifierUrl: 'https://onezone.test' }

async function start(yaml: string) {
  const onezone = await startOnezone()
  const gateway = await startGateway({ onezoneUrl: onezone.url, yaml })
  return { gateway, token: onezone.createTemporaryToken({ subject: ALICE }) }
}

describe('with an SDK', () => {
  let exporter: InMemorySpanExporter

  beforeEach(() => {
    exporter = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    })
    trace.setGlobalTracerProvider(provider)
    propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  })
  afterEach(() => {
    trace.disable()
    propagation.disable()
  })

  /** Spans that have ended, once there are so many. */
  async function spans(kind: SpanKind, count = 1): Promise<ReadableSpan[]> {
    const found = (): ReadableSpan[] =>
      exporter.getFinishedSpans().filter((span) => span.kind === kind)
    await expect.poll(() => found().length).toBeGreaterThanOrEqual(count)
    return found()
  }

  const requestTo = (all: readonly ReadableSpan[], url: string): ReadableSpan | undefined =>
    all.find(({ attributes }) => String(attributes['url.full']).startsWith(url))

  test('a request of a trusted proxy is part of its trace, and so is the upstream', async () => {
    const upstream = await startUpstream()
    const { gateway, token } = await start(
      `trustedProxies: [127.0.0.1]\nroutes: [{ id: api, path: /api/**, upstream: '${upstream.url}' }]\n`,
    )
    const response = await fetch(`${gateway.url}/api/x?secret=1`, {
      headers: { 'X-Auth-Token': token, traceparent: PARENT, tracestate: 'a=b' },
    })
    expect(response.status).toBe(200)
    const [request] = await spans(SpanKind.SERVER)
    expect(request).toMatchObject({ name: 'GET /api/**', status: { code: SpanStatusCode.UNSET } })
    expect(request?.spanContext().traceId).toBe(TRACE)
    expect(request?.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(request?.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/api/**',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'url.path': '/api/x',
      'server.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'onegate.route': 'api',
      'onegate.verdict.outcome': 'granted',
      'onegate.verdict.source': 'onezone',
    })
    expect(request?.events.map(({ name }) => name)).toEqual(['onegate.granted'])
    const asked = requestTo(await spans(SpanKind.CLIENT, 2), upstream.url)
    expect(asked?.attributes).toMatchObject({
      'url.full': `${upstream.url}/api/x`,
      'http.response.status_code': 200,
    })
    expect(asked?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(upstream.seen[0]?.headers['traceparent']).toBe(
      `00-${TRACE}-${asked?.spanContext().spanId}-01`,
    )
    expect(upstream.seen[0]?.headers['tracestate']).toBe('a=b')
    const all = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, events }) => [name, attributes, events]),
    )
    expect(all).not.toContain(token)
    expect(all).not.toContain('secret')
    expect(all).not.toContain('alice')
  })

  test('a stranger’s request begins a trace, which links to the one that it names', async () => {
    const upstream = await startUpstream()
    const { gateway, token } = await start(`upstream: '${upstream.url}'\n`)
    await fetch(gateway.url, {
      headers: { 'X-Auth-Token': token, traceparent: PARENT, baggage: 'a=b' },
    })
    const [request] = await spans(SpanKind.SERVER)
    expect(request?.parentSpanContext).toBeUndefined()
    expect(request?.spanContext().traceId).not.toBe(TRACE)
    expect(request?.links.map(({ context }) => context.traceId)).toEqual([TRACE])
    expect(upstream.seen[0]?.headers['traceparent']).toContain(request?.spanContext().traceId)
  })

  test('a refusal is no error, and a question to Onezone is a trace of its own', async () => {
    const upstream = await startUpstream()
    const { gateway, token } = await start(`upstream: '${upstream.url}'\n`)
    await fetch(gateway.url)
    await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
    const [refused, granted] = await spans(SpanKind.SERVER, 2)
    expect(refused?.attributes).toMatchObject({
      'http.response.status_code': 401,
      'onegate.refusal.code': 'credentials_missing',
    })
    expect(refused?.status.code).toBe(SpanStatusCode.UNSET)
    const question = (await spans(SpanKind.CLIENT, 2)).find(
      ({ name }) => name === 'verifyAccessToken',
    )
    expect(question?.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'onegate.operation': 'verifyAccessToken',
      'onegate.outcome': 'ok',
    })
    expect(question?.parentSpanContext).toBeUndefined()
    expect(question?.spanContext().traceId).not.toBe(granted?.spanContext().traceId)
  })

  test('an upstream that is not there is an error of both', async () => {
    const { gateway, token } = await start("upstream: 'http://127.0.0.1:1'\n")
    await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
    const [request] = await spans(SpanKind.SERVER)
    expect(request?.status.code).toBe(SpanStatusCode.ERROR)
    expect(request?.attributes).toMatchObject({ 'error.type': 'upstream_unreachable' })
    const asked = requestTo(await spans(SpanKind.CLIENT, 2), 'http://127.0.0.1:1/')
    expect(asked?.status.code).toBe(SpanStatusCode.ERROR)
    expect(asked?.attributes).toMatchObject({ 'error.type': 'unreachable' })
  })

  test('is found once, at the start', async () => {
    expect(await openTracing(OPTIONS)).not.toBeNull()
  })
})

describe('without an SDK', () => {
  test('nothing is traced', async () => {
    expect(await openTracing(OPTIONS)).toBeNull()
  })

  test('what a client says of its trace passes untouched', async () => {
    const upstream = await startUpstream()
    const { gateway, token } = await start(`upstream: '${upstream.url}'\n`)
    await fetch(gateway.url, {
      headers: { 'X-Auth-Token': token, traceparent: PARENT, tracestate: 'a=b', baggage: 'c=d' },
    })
    expect(upstream.seen[0]?.headers).toMatchObject({
      traceparent: PARENT,
      tracestate: 'a=b',
      baggage: 'c=d',
    })
  })
})
