import { describe, expect, test } from 'vitest'
import { mintToken, parseToken, verifySignature } from '../../src/token/index.ts'
import type { Caveat, MintTokenOptions } from '../../src/token/index.ts'
import { expectTokenError } from './vectors.ts'

const OPTIONS: MintTokenOptions = {
  onezoneDomain: 'zone.example.org',
  secret: 'secret',
  id: 'token-1',
  subject: { type: 'user', id: 'alice' },
}

describe('minting a token', () => {
  test.each<[string, Partial<MintTokenOptions>]>([
    ['generation', { persistence: 'temporary' }],
    ['generation', { persistence: 'named', generation: 1 }],
    ['generation', { generation: 1.5 }],
    ['generation', { generation: Number.POSITIVE_INFINITY }],
    ['id', { id: 'a/b' }],
    ['subject', { subject: { type: 'user', id: 'a/b' } }],
    ['type', { type: { accessToken: { sessionId: '' } } }],
    ['type', { type: { inviteToken: { inviteType: 'userJoinGroup', parameters: {} } } }],
    ['id', { version: 1, id: '2/nmd/usr-u/act/i' }],
  ])('refuses a "%s" that does not fit: %o', (name, change) => {
    expect(() => mintToken({ ...OPTIONS, ...change })).toThrow(TypeError)
    expect(() => mintToken({ ...OPTIONS, ...change })).toThrow(`"${name}"`)
  })

  test('refuses a token of version 2 without subject', () => {
    const { subject: _, ...rest } = OPTIONS
    expect(() => mintToken(rest)).toThrow('"subject"')
    expect(parseToken(mintToken({ ...rest, version: 1 })).subject.type).toBe('nobody')
  })

  test('refuses what is no caveat', () => {
    const caveats = [{ type: 'bad' } as unknown as Caveat]
    expectTokenError(() => mintToken({ ...OPTIONS, caveats }), 'ERR_CAVEAT_INVALID')
  })

  test('refuses what fits in no packet', () => {
    const id = 'x'.repeat(0xffff)
    expectTokenError(() => mintToken({ ...OPTIONS, id }), 'ERR_PACKET_TOO_LARGE')
    expectTokenError(() => mintToken({ ...OPTIONS, onezoneDomain: id }), 'ERR_PACKET_TOO_LARGE')
  })

  test('does not change what it was given', () => {
    const options = Object.freeze({ ...OPTIONS, caveats: Object.freeze([]) })
    expect(mintToken(options)).toBe(mintToken(OPTIONS))
  })
})

describe('a signature verifies', () => {
  test('with the secret it was made with, as text or octets, and with no other', () => {
    const token = parseToken(mintToken(OPTIONS))
    expect(verifySignature(token, 'secret')).toBe(true)
    expect(verifySignature(token, Buffer.from('secret'))).toBe(true)
    expect(verifySignature(token, 'Secret')).toBe(false)
    expect(verifySignature(token, '')).toBe(false)
  })
})
