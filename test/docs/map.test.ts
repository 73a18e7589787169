import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { names, ROOT, rows } from './pages.ts'

const SRC = join(ROOT, 'src')
const MAP = rows('docs/architecture.md', 'The map of src/').map(([room]) => names(room ?? '')[0])

test('the map has a line for every room of src, and for no other', () => {
  const rooms = readdirSync(SRC).map((name) => name.replace(/\.ts$/, ''))
  expect(MAP.toSorted()).toEqual(rooms.toSorted())
})

test('the map is in the order of the flow: a room imports only rooms that stand before it', () => {
  const wrong = readdirSync(SRC).flatMap((name) => {
    const room = name.replace(/\.ts$/, '')
    const isFolder = statSync(join(SRC, name)).isDirectory()
    const files = isFolder ? readdirSync(join(SRC, name)).map((file) => join(name, file)) : [name]
    const imports = files.flatMap((file) =>
      [...readFileSync(join(SRC, file), 'utf8').matchAll(/from '(\.[^']+)'/g)]
        .map((match) => match[1] ?? '')
        .filter((specifier) => !isFolder || specifier.startsWith('../'))
        .map((specifier) => specifier.replace(/^\.\.?\//, '').replace(/(?:\/.*|\.ts)$/, '')),
    )
    return [...new Set(imports)]
      .filter((other) => MAP.indexOf(other) >= MAP.indexOf(room))
      .map((other) => `${room} → ${other}`)
  })
  expect(wrong).toEqual([])
})
