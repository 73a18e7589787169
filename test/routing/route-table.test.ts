import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { assembleRouteTable } from '../../src/routing/route-table.ts'
import { inOneGo } from '../../src/slices.ts'
import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import type { RigRoute } from '../helpers/proxy-rig.ts'
import { openRawClient, readResponse } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'

const PUBLIC = { policy: { token: 'none' } } as const

/** A proxy with these routes; each request tells status, `Allow` and the request line that the upstream saw. */
async function setUp(routes: (upstream: string) => readonly RigRoute[]) {
  const upstream = await startRecordingUpstream()
  const rig = await startRig(routes(upstream.url))
  const ask = async (line: string, host = 'gw.test', fields = '') => {
    const before = upstream.requests.length
    const client = await openRawClient(rig.port)
    client.send(`${line} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`)
    const response = readResponse(await client.closed())
    return {
      status: response.status,
      allow: response.field('allow') ?? null,
      seen: upstream.requests.slice(before),
      body: response.body,
    }
  }
  return { upstream, rig, ask }
}

describe('a route for some hosts', () => {
  const routes = (upstream: string): RigRoute[] => [
    { path: '/**', hosts: ['api.test'], upstream: `${upstream}/api`, ...PUBLIC },
    { path: '/**', hosts: ['*.test', '[::1]'], upstream: `${upstream}/any`, ...PUBLIC },
    { path: '/all/**', upstream: `${upstream}/all`, ...PUBLIC },
  ]

  test.each([
    ['api.test', '/x', '/api/x'],
    ['API.Test.', '/x', '/api/x'],
    ['api.test:8443', '/x', '/api/x'],
    ['www.test', '/x', '/any/x'],
    ['[::1]:80', '/x', '/any/x'],
    ['a.b.test', '/x', null],
    ['test', '/x', null],
    ['api.test.evil.org', '/x', null],
    ['api.test', '/all/x', '/api/all/x'],
    ['other.org', '/all/x', '/all/all/x'],
  ])('Host: %s, %s goes to %s', async (host, path, expected) => {
    const { ask } = await setUp(routes)
    const { status, seen } = await ask(`GET ${path}`, host)
    expect(status).toBe(expected === null ? 404 : 200)
    expect(seen.map(({ line }) => line)).toEqual(
      expected === null ? [] : [`GET ${expected} HTTP/1.1`],
    )
    // What decided is what is sent on.
    const canonical = host.toLowerCase().replace(/\.(?=:|$)/, '')
    expect(seen.flatMap((request) => request.values('host'))).toEqual(
      expected === null ? [] : [canonical],
    )
  })

  test('is found by Host alone, not by what a client says beside it', async () => {
    const { ask } = await setUp((upstream) => [
      { path: '/**', hosts: ['open.test'], upstream, ...PUBLIC },
      { path: '/**', upstream },
    ])
    const claims = 'X-Forwarded-Host: open.test\r\nForwarded: host=open.test\r\n'
    expect(await ask('GET /x', 'gw.test', claims)).toMatchObject({ status: 401, seen: [] })
    expect(await ask('GET http://open.test/x')).toMatchObject({ status: 400, seen: [] })
  })

  test.each(['a..test', 'api.test:080', 'xn--a.test', 'api.test:x'])(
    'with Host: %s is asked in vain: 400',
    async (host) => {
      const { ask } = await setUp(routes)
      expect(await ask('GET /x', host)).toMatchObject({ status: 400, seen: [] })
    },
  )
})

