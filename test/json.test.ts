import { expect, test } from 'vitest'
import { isJsonObject } from '../src/json.ts'

test.each([
  [{}, true],
  [[], false],
  [null, false],
  ['x', false],
  [undefined, false],
])('isJsonObject(%j) is %s', (value, expected) => {
  expect(isJsonObject(value)).toBe(expected)
})
