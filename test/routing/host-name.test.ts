import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  coversHosts,
  createHostMatcher,
  parseRouteHost,
  readHost,
} from '../../src/routing/host-name.ts'

describe('a Host field', () => {
  test.each([
    ['a', 'a', 'a'],
    ['A.Example.ORG', 'a.example.org', 'a.example.org'],
    ['a.example.org.', 'a.example.org', 'a.example.org'],
    ['a:8080', 'a', 'a:8080'],
    ['a.:0', 'a', 'a:0'],
    ['my_host-1.test', 'my_host-1.test', 'my_host-1.test'],
    ['127.0.0.1:65535', '127.0.0.1', '127.0.0.1:65535'],
    ['[::1]:80', '[::1]', '[::1]:80'],
    ['[2001:DB8::1]', '[2001:db8::1]', '[2001:db8::1]'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a.XN--FA-HIA:80', 'a.xn--fa-hia', 'a.xn--fa-hia:80'],
  ])('%s is %s', (text, name, host) => {
    expect(readHost(text)).toEqual({ name, host })
    expect(readHost(text)).toEqual({ name, host })
  })

  const NOWHERE = [
    ['', '.', 'a..b', '.a', 'a..', 'a b', 'a/b', 'a?', 'a#', 'a@b', 'a\\b', 'a,b', '*.a'],
    ['a:', 'a:x', 'a:080', 'a:-1', 'a:65536', 'a:80:80', ':80', 'a%2eb', 'bücher.example'],
    ['127.1', '0x7f.0.0.1', '127.0.0.01', '2130706433', '1.2.3.4.5', '256.0.0.1'],
    ['[::1', '::1', '[0::1]', '[::ffff:127.0.0.1]', '[::1%25lo]', '[v1.a]'],
    ['xn--a', 'a.xn--.b', 'xn--abc-', 'xn--bcher-kva.xn--a', 'xn--a-ecp', 'xn--1ug'],
    [`${'a'.repeat(63)}.`.repeat(4)],
  ]

  test.each(NOWHERE.flat())('%j names no host in one way', (text) => {
    expect(readHost(text)).toBeNull()
  })

  test('in any spelling that is taken, is a name that stays itself', () => {
    const text = fc.string({ unit: fc.constantFrom(...'aA1.-_[]:*0x% '), maxLength: 12 })
    fc.assert(
      fc.property(text, (given) => {
        const read = readHost(given)
        if (read === null) return
        expect(readHost(read.host)).toEqual(read)
        expect(readHost(read.name)?.name).toBe(read.name)
        expect(new URL(`http://${given}`).hostname.replace(/\.$/, '')).toBe(read.name)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('a host of a route', () => {
  test.each([
    ['API.example.org.', 'api.example.org'],
    ['*.Example.org', '*.example.org'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '[::1]'],
  ])('%s is kept as %s', (text, kept) => {
    expect(parseRouteHost(text)).toBe(kept)
  })

  test.each([
    ['a:80', 'must not have a port'],
    ['*.a:80', 'must not have a port'],
    ['*', 'may contain "*" only as its first label'],
    ['a.*', 'may contain "*" only as its first label'],
    ['*a.org', 'may contain "*" only as its first label'],
    ['*.*.org', 'may contain "*" only as its first label'],
    ['*.127.0.0.1', 'must be a host name or an IP address'],
    ['*.', 'must be a host name or an IP address'],
    ['', 'must be a host name or an IP address'],
    ['http://a', 'must be a host name or an IP address'],
    ['a/b', 'must be a host name or an IP address'],
    ['127.1', 'must be a host name or an IP address'],
    ['bücher.example', 'as it comes in requests: xn--bcher-kva.example'],
    ['*.bücher.example', 'as it comes in requests: *.xn--bcher-kva.example'],
  ])('cannot be %j', (text, problem) => {
    expect(() => parseRouteHost(text)).toThrow(problem)
  })

  test.each([
    [['a.org'], 'a.org', true],
    [['a.org'], 'b.a.org', false],
    [['*.a.org'], 'b.a.org', true],
    [['*.a.org'], 'a.org', false],
    [['*.a.org'], 'c.b.a.org', false],
    [['*.a.org'], 'ba.org', false],
    [['*.a.org', 'a.org'], 'a.org', true],
    [['*.org'], 'org', false],
    [['a.org'], '', false],
    [['*.a.org'], '', false],
  ])('%j stands for %j: %s', (patterns, name, matches) => {
    expect(createHostMatcher(patterns)(name)).toBe(matches)
  })

  test.each([
    [undefined, undefined, true],
    [undefined, ['a'], true],
    [['a'], undefined, false],
    [['a', 'b'], ['b'], true],
    [['a'], ['a', 'b'], false],
    [['*.a'], ['b.a'], true],
    [['*.a'], ['*.a'], true],
    [['b.a'], ['*.a'], false],
    [['*.a'], ['*.b.a'], false],
  ])('%j covers %j: %s', (earlier, later, covered) => {
    expect(coversHosts(earlier, later)).toBe(covered)
  })
})