describe('a route for some methods', () => {
  const routes = (upstream: string): RigRoute[] => [
    { path: '/items/**', methods: ['GET'], upstream: `${upstream}/read`, ...PUBLIC },
    { path: '/items/:id', methods: ['PUT', 'DELETE'], upstream: `${upstream}/write`, ...PUBLIC },
    { path: '/rest/**', methods: ['POST'], upstream: `${upstream}/post`, ...PUBLIC },
    { path: '/rest/**', upstream: `${upstream}/rest`, ...PUBLIC },
  ]

  test.each([
    ['GET /items/1', 200, null, '/read/items/1'],
    ['HEAD /items/1', 200, null, '/read/items/1'],
    ['PUT /items/1', 200, null, '/write/items/1'],
    ['PUT /items', 405, 'GET, HEAD', null],
    ['POST /items/1', 405, 'GET, HEAD, PUT, DELETE', null],
    ['OPTIONS /items/1', 405, 'GET, HEAD, PUT, DELETE', null],
    ['POST /rest/1', 200, null, '/post/rest/1'],
    ['PATCH /rest/1', 200, null, '/rest/rest/1'],
    ['POST /nothing', 404, null, null],
    ['TRACE /rest/1', 405, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', null],
  ])('%s is answered %i, Allow: %s, and goes to %s', async (line, status, allow, path) => {
    const { ask, upstream } = await setUp(routes)
    const answer = await ask(line)
    expect(answer).toMatchObject({ status, allow })
    if (status === 405)
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'method_not_allowed' })
    const [method] = line.split(' ')
    expect(upstream.requests.map((request) => request.line)).toEqual(
      path === null ? [] : [`${method} ${path} HTTP/1.1`],
    )
  })

  test('is not told of to a client of another host', async () => {
    const { ask } = await setUp((upstream) => [
      { path: '/x', hosts: ['a.test'], methods: ['GET'], upstream, ...PUBLIC },
    ])
    expect(await ask('POST /x', 'a.test')).toMatchObject({ status: 405, allow: 'GET, HEAD' })
    expect(await ask('POST /x', 'b.test')).toMatchObject({ status: 404, allow: null })
  })

  test('leaves the connection usable after a 405', async () => {
    const { rig } = await setUp(routes)
    const client = await openRawClient(rig.port)
    client.send(`POST /items/1 HTTP/1.1\r\n${AUTHENTICATED}Content-Length: 3\r\n\r\nabc`)
    await client.untilCount(' 405 ', 1)
    client.send(`GET /items/1 HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
    await client.until(/ok$/)
  })
})

describe('a route with parameters', () => {
  const routes = (upstream: string): RigRoute[] => [
    { path: '/users/:id', upstream: `${upstream}/user`, ...PUBLIC },
    { path: '/users/:id/files/**', upstream: `${upstream}/files` },
  ]

  test.each([
    ['/users/7', 200],
    ['/users/a%20b', 200],
    ['/users/', 404],
    ['/users/7/', 404],
    ['/users/7/files', 401],
    ['/users/7/files/x', 401],
    // An upstream that decodes it would see another route.
    ['/users/7%2Ffiles', 400],
    ['/users/7%252Ffiles', 400],
    ['/users/%2E%2E', 400],
    ['/%75sers/7', 400],
    ['/users/7;x/files', 401],
    ['/users/7%3Bx', 200],
  ])('%s is answered %i', async (path, status) => {
    const { ask } = await setUp(routes)
    const { status: answered, seen } = await ask(`GET ${path}`)
    expect(answered).toBe(status)
    expect(seen.map(({ line }) => line)).toEqual(
      status === 200 ? [`GET /user${path} HTTP/1.1`] : [],
    )
  })
})

describe('a route that takes its prefix off', () => {
  const routes = (upstream: string): RigRoute[] => [
    { path: '/api/v1/**', stripPrefix: '/api', upstream, ...PUBLIC },
    { path: '/api/**', stripPrefix: '/api', upstream: `${upstream}/base`, ...PUBLIC },
    { path: '/bare/**', stripPrefix: '/bare', upstream, ...PUBLIC },
    { path: '/**', upstream, ...PUBLIC },
  ]

  test.each([
    ['/api/v1/x?y', '/v1/x?y', '/api'],
    ['/api/x%2Fy', '/base/x%2Fy', '/api'],
    ['/api/', '/base/', '/api'],
    ['/api', '/base', '/api'],
    ['/api?y', '/base?y', '/api'],
    ['/bare', '/', '/bare'],
    ['/bare?y', '/?y', '/bare'],
    ['/bare/bare/x', '/bare/x', '/bare'],
    ['/apis', '/apis', null],
  ])('%s is sent on as %s, and the upstream is told %s', async (path, expected, prefix) => {
    const { ask } = await setUp(routes)
    const forged = 'X-Forwarded-Prefix: /evil\r\nX_Forwarded_Prefix: /evil\r\n'
    const { seen } = await ask(`GET ${path}`, 'gw.test', forged)
    expect(seen.map(({ line }) => line)).toEqual([`GET ${expected} HTTP/1.1`])
    expect(seen[0]?.values('x-forwarded-prefix')).toEqual(prefix === null ? [] : [prefix])
    expect(JSON.stringify(seen)).not.toContain('evil')
  })

  test.each(['/api/../x', '/api//x', '/api/%2e%2e/x', '/api%2Fx', '/%61pi/x', '/bare/..%2fapi'])(
    '%s is refused',
    async (path) => {
      const { ask } = await setUp(routes)
      expect(await ask(`GET ${path}`)).toMatchObject({ status: 400, seen: [] })
    },
  )
})

describe('the table', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const route = fc.record({
    path: fc
      .tuple(
        fc.array(fc.oneof(name, fc.constant(':x')), { maxLength: 3 }),
        fc.constantFrom('', '/', '/**'),
      )
      .map(([segments, end]) => `/${segments.join('/')}${end}`.replace(/^\/\//, '/')),
    hosts: fc.option(fc.subarray(['a.org', 'b.org', '*.org', '*.a.org'], { minLength: 1 }), {
      nil: undefined,
    }),
    methods: fc.option(fc.subarray(['GET', 'PUT', 'POST'], { minLength: 1 }), { nil: undefined }),
  })
  const question = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH'),
    hostName: fc.constantFrom('a.org', 'b.org', 'c.org', 'x.a.org', 'org', ''),
    path: fc
      .tuple(fc.array(name, { maxLength: 4 }), fc.constantFrom('', '/'))
      .map(([segments, end]) => `/${segments.join('/')}${end}`.replace('//', '/')),
  })

  test('finds what a plain reading of the routes in their order finds', () => {
    type Route = typeof route extends fc.Arbitrary<infer Value> ? Value : never
    type Question = typeof question extends fc.Arbitrary<infer Value> ? Value : never
    const isFor = ({ path, hosts }: Route, { hostName, path: given }: Question): boolean => {
      const open = path.endsWith('/**')
      const source = (open ? path.slice(0, -3) : path).replace(/:x/g, '[^/]+')
      if (!new RegExp(`^${source}${open ? '(?:/.*)?' : ''}$`).test(given)) return false
      return (hosts ?? ['']).some(
        (host) =>
          hosts === undefined || new RegExp(`^${host.replace('*', '[^.]+')}$`).test(hostName),
      )
    }
    const taken = ({ methods }: Route): string[] =>
      (methods ?? []).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))

    fc.assert(
      fc.property(fc.array(route, { maxLength: 8 }), question, (routes, asked) => {
        const table = inOneGo(assembleRouteTable(routes))
        const fitting = routes.filter((each) => isFor(each, asked))
        const first = fitting.find(
          (each) => each.methods === undefined || taken(each).includes(asked.method),
        )
        expect(table.find(asked)).toBe(first ?? null)
        if (first === undefined) {
          expect(new Set(table.methodsFor(asked))).toEqual(new Set(fitting.flatMap(taken)))
        }
      }),
      { numRuns: 5_000 },
    )
  })
})
