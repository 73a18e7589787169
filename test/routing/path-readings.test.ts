import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { objectionToPath } from '../../src/routing/path-readings.ts'
import { readTarget } from '../../src/routing/request-target.ts'
import { assembleRouteTable } from '../../src/routing/route-table.ts'
import { inOneGo } from '../../src/slices.ts'

/** Routes in the order in which they count. */
const PATHS = ['/admin/**', '/a/b/**', '/exact', '/slashed/', '/Users/:id', '/**']

const table = inOneGo(assembleRouteTable(PATHS.map((path) => ({ path }))))

const at = (path: string) => ({ method: 'GET', hostName: '', path })
const objectionTo = (path: string, strip = ''): string | null =>
  objectionToPath(at(path), table.find(at(path)), strip, table)
const readsAlike = (path: string): boolean => objectionTo(path) === null
const routeOf = (path: string): string | undefined => table.find(at(path))?.path

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
    '/files/report[1].pdf',
    '/files/a;b.txt',
    '/files/;',
    '/files/a//b',
    '/files//',
    '/files/%2Fetc',
    '/files/a%5Cb',
    '/files/%E9t%E9.txt',
    '/files/%ff',
    '/files/%C0%20la%20carte',
    '/files/%25zz%2541',
    '/files/Report.PDF',
    '/exact',
    '/slashed/',
    '/Users/5',
    '/Users/5;v=1',
    '/files/x.',
    '/files/x%20',
    '/Files/x',
    '/A/x',
    '/admin/%61',
    '/admin/x%2fy',
    '/a/b/c%2fd',
    '/a/%62c',
  ])('%s leads to the same route', (path) => {
    expect(readsAlike(path)).toBe(true)
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
    ['case', '/ADMIN/x'],
    ['case of an escaped letter', '/%41dmin/x'],
    ['a blank', '/admin%20/x'],
    ['a blank, escaped twice', '/admin%2520/x'],
    ['a final dot', '/admin./x'],
    ['a no-break space', '/admin%c2%a0'],
    ['a final slash', '/exact/'],
    ['a final slash and case', '/EXACT/'],
    ['a final slash that is missing', '/slashed'],
    ['case of a pattern', '/users/5'],
    ['slashes', '//admin/x'],
    ['slashes within', '/a//b/c'],
    ['raw parameters', '/admin;a=b/x'],
    ['raw parameters at the end', '/admin;'],
    ['a backslash', '/admin%5cx'],
    ['parameters that swallow a slash in one reading', '/a%3b%252fx/b/c'],
  ])('is refused where %s would lead to another route: %s', (_what, path) => {
    expect(readsAlike(path)).toBe(false)
  })

  test.each([
    '/files/%2e%2e/admin',
    '/files/..;/admin',
    '/files/..;a=b',
    '/files/%2e%2e;',
    '/files/a//../x',
    '/files/a%5c..%5cb',
    '/files/..%20/x',
    '/files/%c0%2e%c0%2e/x',
    '/files/%c1%9c',
    '/files/%2E%2e',
    '/files/.%2e/x',
    '/files/..%2fadmin',
    '/files/%252e%252e/admin',
    '/files/..%3b/admin',
    '/files/..%3fx',
    '/files/%2e/x',
    '/files/..%5cadmin',
    '/files/a%00',
    '/files/a%0d%0aX:y',
    '/files/a%7f',
    '/files/%c0%ae%c0%ae/admin',
    '/files/%c0%af../admin',
    '/files/%e0%80%af',
    '/files/%ed%a0%80',
    '/files/%252541',
  ])('is refused where it climbs, ends a line, or is no text: %s', (path) => {
    expect(readsAlike(path)).toBe(false)
  })

  test('no accepted path reaches another route, however an upstream reads it', () => {
    const atoms =
      '/ admin a b x A exact . ; %2e %2f %252f %3b %253b %61 %41 %2561 %3f %25 %20 %2520'
    const atom = fc.constantFrom(...`${atoms} %5c %255c [ %e9 %252e`.split(' '))
    const decode = (text: string): string =>
      text.replace(/%[0-9a-f]{2}/gi, (escape) =>
        String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
      )
    const steps: ((text: string) => string)[] = [
      decode,
      (text) => text.replace(/;[^/]*/g, ''),
      (text) => text.replace(/\/{2,}/g, '/'),
      (text) => text.replace(/\\/g, '/'),
      (text) => text.replace(/\?.*/, ''),
      (text) => text.replace(/[. ]+(?=\/|$)/g, ''),
      (text) => (/^[/\\]{2}/.test(text) ? text : new URL(text, 'http://upstream').pathname),
    ]
    let accepted = 0
    fc.assert(
      fc.property(
        fc.array(atom, { maxLength: 8 }),
        fc.array(fc.constantFrom(...steps), { maxLength: 5 }),
        (parts, reading) => {
          const target = readTarget(`/${parts.join('')}`)
          if (typeof target === 'string' || !readsAlike(target.path)) return
          if (reading.filter((step) => step === decode).length > 2) return
          accepted++
          const read = reading.reduce((text, step) => step(text), target.path)
          if (read !== '') expect(routeOf(read)).toBe(routeOf(target.path))
          // And where case does not count either.
          const folded = table.find(at(read.toLowerCase()))?.path
          expect([undefined, routeOf(target.path)]).toContain(folded)
        },
      ),
      { numRuns: 20_000 },
    )
    expect(accepted).toBeGreaterThan(1_000)
  })

  test('is looked for in bounded time', () => {
    const started = performance.now()
    for (const path of [
      `/${'%25'.repeat(5_400)}41`,
      `/${'a%3b%2f'.repeat(2_300)}`,
      `/${';/'.repeat(8_000)}`,
      `/${'.'.repeat(16_000)}a`,
      `/${'%2e'.repeat(5_400)}a`,
      `/${'. /'.repeat(5_000)}`,
      `/${'%5c;%3b%3f//. '.repeat(1_100)}`,
    ]) {
      objectionTo(path)
    }
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('what is at fault', () => {
  test.each([
    ['/admin;x', '";" at byte 7 leads some servers to the path of another route.'],
    ['/files/%2e%2e/x', '"%2e%2e" at byte 8 leads to a dot segment'],
    ['/files/a%0ab', '"%0a" at byte 9 is a control character.'],
    ['//evil/x', '"//" at byte 1 begins a path that some servers take for a host.'],
    ['/ADMIN/x', '"A" at byte 2 leads servers that disregard case'],
    ['/exact/', '"/" at byte 7 leads servers that disregard case or a final slash'],
    ['/files/%25252e', '"%2525" at byte 8 is escaped more than twice.'],
  ])('is named with its place: %s', (path, what) => {
    expect(objectionTo(path)).toContain(`The path can be read in more than one way: ${what}`)
  })
})

test('what is left when a prefix is taken off may not begin like a URL of another host', () => {
  const strip = (path: string) => objectionTo(path, '/files')
  expect(strip('/files//evil/x')).toContain('"//" at byte 7')
  expect(strip('/files/a//x')).toBeNull()
  expect(strip('/files')).toBeNull()
})

test('paths that differ in case or in a final slash only are told apart where each has a route', () => {
  const own = inOneGo(
    assembleRouteTable(
      ['/Docs', '/docs', '/docs/', '/docs/**', '/one', '/one/**', '/**'].map((path) => ({ path })),
    ),
  )
  for (const path of ['/Docs', '/docs', '/docs/', '/docs/x', '/one', '/one/', '/one/x']) {
    expect(objectionToPath(at(path), own.find(at(path)), '', own)).toBeNull()
  }
  expect(objectionToPath(at('/DOCS'), own.find(at('/DOCS')), '', own)).toContain('case')
})
