import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createBoundedMap } from '../src/bounded-map.ts'

interface Entry {
  readonly owner: string
}

function setUp(max: number) {
  const evicted: string[] = []
  const map = createBoundedMap<Entry>({
    max,
    ownerOf: ({ owner }) => owner,
    onEviction: ({ owner }) => void evicted.push(owner),
  })
  const add = (owner: string, ...names: (string | number)[]) => {
    for (const name of names) map.set(`${owner}${name}`, { owner })
  }
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => index)
  const keys = () => [...map.entries()].map(([key]) => key).sort()
  return { map, evicted, add, numbered, keys }
}

describe('a bounded map with owners', () => {
  test('that is full takes from the one that holds most, the oldest first', () => {
    const { add, evicted, keys } = setUp(5)
    add('bob', 1, 2)
    add('alice', 1, 2, 3, 4, 5)
    expect(keys()).toEqual(['alice3', 'alice4', 'alice5', 'bob1', 'bob2'])
    expect(evicted).toEqual(['alice', 'alice'])
  })

  test('takes from the one that holds most, whoever adds', () => {
    const { add, keys } = setUp(5)
    add('alice', 1, 2, 3, 4)
    add('bob', 1)
    add('carol', 1)
    expect(keys()).toEqual(['alice2', 'alice3', 'alice4', 'bob1', 'carol1'])
  })

  test('takes what was used longest ago of what the one holds, where that is not hard to find', () => {
    const { map, add, keys } = setUp(3)
    add('alice', 1, 2, 3)
    map.get('alice1')
    add('alice', 4)
    expect(keys()).toEqual(['alice1', 'alice3', 'alice4'])
  })

  test('takes what was used longest ago where nobody holds more than a hundredth', () => {
    const { map, add, numbered, keys } = setUp(1_000)
    for (const index of numbered(500)) add(`user${index}/`, 1, 2)
    map.get('user0/1')
    add('alice', 1, 2)
    expect(map.size).toBe(1_000)
    expect(keys().filter((key) => key.startsWith('user0/') || key.startsWith('user1/'))).toEqual([
      'user0/1',
      'user1/2',
    ])
  })

  test('counts an entry that is replaced once, and one that is deleted no more', () => {
    const { map, add, keys } = setUp(4)
    add('alice', 1, 1, 1, 2)
    add('bob', 1, 2)
    map.delete('bob2')
    add('carol', 1, 2)
    expect(keys()).toEqual(['alice2', 'bob1', 'carol1', 'carol2'])
    map.clear()
    add('alice', 1, 2, 3, 4)
    expect(keys()).toHaveLength(4)
  })

  test('an entry that is looked at is not used', () => {
    const { map, add, keys } = setUp(200)
    for (let index = 100; index < 300; index++) add(`user${index}/`, 1)
    expect(map.peek('user100/1')).toEqual({ owner: 'user100/' })
    add('alice', 1)
    expect(keys()).not.toContain('user100/1')
  })

  test('keeps its bound, and takes from nobody who holds less than another, whatever is done', () => {
    const step = fc.record({
      owner: fc.constantFrom('a', 'b', 'c', 'd'),
      name: fc.nat(12),
      act: fc.constantFrom('set', 'set', 'set', 'get', 'delete'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { map, evicted } = setUp(10)
        const held = new Map<string, string>()
        const sizeOf = (owner: string) => [...held.values()].filter((one) => one === owner).length
        for (const { owner, name, act } of steps) {
          const key = `${owner}${name}`
          if (act === 'get') map.get(key)
          if (act === 'delete') {
            map.delete(key)
            held.delete(key)
          }
          if (act !== 'set') continue
          const before = evicted.length
          held.set(key, owner)
          map.set(key, { owner })
          const [loser] = evicted.slice(before)
          if (loser !== undefined) {
            expect(evicted).toHaveLength(before + 1)
            const most = Math.max(...['a', 'b', 'c', 'd'].map(sizeOf))
            expect(sizeOf(loser)).toBe(most)
          }
          const now = new Set([...map.entries()].map(([each]) => each))
          for (const each of held.keys()) if (!now.has(each)) held.delete(each)
          expect(held.size).toBe(now.size)
          expect(now.size).toBeLessThanOrEqual(10)
          expect(now.has(key)).toBe(true)
        }
      }),
    )
  })
})
