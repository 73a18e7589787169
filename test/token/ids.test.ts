import { describe, expect, test } from 'vitest'
import { providerId, tokenId, userId } from '../../src/token/index.ts'
import { mint } from '../helpers/tokens.ts'

describe('ids', () => {
  test('are the strings that they are made from', () => {
    expect([tokenId('t1'), userId('u 1/ä'), providerId('p'.repeat(256))]).toEqual([
      't1',
      'u 1/ä',
      'p'.repeat(256),
    ])
  })

  test.each(['', '.', '..', 'x'.repeat(257), '\udc80', mint(), `opw-${mint()}`, null, 7])(
    'are never made from %j, which is not repeated',
    (text) => {
      for (const make of [tokenId, userId, providerId]) {
        expect(() => make(text as never)).toThrow(/^The id of a \w+ must be a string of 1 to 256/)
      }
    },
  )
})
