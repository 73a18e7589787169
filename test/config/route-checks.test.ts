import { expect, test } from 'vitest'

import { crossCheck } from '../../src/config/cross-checks.ts'

test('a route is looked at a few times, however many routes there are', () => {
  const looksOf = (howMany: number): number => {
    let looks = 0
    const routes = Array.from({ length: howMany }, (_, index) => ({
      path: `/r${index}`,
      upstream: 'http://127.0.0.1:1',
      get headers() {
        if (index === 0) looks += 1
        return { subjectId: 'X-User' }
      },
    }))
    expect(crossCheck({ onezone: { url: 'https://onezone.example.org' }, routes })).toEqual([])
    return looks
  }
  expect(looksOf(100)).toBe(looksOf(10))
})
