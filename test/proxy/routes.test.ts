import { describe, expect, test } from 'vitest'

import { createHeaderPolicy } from '../../src/authenticator/index.ts'
import type { ProxyRoute } from '../../src/proxy/index.ts'
import { createReverseProxy } from '../../src/proxy/index.ts'
import { compileRoutes } from '../../src/proxy/routes.ts'

const ROUTE: ProxyRoute = {
  id: 'api',
  path: '/**',
  upstream: 'http://127.0.0.1:3000',
  authenticator: {
    policy: { id: 'api', token: 'none' },
    headers: createHeaderPolicy(),
    authenticate: () => {
      throw new Error('not called')
    },
  },
}

const noDispatcher = (): never => ({}) as never

describe('a route', () => {
  test.each(['/', '/a', '/a/', '/a/b.c', '/**', '/a/**', '/a/b_c~d@e-f/**', '/.well-known/**'])(
    'may have the path %s',
    async (path) => {
      const proxy = createReverseProxy({ routes: [{ ...ROUTE, path }] })
      await proxy.close()
    },
  )

  test.each(['a', '/:id', '/a{b}', '/a/../b', '/a/*', undefined])(
    'may not have the path %j',
    (path) => {
      const routes = [{ ...ROUTE, path: path as string }]
      expect(() => createReverseProxy({ routes })).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          message: expect.stringMatching(/^"routes\[0\]\.path": m/),
        }),
      )
    },
  )

  test.each([
    ['', 'must be a URL that begins with http:// or https://'],
    ['localhost:3000', 'must be a URL that begins with http:// or https://'],
    ['127.0.0.1', 'must be a URL that begins with http:// or https://'],
    ['ftp://a', 'must be a URL that begins with http:// or https://'],
    ['http:a', 'must be a URL that begins with http:// or https://'],
    ['http://u:hunter2@a', 'must not contain a user name or password'],
    ['http://a/?b', 'must not contain "?" or "#"'],
    ['http://a/?', 'must not contain "?" or "#"'],
    ['http://a/#b', 'must not contain "?" or "#"'],
  ])('may not have the upstream %j', (upstream, problem) => {
    const at = '"routes[0].upstream": '
    const route = { ...ROUTE, upstream }
    expect(() => createReverseProxy({ routes: [route] })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringContaining(at + problem),
      }),
    )
    expect(() => createReverseProxy({ routes: [route] })).not.toThrow('hunter2')
  })

  test.each([
    ['connectMs', 1],
    ['headMs', 1],
    ['idleBodyMs', 0],
    ['idleStreamMs', 0],
  ] as const)('has a %s of %i or more', (name, least) => {
    for (const value of [least - 1, 1.5, NaN, Infinity, 2 ** 31]) {
      const timeouts = { [name]: value }
      expect(() => createReverseProxy({ routes: [{ ...ROUTE, timeouts }] })).toThrow(
        new TypeError(
          `"routes[0].timeouts.${name}" must be a whole number of milliseconds, ${least} or more`,
        ),
      )
    }
    expect(compileRoutes([{ ...ROUTE, timeouts: { [name]: least } }], noDispatcher)).toHaveLength(1)
  })

  test('has a name of its own', () => {
    expect(() => createReverseProxy({ routes: [ROUTE, ROUTE] })).toThrow('"routes[1].id"')
    expect(() => createReverseProxy({ routes: [{ ...ROUTE, id: '' }] })).toThrow('"routes[0].id"')
  })

  test('waits 3 s for a connection, 60 s for a head and 60 s within a body', () => {
    expect(compileRoutes([ROUTE], noDispatcher)[0]?.timeouts).toEqual({
      connectMs: 3_000,
      headMs: 60_000,
      idleBodyMs: 60_000,
      idleStreamMs: 0,
    })
  })

  test('keeps the client’s Host towards http, and names the upstream towards https', () => {
    const upstreams = ['http://a:1/b/', 'https://a:2/b', 'https://[::1]', 'HTTP://A//']
    const compiled = compileRoutes(
      upstreams.map((upstream, index) => ({ ...ROUTE, id: String(index), upstream })),
      noDispatcher,
    )
    expect(compiled.map(({ upstreamHost }) => upstreamHost)).toEqual([null, 'a:2', '[::1]', null])
    expect(compiled.map(({ basePath }) => basePath)).toEqual(['/b', '/b', '', ''])
  })

  test('shares its connections with routes to the same origin', () => {
    const asked: string[] = []
    compileRoutes(
      [ROUTE, { ...ROUTE, id: 'b', path: '/b', upstream: `${ROUTE.upstream}/base` }],
      (origin) => {
        asked.push(origin)
        return noDispatcher()
      },
    )
    expect(new Set(asked)).toEqual(new Set(['http://127.0.0.1:3000']))
  })
})
