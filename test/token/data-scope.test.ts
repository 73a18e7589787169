import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Caveat, DataScope } from '../../src/token/index.ts'
import {
  canonicalPath,
  isAmongObjects,
  isWithinPaths,
  readDataScope,
  readObjectId,
} from '../../src/token/index.ts'

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
const pathCaveat = (...paths: string[]): Caveat => ({
  type: 'data.path',
  whitelist: paths.map(base64),
})
const hex = (text: string): string =>
  `0000000000${'00'.repeat(3)}${Buffer.from(text, 'latin1').toString('hex')}`

function scopeOf(...caveats: Caveat[]): DataScope {
  const scope = readDataScope(caveats)
  if (scope === null) throw new Error('no data caveat')
  return scope
}

describe('paths', () => {
  test.each([
    [['/s/a'], '/s/a', true],
    [['/s/a'], '/s/a/b', true],
    [['/s/a'], '/s/ab', false],
    [['/s/a'], '/s', false],
    [['/s/a'], '/s/A', false],
    [['/s/a', '/t'], '/t/x', true],
    [['/s/./a//b'], '/s/a/b/c', true],
    [['/s/a/../b'], '/s/b', false],
    [['/s/a\0'], '/s/a', false],
    [['/s/é'], '/s/\xc3\xa9', true],
    [['/s/e\u0301'], '/s/\xc3\xa9', false],
  ])('of %j allow %j: %s', (paths, path, allowed) => {
    expect(isWithinPaths(scopeOf(pathCaveat(...paths)), path)).toBe(allowed)
  })

  test('must all allow it, each caveat by itself', () => {
    const scope = scopeOf(pathCaveat('/s/a', '/s/b'), pathCaveat('/s/b', '/s/c'))
    expect(['/s/a', '/s/b', '/s/c'].map((path) => isWithinPaths(scope, path))).toEqual([
      false,
      true,
      false,
    ])
  })

  test('allow nothing where every entry was dropped', () => {
    expect(isWithinPaths(scopeOf(pathCaveat('/..', '/\0')), '/s')).toBe(false)
  })
})

describe('the canonical path', () => {
  test.each([
    [['s', 'a b'], '/s/a b'],
    [['s', 'a%20b'], '/s/a b'],
    [['s', '%C3%A9'], '/s/\xc3\xa9'],
    [['s', '..'], null],
    [['s', '%2e%2E'], null],
    [['s', '.'], null],
    [['s', ''], null],
    [['s', 'a%2fb'], null],
    [['s', 'a%5Cb'], null],
    [['s', 'a%00'], null],
    [['s', '%0a'], null],
    [['s', '%252e'], null],
    [['s', '%C0%AE'], null],
    [['s', '%E9'], null],
    [['s', '%'], null],
    [[], null],
  ])('of %j is %j', (segments, path) => {
    expect(canonicalPath(segments)).toBe(path)
  })
})

describe('object ids', () => {
  test('are compared by what they decode to, whatever their checksum', () => {
    const id = hex('guid#uuid1#space1')
    const other = `00000000${'00'}01abcd${id.slice(16)}`
    expect(readObjectId(other)).toBe('uuid1#space1')
    const scope = scopeOf({ type: 'data.objectid', whitelist: [id] })
    expect(isAmongObjects(scope, 'uuid1#space1')).toBe(true)
    expect(isAmongObjects(scope, 'uuid2#space1')).toBe(false)
  })

  test.each([hex('shareGuid#uuid1#space1#share1'), hex('guid#uuid1'), 'zz', '', hex('guid##')])(
    'are none, or that of a share: %j',
    (id) => {
      expect(readObjectId(id)).toBeNull()
    },
  )

  test('that cannot be decoded allow nothing, in whichever caveat they stand', () => {
    const good = { type: 'data.objectid', whitelist: [hex('guid#u#s')] } as const
    const bad = { type: 'data.objectid', whitelist: ['00'] } as const
    expect(isAmongObjects(scopeOf(good, bad), 'u#s')).toBe(false)
    expect(isAmongObjects(scopeOf(bad, good), 'u#s')).toBe(false)
  })
})

describe('for all caveats and paths', () => {
  const segment = fc.oneof(
    fc.constantFrom('s', 'a', 'ab', 'b', '..', '.', ''),
    fc.string({ maxLength: 3 }),
  )
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => `/${all.join('/')}`)
  const caveat = fc.oneof(
    fc.constant<Caveat>({ type: 'data.readonly' }),
    fc.array(path, { maxLength: 3 }).map((paths) => pathCaveat(...paths)),
  )

  test('a further one never allows more', () => {
    fc.assert(
      fc.property(fc.array(caveat, { maxLength: 3 }), caveat, path, (before, more, asked) => {
        const confined = scopeOf(...before, more)
        const wider = readDataScope(before)
        if (!isWithinPaths(confined, asked)) return
        expect(wider === null || isWithinPaths(wider, asked)).toBe(true)
      }),
      { numRuns: 100_000 },
    )
  })

  test('what is allowed lies inside as a file system sees it, too', () => {
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 3 }), path, (paths, asked) => {
        const canonical = canonicalPath(asked.split('/').slice(1).map(encodeURIComponent))
        if (canonical === null || !isWithinPaths(scopeOf(pathCaveat(...paths)), canonical)) return
        const url = new URL(`file://${canonical.replace(/[?#%]/g, 'x')}`)
        expect(url.pathname.split('/')).toHaveLength(canonical.split('/').length)
      }),
      { numRuns: 100_000 },
    )
  })
})
