import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readsAlike, readTarget } from '../../src/routing/request-target.ts'

/** Routes `/admin/**`, `/a/b/**` and, for all else, `/**`. */
const routeOf = (path: string): string =>
  /^\/admin(?:\/|$)/.test(path) ? 'admin' : /^\/a\/b(?:\/|$)/.test(path) ? 'ab' : 'rest'

describe('a request target', () => {
  test.each([
    ['/', '/', ''],
    ['/a/b', '/a/b', ''],
    ['/a/b/', '/a/b/', ''],
    ['/a?', '/a', '?'],
    ['/a??b', '/a', '??b'],
    ['/a?x=/../y&z=%2e%2e;[]\\"<>', '/a', '?x=/../y&z=%2e%2e;[]\\"<>'],
    ["/-._~!$&'()*+,=:@", "/-._~!$&'()*+,=:@", ''],
    ['/...', '/...', ''],
    ['/.well-known/x..y', '/.well-known/x..y', ''],
  ])('%s is split, not changed', (url, path, query) => {
    expect(readTarget(url)).toEqual({ path, query })
  })

  test.each([
    '',
    '*',
    'a',
    'evil:80',
    'http://gw.test/a',
    'HTTP://gw.test/a',
    'http:/a',
    '//evil/a',
    '/a//b',
    '///',
    '/.',
    '/..',
    '/./a',
    '/a/.',
    '/a/..',
    '/a/../b',
    '/a;b',
    '/a\\b',
    '/a#b',
    '/a?b#c',
    '/a b',
    '/a?b c',
    '/a\u0000',
    '/a?\u0000',
    '/é',
    '/a?é',
    '/a?\u00ff',
    '/a"',
    '/a<',
    '/a[0]',
    '/a^',
    '/a`',
    '/a{b}',
    '/a|b',
    '/%',
    '/a%2',
    '/%zz',
    '/%2x',
  ])('%j is refused', (url) => {
    expect(readTarget(url)).toBeNull()
  })

  test('what is accepted comes out byte by byte, and is accepted again', () => {
    const atom = fc.constantFrom(
      '/',
      'a',
      '.',
      '..',
      '%',
      '%2f',
      '%2e',
      '%61',
      ';',
      '?',
      '#',
      '\\',
      '=',
      'é',
    )
    fc.assert(
      fc.property(fc.array(atom, { maxLength: 12 }), (atoms) => {
        const url = `/${atoms.join('')}`
        const target = readTarget(url)
        if (target === null) return
        expect(target.path + target.query).toBe(url)
        expect(readTarget(target.path)).toEqual({ path: target.path, query: '' })
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('another reading of a path', () => {
  test.each([
    '/files/a%20b',
    '/files/100%25',
    '/files/%25zz',
    '/files/a%2fb',
    '/files/a%2Fb',
    '/files/a%3Bb',
    '/files/a%3fb',
    '/files/%61',
    '/files/%c3%a9',
    '/files/%2561',
    '/admin/%61',
    '/admin/x%2fy',
    '/a/b/c%2fd',
    '/a/%62c',
  ])('%s leads to the same route', (path) => {
    expect(readsAlike(path, routeOf)).toBe(true)
  })

  test.each([
    ['an escaped letter', '/%61dmin/x'],
    ['a letter escaped twice', '/%2561dmin/x'],
    ['an escaped slash', '/admin%2fx'],
    ['a slash before the name', '/%2fadmin'],
    ['parameters', '/admin%3ba=b/x'],
    ['parameters, escaped twice', '/admin%253b/x'],
    ['a question mark', '/admin%3fx'],
    ['a fragment', '/admin%23x'],
    ['parameters before a question mark', '/admin%3b%3fx'],
    ['a deeper prefix', '/a%2fb/c'],
    ['parameters that swallow a slash in one reading', '/a%3b%252fx/b/c'],
  ])('is refused where %s would lead to another route: %s', (_what, path) => {
    expect(readsAlike(path, routeOf)).toBe(false)
  })

  test.each([
    '/files/%2e%2e/admin',
    '/files/%2E%2e',
    '/files/.%2e/x',
    '/files/..%2fadmin',
    '/files/%252e%252e/admin',
    '/files/..%3b/admin',
    '/files/..%3fx',
    '/files/%2e/x',
    '/files/a%5cb',
    '/files/..%5cadmin',
    '/files/a%00',
    '/files/a%0d%0aX:y',
    '/files/a%7f',
    '/files/%ff',
    '/files/%c0%ae%c0%ae/admin',
    '/files/%c0%af../admin',
    '/files/%e0%80%af',
    '/files/%ed%a0%80',
    '/files/%252541',
  ])('is refused where it climbs, ends a line, or is no text: %s', (path) => {
    expect(readsAlike(path, routeOf)).toBe(false)
  })

  test('no accepted path reaches another route, however an upstream reads it', () => {
    const atom = fc.constantFrom(
      '/',
      'admin',
      'a',
      'b',
      'x',
      '.',
      '%2e',
      '%2f',
      '%252f',
      '%3b',
      '%253b',
      '%61',
      '%2561',
      '%3f',
      '%25',
    )
    const decode = (text: string): string =>
      text.replace(/%[0-9a-f]{2}/gi, (escape) => decodeURIComponent(escape))
    const steps: ((text: string) => string)[] = [
      decode,
      (text) => text.replace(/;[^/]*/g, ''),
      (text) => text.replace(/\/{2,}/g, '/'),
      (text) => text.replace(/\?.*/, ''),
      (text) => (text.startsWith('//') ? text : new URL(text, 'http://upstream').pathname),
    ]
    fc.assert(
      fc.property(
        fc.array(atom, { maxLength: 8 }),
        fc.array(fc.constantFrom(...steps), { maxLength: 5 }),
        (atoms, reading) => {
          const target = readTarget(`/${atoms.join('')}`)
          if (target === null || !readsAlike(target.path, routeOf)) return
          const decodings = reading.filter((step) => step === decode).length
          if (decodings > 2) return
          const read = reading.reduce((text, step) => step(text), target.path)
          expect(routeOf(read)).toBe(routeOf(target.path))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('is looked for in linear time', () => {
    const started = performance.now()
    readsAlike(`/${'%25'.repeat(2_700)}41`, routeOf)
    readsAlike(`/${'a%3b%2f'.repeat(1_100)}`, routeOf)
    readTarget(`/${'%41'.repeat(2_700)}%`)
    readTarget(`/${'a/'.repeat(4_000)};`)
    expect(performance.now() - started).toBeLessThan(50)
  })
})
