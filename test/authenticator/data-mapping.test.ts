import fc from 'fast-check'
import { expect, test } from 'vitest'

import { compileDataMapping } from '../../src/authenticator/index.ts'
import type { DataMapping } from '../../src/authenticator/index.ts'
import { createPathMatcher } from '../../src/routing/route-path.ts'
import { canonicalPath, decodeSegment } from '../../src/token/index.ts'

/** The same rule, segment by segment, without regard to what it costs. */
function canonical({ from, path = '', spaces }: DataMapping, requested: string): string | null {
  const source = from
    .replace(/\/\*\*$/, '')
    .split('/')
    .slice(1)
  const given = requested.replace(/\/$/, '').split('/').slice(1)
  const found: string[] = []
  for (const segment of path
    .replace(/\/\*\*$/, '')
    .split('/')
    .slice(1)) {
    const value = segment.startsWith(':') ? (given[source.indexOf(segment)] ?? '') : segment
    const isSpace = segment.startsWith(':') && found.length === 0 && spaces !== undefined
    const id = isSpace ? spaces[decodeSegment(value) ?? ''] : value
    if (id === undefined) return null
    found.push(id)
  }
  return canonicalPath([...found, ...(path.endsWith('/**') ? given.slice(source.length) : [])])
}

const MAPPINGS: readonly DataMapping[] = [
  { from: '/files/:space/**', path: '/:space/**' },
  { from: '/files/:space/**', path: '/:space/**', spaces: { climate: 'id-1', 'a.b': 'x%2fy' } },
  { from: '/files/:space/**', path: '/space1/:space/**', spaces: { climate: 'id-1' } },
  { from: '/:space/docs/**', path: '/:space/docs/**' },
  { from: '/a.b/:space/:name', path: '/:space/:name', spaces: { climate: 'id-1', b: '..' } },
  { from: '/:a/x/:b', path: '/:b/:a' },
  { from: '/:a/x/:b', path: '/:a' },
  { from: '/**', path: '/**', spaces: { climate: 'id-1' } },
  { from: '/files/**', path: '/**' },
  { from: '/files/**', path: '/space1/**' },
  { from: '/~x/**', path: '/~x/**' },
]

const segment = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('files', 'docs', 'x', 'climate', 'a.b', 'b', 'space1') },
  fc.constantFrom('', '.', '..', '.a', 'a..b', '%2e', '%2F', '%41', '%2541', 'é', '%C3%A9', 'a%00'),
  fc.string({ unit: fc.constantFrom('a', '.', '%', '2', 'f', '\\', ':', '-', '~'), maxLength: 4 }),
)

test.each(MAPPINGS)(
  '$from → $path: a path read by one test is what it is read one by one',
  (one) => {
    const mapping = compileDataMapping(one)
    const matches = createPathMatcher(one.from)
    const open = one.from.endsWith('/**')
    const written = one.from
      .replace(/\/\*\*$/, '')
      .split('/')
      .slice(1)
    const paths = fc
      .tuple(
        fc.tuple(...written.map((name) => (name.startsWith(':') ? segment : fc.constant(name)))),
        fc.array(segment, { maxLength: open ? 3 : 0 }),
        fc.boolean(),
      )
      .map(([own, rest, slash]) => `/${[...own, ...rest].join('/')}${slash ? '/' : ''}`)
    let found = 0
    fc.assert(
      fc.property(paths, (path) => {
        if (!matches(path)) return
        const read = mapping.pathOf(path)
        expect(read).toBe(canonical(one, path))
        if (read !== null) found += 1
      }),
      { numRuns: 4_000 },
    )
    expect(found).toBeGreaterThan(100)
  },
)
