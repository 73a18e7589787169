import { describe, expect, test } from 'vitest'

import type { RigRoute } from '../helpers/proxy-rig.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { expectForwarded, expectRefusal, startBench } from '../helpers/proxy-rows.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const A = AUTHENTICATED
const H = 'Host: gw.test\r\n'

const get = (target: string, fields = A): string => `GET ${target} HTTP/1.1\r\n${fields}\r\n`

describe('a target in absolute form', () => {
  test.each([
    ['http://gw.test/app/x?a=b', '/app/x?a=b', 'gw.test', A],
    ['HTTPS://GW.TEST./app/x', '/app/x', 'gw.test', A],
    ['http://gw.test:80/app/x', '/app/x', 'gw.test', A],
    ['https://gw.test/pub', '/pub', 'gw.test:443', 'Host: gw.test:443\r\n'],
    ['http://gw.test:8080/pub', '/pub', 'gw.test:8080', 'Host: gw.test:8080\r\n'],
  ])('%s goes on as %s', async (target, path, host, fields) => {
    const bench = await startBench()
    const request = await expectForwarded(bench, get(target, fields))
    expect(request.line).toBe(`GET ${path} HTTP/1.1`)
    expect(request.values('host')).toEqual([host])
    expect(request.values('x-forwarded-host')).toEqual([host])
  })

  test.each([
    ['another host', get('http://evil/app/x')],
    ['another port', get('http://gw.test:81/app/x')],
    ['the port of another scheme', get('http://gw.test:443/app/x')],
    ['no host', get('http:///app/x')],
    ['no host, but a scheme', get('http:/app/x')],
    ['user information', get('http://gw.test@evil/app/x')],
    ['user information before the same host', get('http://a@gw.test/app/x')],
    ['a backslash before its host', get('http:\\\\gw.test/app/x')],
    ['a backslash behind its host', get('http://gw.test\\@evil/app/x')],
    ['another scheme', get('ftp://gw.test/app/x')],
    ['a dot segment', get('http://gw.test/pub/../app/x')],
    ['two slashes in front', get('http://gw.test//evil/x')],
    ['no Host beside it', get('http://gw.test/pub/x', '')],
    ['two Hosts beside it', get('http://gw.test/pub/x', H + H)],
    ['an asterisk', get('http://gw.test*')],
  ])('is refused with %s', async (_what, bytes) => {
    const bench = await startBench()
    await expectRefusal(bench, bytes, 400)
  })

  test('without a path means the root', async () => {
    const bench = await startBench([{ path: '/**', policy: { token: 'none' } }])
    expect((await expectForwarded(bench, get('http://gw.test'))).line).toBe('GET / HTTP/1.1')
    expect((await expectForwarded(bench, get('http://gw.test?a'))).line).toBe('GET /?a HTTP/1.1')
  })

  test('takes the route of the host that it names, and of no other', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([
      { path: '/**', hosts: ['a.test'], upstream: `${upstream.url}/a`, policy: { token: 'none' } },
      { path: '/**', upstream: upstream.url, policy: { subjects: { ids: ['bob'] } } },
    ])
    const bench = { rig, upstream }
    const request = await expectForwarded(bench, get('http://a.test/x', 'Host: a.test\r\n'))
    expect(request.line).toBe('GET /a/x HTTP/1.1')
    const client = await openRawClient(rig.port)
    client.send(get('http://a.test/x', 'Host: b.test\r\n'))
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 /)
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('HTTP/1.0 without Host', () => {
  test('takes routes that name no host, and the upstream gets its own', async () => {
    const upstream = await startRecordingUpstream()
    const rig = await startRig([
      { path: '/**', hosts: ['gw.test'], upstream: upstream.url, policy: { token: 'none' } },
      { path: '/open/**', upstream: upstream.url, policy: { token: 'none' } },
    ])
    const client = await openRawClient(rig.port)
    client.send('GET /open/x HTTP/1.0\r\nX-Forwarded-Host: evil\r\n\r\n')
    expect(readResponse(await client.closed()).status).toBe(200)
    expect(upstream.requests[0]?.values('host')).toEqual([`127.0.0.1:${upstream.port}`])
    expect(upstream.requests[0]?.values('x-forwarded-host')).toEqual([])
    const other = await openRawClient(rig.port)
    other.send('GET /x HTTP/1.0\r\n\r\n')
    expect(readResponse(await other.closed()).status).toBe(404)
    expect(upstream.requests).toHaveLength(1)
  })

  test('needs a token where its route does', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    client.send('GET /app/x HTTP/1.0\r\n\r\n')
    expect(readResponse(await client.closed()).status).toBe(401)
    expect(bench.upstream.requests).toEqual([])
  })

  test.each([
    ['an empty Host', 'GET /pub/x HTTP/1.0\r\nHost:\r\n\r\n'],
    ['two Hosts', `GET /pub/x HTTP/1.0\r\n${H}${H}\r\n`],
    ['HTTP/1.1', 'GET /pub/x HTTP/1.1\r\n\r\n'],
  ])('is not the same as %s', async (_what, bytes) => {
    const bench = await startBench()
    await expectRefusal(bench, bytes, 400)
  })
})

describe('OPTIONS *', () => {
  test.each(['1.0', '1.1'])('of HTTP/%s is answered by the gateway', async (version) => {
    const bench = await startBench([{ path: '/**', policy: { token: 'none' } }])
    const client = await openRawClient(bench.rig.port)
    client.send(`OPTIONS * HTTP/${version}\r\n${H}Connection: close\r\n\r\n`)
    const response = readResponse(await client.closed())
    expect(response.status).toBe(200)
    expect(response.field('allow')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
    expect(response.field('content-length')).toBe('0')
    expect(bench.upstream.requests).toEqual([])
  })

  test('with a body ends the connection, and the body is no request', async () => {
    const bench = await startBench()
    const client = await openRawClient(bench.rig.port)
    const smuggled = get('/app/x')
    client.send(`OPTIONS * HTTP/1.1\r\n${H}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`)
    const received = await client.closed()
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
    expect(bench.upstream.requests).toEqual([])
  })
})

describe('a segment "." between two slashes', () => {
  const send = async (target: string, routes: readonly object[]) => {
    const upstream = await startRecordingUpstream()
    const base = upstream.url
    const rig = await startRig(
      routes.map((route) => ({ path: '/**', upstream: base, ...route })) as RigRoute[],
    )
    const client = await openRawClient(rig.port)
    client.send(`GET ${target} HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    const { status } = readResponse(await client.until(/(?:ok|\})$/))
    expect(upstream.requests.map(({ line }) => line)).toEqual(
      status === 200 ? [`GET ${target} HTTP/1.1`] : [],
    )
    return status
  }

  test.each(['/./a:b', '/x/././y', '/./'])(
    'passes byte for byte on a lone route: %s',
    async (path) => {
      expect(await send(path, [{}])).toBe(200)
    },
  )

  test.each([
    '/.',
    '/x/.',
    '/x/../y',
    '/./../y',
    '/./%2e%2e/y',
    '/%2e/y',
    '/./..;/y',
    '//./y',
    '/.//y',
  ])('is the only one that does: %s', async (path) => {
    expect(await send(path, [{}])).toBe(400)
  })

  test('is refused where it hides another route', async () => {
    const open = { policy: { token: 'none' } }
    expect(await send('/./admin/x', [{ path: '/admin/**' }, open])).toBe(400)
    expect(await send('/admin/./x', [{ path: '/admin/x' }, open])).toBe(400)
    expect(await send('/admin/./x', [{ path: '/admin/**' }, open])).toBe(200)
  })

  test('is refused next to a prefix that is taken off, and next to a base path', async () => {
    expect(await send('/api/./x', [{ path: '/api/**', stripPrefix: '/api' }])).toBe(400)
    const upstream = await startRecordingUpstream()
    expect(await send('/./x', [{ upstream: `${upstream.url}/base` }])).toBe(400)
    expect(upstream.requests).toEqual([])
  })
})
