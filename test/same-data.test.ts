import { isDeepStrictEqual } from 'node:util'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { isSameData } from '../src/same-data.ts'

const values = fc.anything({ withDate: true, withNullPrototype: true, withTypedArray: true })

test('values say the same where isDeepStrictEqual says so', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      expect(isSameData(one, other)).toBe(isDeepStrictEqual(one, other))
    }),
    { numRuns: 2_000 },
  )
})

test('a value says the same as its copy, and not with one leaf changed', () => {
  const leaf = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))
  const path = fc.array(fc.constantFrom('a', 'b', 'headers', '0'), { maxLength: 4 })
  fc.assert(
    fc.property(fc.jsonValue(), path, leaf, leaf, (around, names, one, other) => {
      const put = (value: unknown): unknown =>
        names.reduceRight((inner: unknown, name) => ({ around, [name]: inner }), [value])
      expect(isSameData(put(one), structuredClone(put(one)))).toBe(true)
      expect(isSameData(put(one), put(other))).toBe(Object.is(one, other))
    }),
    { numRuns: 1_000 },
  )
})

test.each([
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [[], {}],
  [['a'], ['a', undefined]],
  [new Date(1), new Date(2)],
  [Buffer.from('a'), Buffer.from('b')],
  [new Map([['a', 1]]), new Map([['a', 2]])],
])('%j and %j do not say the same', (one, other) => {
  expect(isSameData(one, other)).toBe(false)
  expect(isSameData(one, one)).toBe(true)
})
