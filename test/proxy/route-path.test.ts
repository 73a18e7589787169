import { describe, expect, test } from 'vitest'
import { coversPath, parseRoutePath } from '../../src/proxy/index.ts'

describe('parseRoutePath', () => {
  test.each(['/', '/**', '/a', '/a/', '/a/**', '/a/b.c/~d/**', '/a@b-c/_d', '/.well-known/**'])(
    'accepts %s',
    (path) => {
      expect(parseRoutePath(path)).toBe(path)
    },
  )

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
    ['/:id', 'must consist of'],
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
  ])('%s before %s: %s', (earlier, later, covered) => {
    expect(coversPath(earlier, later)).toBe(covered)
  })
})
