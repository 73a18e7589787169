import { describe, expect, test } from 'vitest'

import { createHeaderPolicy } from '../../src/authenticator/index.ts'
import type { ProxyRoute } from '../../src/proxy/index.ts'
import { createReverseProxy } from '../../src/proxy/index.ts'
import { compileRoutes } from '../../src/proxy/routes.ts'
import { inOneGo } from '../../src/slices.ts'

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

const noGroup = (): never => ({}) as never

describe('a route', () => {
  test.each(['/', '/a/', '/a/b.c', '/**', '/a/b_c~d@e-f/**', '/.well-known/**', '/:id/**'])(
    'may have the path %s',
    async (path) => {
      const proxy = createReverseProxy({ routes: [{ ...ROUTE, path }] })
      await proxy.close()
    },
  )

  test.each(['a', '/:', '/a{b}', '/a/../b', '/a/*', undefined])(
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
    expect(
      inOneGo(compileRoutes([{ ...ROUTE, timeouts: { [name]: least } }], noGroup)),
    ).toHaveLength(1)
  })

  test('has a name of its own', () => {
    expect(() => createReverseProxy({ routes: [ROUTE, ROUTE] })).toThrow('"routes[1].id"')
    expect(() => createReverseProxy({ routes: [{ ...ROUTE, id: '' }] })).toThrow('"routes[0].id"')
  })

  test('waits 3 s for a connection, 60 s for a head and 60 s within a body', () => {
    expect(inOneGo(compileRoutes([ROUTE], noGroup))[0]?.timeouts).toEqual({
      connectMs: 3_000,
      headMs: 60_000,
      idleBodyMs: 60_000,
      idleStreamMs: 0,
    })
  })

  test.each([
    ['hosts', [], '"routes[0].hosts" must not be empty; leave it out'],
    ['hosts', ['a', 'b:80'], '"routes[0].hosts[1]": must not have a port'],
    ['hosts', ['a/b'], '"routes[0].hosts[0]": must be a host name'],
    ['methods', [], '"routes[0].methods" must not be empty; leave it out'],
    ['methods', ['get'], '"routes[0].methods[0]": must be written in capital letters: GET'],
    ['methods', ['TRACE'], '"routes[0].methods[0]": must be a method that the gateway carries'],
    ['methods', ['FETCH'], '"routes[0].methods[0]": must be a method that the gateway carries'],
    ['stripPrefix', '/a', '"routes[0].stripPrefix": must be a prefix of the path (/**)'],
    ['maxBodyBytes', -1, '"routes[0].maxBodyBytes" must be a whole number of bytes, 0 or more'],
    ['maxBodyBytes', 0.5, '"routes[0].maxBodyBytes" must be a whole number of bytes, 0 or more'],
    ['upstream', [], '"routes[0].upstream": must name at least one URL'],
    ['upstream', ['http://a', 'ftp://b'], '"routes[0].upstream": must be a URL that begins with'],
  ])('may not have %s %j', (name, value, problem) => {
    const routes = [{ ...ROUTE, [name]: value }]
    expect(() => createReverseProxy({ routes })).toThrow(
      expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(problem) }),
    )
  })

  test('takes everything where it says nothing', () => {
    expect(inOneGo(compileRoutes([ROUTE], noGroup))[0]).toMatchObject({
      hosts: undefined,
      methods: undefined,
      stripPrefix: '',
      maxBodyBytes: Infinity,
    })
  })
})
