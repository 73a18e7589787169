import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readTarget } from '../../src/routing/request-target.ts'

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
    ['/report[1].pdf', '/report[1].pdf', ''],
    ['/a;b.txt', '/a;b.txt', ''],
    ['/a"b<c>d^e`f{g}h|i', '/a"b<c>d^e`f{g}h|i', ''],
    ['//evil/a', '//evil/a', ''],
    ['/a//b', '/a//b', ''],
    ['/%E9', '/%E9', ''],
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
    '/.',
    '/..',
    '/a/.',
    '/a/..',
    '/a/../b',
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
    '/%',
    '/a%2',
    '/%zz',
    '/%2x',
  ])('%j is refused', (url) => {
    expect(readTarget(url)).toBeTypeOf('string')
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
        if (typeof target === 'string') return
        expect(target.path + target.query).toBe(url)
        expect(readTarget(target.path)).toEqual({ path: target.path, query: '' })
      }),
      { numRuns: 5_000 },
    )
  })
})

test.each([
  ['/a\\b', 'Byte 3 of the path is 0x5C, which must be escaped: %5C.'],
  ['/a#b', 'Byte 3 of the path is 0x23, which must be escaped: %23.'],
  ['/a?b#c', 'Byte 3 of the query is 0x23, which must be escaped: %23.'],
  ['/caf\xc3\xa9', 'Byte 5 of the path is 0xC3, which must be escaped: %C3.'],
  ['/100%', 'Byte 5 of the path, "%", begins no escape of two hexadecimal digits.'],
  ['/a/../b', 'Byte 4 of the path begins a dot segment, which servers resolve in different ways.'],
  ['a', 'The request target must be a path that begins with a slash.'],
])('of %j the byte at fault is named', (url, objection) => {
  expect(readTarget(url)).toBe(objection)
})

test('is read in linear time', () => {
  const started = performance.now()
  readTarget(`/${'%41'.repeat(5_400)}%`)
  readTarget(`/${'a/'.repeat(8_000)}#`)
  expect(performance.now() - started).toBeLessThan(50)
})
