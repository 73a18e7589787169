import { describe, expect, test } from 'vitest'

import { formatListenAddress } from '../../src/config/listen-address.ts'
import { ENVIRONMENT_VARIABLES, variableOf } from '../../src/config/overlay.ts'
import { configSchema, routeSchema } from '../../src/config/schema.ts'
import { names, rows, textOf } from './pages.ts'

const PAGE = 'docs/configuration.md'

type Group = Readonly<Record<string, unknown>>

/** What stands in a table of settings. */
interface Listed {
  readonly default: string
  readonly bounds: readonly [least: number, most: number] | null
}

function listedIn(heading: string): Map<string, Listed> {
  return new Map(
    rows(PAGE, heading)
      .filter((cells) => cells.length === 4)
      .flatMap(([setting = '', , value = '', bounds = '']) => {
        const [, least, most] = /^(\d+) to (\d+)$/.exec(bounds) ?? []
        return names(setting).map((name): [string, Listed] => [
          name,
          {
            default: value,
            bounds: least === undefined ? null : [Number(least), Number(most)],
          },
        ])
      }),
  )
}

/** Every value of a group that is no group itself, by its path. */
function leavesOf(group: Group, prefix = ''): [path: string, value: unknown][] {
  return Object.entries(group).flatMap(([key, value]) => {
    const path = `${prefix}${key}`
    if (path === 'listen' || path === 'adminListen') {
      return [[path, formatListenAddress(value as Parameters<typeof formatListenAddress>[0])]]
    }
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leavesOf(value as Group, `${path}.`)
      : [[path, value]]
  })
}

/** `nested('a.b', 1)` is `{ a: { b: 1 } }`. */
function nested(path: string, value: unknown, beside: Group = {}): Group {
  const [first = '', ...rest] = path.split('.')
  const inner = (beside[first] ?? {}) as Group
  return { ...beside, [first]: rest.length === 0 ? value : nested(rest.join('.'), value, inner) }
}

const ROUTE = { path: '/**', upstream: 'http://a' }
const UPSTREAM = { urls: ['http://a'], healthCheck: { path: '/' } }

const TABLES = [
  {
    heading: 'Settings',
    defaults: () => leavesOf(configSchema.parse({}) as unknown as Group),
    takes: (settings: Group) => configSchema.safeParse(settings).success,
    beside: { assertion: { issuer: 'https://gateway.example.org' } },
  },
  {
    heading: 'On a route',
    defaults: () =>
      leavesOf(routeSchema.parse(ROUTE) as unknown as Group).filter(
        ([path]) => !path.startsWith('upstream.') && path !== 'path',
      ),
    takes: (settings: Group) => routeSchema.safeParse(settings).success,
    beside: { ...ROUTE, cors: { origins: ['*'] } },
  },
  {
    heading: 'Upstreams',
    defaults: () =>
      leavesOf(
        routeSchema.parse({ ...ROUTE, upstream: UPSTREAM }).upstream as unknown as Group,
      ).filter(([path]) => path !== 'urls' && path !== 'healthCheck.path'),
    takes: (upstream: Group) => routeSchema.safeParse({ ...ROUTE, upstream }).success,
    beside: UPSTREAM,
  },
]

describe.each(TABLES)('the table of $heading', ({ heading, defaults, takes, beside }) => {
  const listed = listedIn(heading)

  test('has every setting that has a default, with that default', () => {
    const found = defaults()
    expect(found.length).toBeGreaterThan(3)
    for (const [path, value] of found) {
      expect(listed.has(path), path).toBe(true)
      // Nothing, and an empty list, are told in words.
      if (value === undefined || value === null || Array.isArray(value)) continue
      expect(listed.get(path)?.default, path).toBe(`\`${value as string | number | boolean}\``)
    }
  })

  test('has the bounds that hold', () => {
    const bounded = [...listed].filter(([, { bounds }]) => bounds !== null)
    expect(bounded.length).toBeGreaterThan(3)
    for (const [path, { bounds }] of bounded) {
      const [least, most] = bounds ?? [0, 0]
      for (const value of [least, most]) {
        expect(takes(nested(path, value, beside)), `${path}: ${value}`).toBe(true)
      }
      for (const value of [least - 1, most + 1]) {
        expect(takes(nested(path, value, beside)), `${path}: ${value}`).toBe(false)
      }
    }
  })
})

test('every setting has a variable, but those that are said to have none', () => {
  const listed = [...listedIn('Settings').keys()]
  const sentence = /without a variable:([^.]*(?:\.[^.\s][^.]*)*)\.\s/.exec(textOf(PAGE))?.[1] ?? ''
  const without = names(sentence)
  const variables = listed
    .filter((path) => !without.includes(path))
    .map((path) => variableOf(path.split('.')))
  expect(variables.sort()).toEqual([...ENVIRONMENT_VARIABLES].sort())
  expect(listed).toEqual(expect.arrayContaining(without))
})
