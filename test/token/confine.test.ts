import { describe, expect, test } from 'vitest'
import {
  confineToken,
  encodeBase62,
  mintToken,
  parseToken,
  verifySignature,
} from '../../src/token/index.ts'
import type { CaveatInput } from '../../src/token/index.ts'
import { serializeMacaroon } from '../../src/token/macaroon.ts'
import { expectTokenError, tokenVectors, verifyCases } from './vectors.ts'

const OPTIONS = {
  onezoneDomain: 'zone.example.org',
  secret: 'secret',
  id: 'token-1',
  subject: { type: 'user', id: 'alice' },
} as const
const TOKEN = mintToken(OPTIONS)

describe('confining a token', () => {
  const answered = verifyCases.filter(
    ({ endpoint, status }) => endpoint.endsWith('/tokens/confine') && status === 200,
  )

  test.each(answered)('gives what the reference gives: $name', ({ body = {}, response }) => {
    const caveats = body['caveats'] as CaveatInput[]
    expect({ token: confineToken(String(body['token']), caveats) }).toEqual(response)
  })

  test('is told apart by nothing from minting it with the caveats at once', () => {
    const caveats: CaveatInput[] = [
      { type: 'time', validUntil: 5 },
      { type: 'ip', whitelist: ['1.2.3.4'] },
    ]
    expect(confineToken(TOKEN, caveats)).toBe(mintToken({ ...OPTIONS, caveats }))
  })

  test('keeps the octets of caveats that are spelled oddly', () => {
    const lenient = tokenVectors.find(({ name }) => name === 'caveat with lenient spelling')
    const confined = parseToken(confineToken(lenient?.token ?? '', [{ type: 'data.readonly' }]))
    expect(verifySignature(confined, lenient?.secret ?? '')).toBe(true)
    expect(confined.macaroon.caveats).toHaveLength(5)
  })

  test('keeps caveats that are unknown', () => {
    const unknown = mintToken({ ...OPTIONS, caveats: [{ type: 'unknown', text: 'grant = all' }] })
    const confined = parseToken(confineToken(unknown, [{ type: 'data.readonly' }]))
    expect(verifySignature(confined, OPTIONS.secret)).toBe(true)
    expect(confined.caveats[0]).toEqual({ type: 'unknown', text: 'grant = all' })
  })

  test('refuses the first caveat that is none', () => {
    const bad = { type: 'interface', interface: 'gui' }
    const caveats = [{ type: 'time', validUntil: 5 }, bad, { type: 'bad' }] as CaveatInput[]
    const error = expectTokenError(() => confineToken(TOKEN, caveats), 'ERR_CAVEAT_INVALID')
    expect(error.value).toBe(bad)
  })

  test('refuses a caveat that fits in no packet, and takes the longest that does', () => {
    const whitelist = (length: number): CaveatInput[] => [
      { type: 'consumer', whitelist: [`usr-${'x'.repeat(length)}`] },
    ]
    const longest = 0xffff - '0000cid consumer = usr-\n'.length
    expect(parseToken(confineToken(TOKEN, whitelist(longest))).caveats).toHaveLength(1)
    expectTokenError(() => confineToken(TOKEN, whitelist(longest + 1)), 'ERR_PACKET_TOO_LARGE')
  })

  test('refuses to make a token that is too large for everybody', () => {
    const caveats: CaveatInput[] = Array.from({ length: 15 }, () => ({
      type: 'consumer',
      whitelist: [`usr-${'x'.repeat(65_000)}`],
    }))
    expectTokenError(() => confineToken(TOKEN, caveats), 'ERR_TOKEN_TOO_LARGE')
  })

  test('refuses what is no token, and a token without signature', () => {
    const unsigned = serializeMacaroon({ ...parseToken(TOKEN).macaroon, signature: null })
    expectTokenError(() => confineToken('rubbish', []), 'ERR_TOKEN_MALFORMED')
    expectTokenError(() => confineToken(encodeBase62(unsigned), []), 'ERR_TOKEN_MALFORMED')
  })
})
