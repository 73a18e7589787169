import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkStripPrefix, coversPath, parseRoutePath } from '../../src/routing/index.ts'
import { createPathMatcher } from '../../src/routing/route-path.ts'

describe('parseRoutePath', () => {
  test.each([
    '/',
    '/**',
    '/a',
    '/a/',
    '/a/**',
    '/a/b.c/~d/**',
    '/a@b-c/_d',
    '/.well-known/**',
    '/:id',
    '/users/:id/',
    '/users/:userId/files/:name_2/**',
  ])('accepts %s', (path) => {
    expect(parseRoutePath(path)).toBe(path)
  })

  test.each([
    ['', 'must begin with "/"'],
    ['a', 'must begin with "/"'],
    ['**', 'must begin with "/"'],
    ['*', 'must begin with "/"'],
    ['/*', 'may contain "*" only'],
    ['/a*', 'may contain "*" only'],
    ['/a/*', 'may contain "*" only'],
    ['/a**', 'may contain "*" only'],
    ['/**/a', 'may contain "*" only'],
    ['//', 'must not contain "//"'],
    ['/a//b', 'must not contain "//"'],
    ['//a', 'must not contain "//"'],
    ['/a//**', 'must not contain "//"'],
    ['/a/../b', 'must not contain "/.."'],
    ['/a/..', 'must not contain "/.."'],
    ['/.', 'must not contain "/."'],
    ['/./a', 'must not contain "/."'],
    ['/a%2Fb', 'without %-escapes'],
    ['/:', 'must have a name after ":"'],
    ['/:1', 'must have a name after ":"'],
    ['/:a-b', 'must have a name after ":"'],
    ['/:id.json', 'must have a name after ":"'],
    ['/a/:id*', 'may contain "*" only'],
    ['/:id/x/:id', 'must not contain ":id" twice'],
    ['/a:b', 'must consist of'],
    ['/a{b}', 'must consist of'],
    ['/a?b', 'must consist of'],
    ['/ä', 'must consist of'],
    ['/a b', 'must consist of'],
    ['/a;b', 'must consist of'],
  ])('refuses %j', (path, problem) => {
    expect(() => parseRoutePath(path)).toThrow(problem)
  })
})

describe('coversPath', () => {
  test.each([
    ['/**', '/', true],
    ['/**', '/a', true],
    ['/**', '/a/**', true],
    ['/a/**', '/a', true],
    ['/a/**', '/a/b', true],
    ['/a/**', '/a/b/**', true],
    ['/a/**', '/a/**', true],
    ['/a', '/a', true],
    ['/a/**', '/ab', false],
    ['/a/**', '/ab/**', false],
    ['/a/b/**', '/a/**', false],
    ['/a', '/a/**', false],
    ['/a', '/a/', false],
    ['/', '/**', false],
    ['/:x', '/a', true],
    ['/:x', '/:y', true],
    ['/:x/b', '/a/b', true],
    ['/:x/**', '/a', true],
    ['/:x/**', '/:y/b/**', true],
    ['/a/**', '/a/:x/**', true],
    ['/a', '/:x', false],
    ['/:x', '/', false],
    ['/:x', '/a/', false],
    ['/:x', '/:y/**', false],
    ['/:x/**', '/**', false],
    ['/:x/b', '/a/:y', false],
  ])('%s before %s: %s', (earlier, later, covered) => {
    expect(coversPath(earlier, later)).toBe(covered)
  })
})

describe('a path matcher', () => {
  test.each([
    ['/users/:id', '/users/7', true],
    ['/users/:id', '/users/a%20b', true],
    ['/users/:id', '/users/', false],
    ['/users/:id', '/users', false],
    ['/users/:id', '/users/7/', false],
    ['/users/:id', '/users/7/8', false],
    ['/users/:id/', '/users/7/', true],
    ['/users/:id/**', '/users/7', true],
    ['/users/:id/**', '/users/7/8/9', true],
    ['/users/:id/**', '/users/', false],
    ['/:a/:b', '/x/y', true],
    ['/:a/x', '/y/y', false],
    ['/api/**', '/api', true],
    ['/api/**', '/apix', false],
  ])('of %s: %s %s', (pattern, path, matches) => {
    expect(createPathMatcher(pattern)(path)).toBe(matches)
  })

  const segment = fc.constantFrom('a', 'b', 'ab', ':x')
  const pattern = fc
    .tuple(fc.uniqueArray(segment, { maxLength: 3 }), fc.constantFrom('', '/', '/**'))
    .map(([segments, end]) => `/${segments.join('/')}${end}`.replace(/^\/\//, '/'))
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'c%2F'), { maxLength: 4 })
    .chain((segments) => fc.constantFrom('', '/').map((end) => `/${segments.join('/')}${end}`))
    .map((text) => text.replace(/\/\//g, '/'))

  test('agrees with a regular expression', () => {
    fc.assert(
      fc.property(pattern, path, (text, given) => {
        const open = text.endsWith('/**')
        const fixed = open ? text.slice(0, -3) : text
        const source = fixed.replace(/:x/g, '[^/]+') + (open ? '(?:/.*)?' : '')
        expect(createPathMatcher(text)(given)).toBe(new RegExp(`^${source}$`).test(given))
      }),
      { numRuns: 2_000 },
    )
  })

  test('of a path that covers another matches whatever that one matches', () => {
    fc.assert(
      fc.property(pattern, pattern, path, (earlier, later, given) => {
        if (!coversPath(earlier, later) || !createPathMatcher(later)(given)) return
        expect(createPathMatcher(earlier)(given), `${earlier} ${later} ${given}`).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('what is taken off a path', () => {
  test.each([
    ['/api', '/api/**'],
    ['/api', '/api'],
    ['/api', '/api/v1/**'],
    ['/api/v1', '/api/v1/**'],
    ['/users', '/users/:id/**'],
  ])('may be %s of %s', (prefix, path) => {
    expect(checkStripPrefix(prefix, path)).toBe(prefix)
  })

  test.each([
    ['', '/api/**', 'must begin with "/"'],
    ['/', '/**', 'must begin with "/"'],
    ['api', '/api/**', 'must begin with "/"'],
    ['/api/', '/api/**', 'must begin with "/"'],
    ['/ap', '/api/**', 'must be a prefix of the path (/api/**)'],
    ['/api/v1', '/api/**', 'must be a prefix of the path (/api/**)'],
    ['/users/:id', '/users/:id/**', 'up to its first parameter'],
    ['/other', '/**', 'must be a prefix of the path (/**)'],
  ])('may not be %j of %s', (prefix, path, problem) => {
    expect(() => checkStripPrefix(prefix, path)).toThrow(problem)
  })
})
