import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { octetsOfText, textOfOctets } from '../../src/token/octets.ts'

/** Octets that are often UTF-8, nearly UTF-8, or not at all. */
const octets = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text, 'utf8'))),
    ),
    { maxLength: 5 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

describe('the text of octets', () => {
  test('is UTF-8 where they are, U+FFFD and byte order mark included', () => {
    expect(textOfOctets(Buffer.from('\ufeffżółw \ufffd 🔑'))).toBe('\ufeffżółw \ufffd 🔑')
  })

  test('gives the same octets again, so that no two share one', () => {
    fc.assert(
      fc.property(octets, (given) => {
        expect(new Uint8Array(octetsOfText(textOfOctets(given)))).toEqual(given)
      }),
      { numRuns: 2000 },
    )
  })

  test('can be split at a slash like the octets', () => {
    fc.assert(
      fc.property(octets, octets, (a, b) => {
        const joined = Buffer.concat([a, Buffer.from('/'), b])
        expect(textOfOctets(joined)).toBe(`${textOfOctets(a)}/${textOfOctets(b)}`)
      }),
      { numRuns: 1000 },
    )
  })
})
