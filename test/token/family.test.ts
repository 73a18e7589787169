import { describe, expect, test } from 'vitest'
import { confineToken, familyKey, familyOf, mintToken, parseToken } from '../../src/token/index.ts'
import type { MintTokenOptions } from '../../src/token/index.ts'

const OPTIONS: MintTokenOptions = {
  onezoneDomain: 'zone.example.org',
  secret: 'secret',
  id: 'token-1',
  subject: { type: 'user', id: 'alice' },
}

function familyKeyOf(change: Partial<MintTokenOptions>): string | null {
  const family = familyOf(parseToken(mintToken({ ...OPTIONS, ...change })))
  return family === null ? null : familyKey(family)
}

describe('the family of a token', () => {
  test('is its id, if it is named', () => {
    expect(familyOf(parseToken(mintToken(OPTIONS)))).toEqual({ kind: 'named', tokenId: 'token-1' })
  })

  test('is its subject and generation, if it is temporary', () => {
    expect(familyOf(parseToken(mintToken({ ...OPTIONS, generation: 3 })))).toEqual({
      kind: 'temporary',
      subject: { type: 'user', id: 'alice' },
      generation: 3,
    })
  })

  test('is that of all its attenuations', () => {
    const confined = confineToken(mintToken(OPTIONS), [{ type: 'data.readonly' }])
    expect(familyOf(parseToken(confined))).toEqual(familyOf(parseToken(mintToken(OPTIONS))))
  })

  test('does not depend on the id of a temporary token, nor on the subject of a named one', () => {
    expect(familyKeyOf({ generation: 1, id: 'a' })).toBe(familyKeyOf({ generation: 1, id: 'b' }))
    expect(familyKeyOf({ subject: { type: 'oneprovider', id: 'p' } })).toBe(familyKeyOf({}))
    expect(familyKeyOf({ version: 1 })).toBe(familyKeyOf({}))
  })

  test('is none where it would not be certain', () => {
    expect(familyKeyOf({ generation: 1, subject: { type: 'group', id: 'g' } })).toBeNull()
    expect(familyKeyOf({ generation: 1, subject: { type: 'nobody', id: null } })).toBeNull()
    expect(familyKeyOf({ generation: 1e21 })).toBeNull()
  })

  test('differs where anything differs, octets that are not UTF-8 included', () => {
    const hex = (text: string) => Buffer.from(text, 'hex')
    const keys = [
      ...['ff', 'fe', 'fffe', 'c3', 'c3a9', 'efbfbd', 'edb3bf', 'f09f9491', 'f09f94', '41ff'].map(
        (id) => familyKeyOf({ id: hex(id) }),
      ),
      familyKeyOf({ id: '' }),
      familyKeyOf({ id: '1' }),
      familyKeyOf({ generation: 1 }),
      familyKeyOf({ generation: 2 }),
      familyKeyOf({ generation: -1 }),
      familyKeyOf({ generation: 1, subject: { type: 'user', id: 'bob' } }),
      familyKeyOf({ generation: 1, subject: { type: 'oneprovider', id: 'alice' } }),
    ]
    expect(keys).not.toContain(null)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
