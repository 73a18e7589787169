import { describe, expect, test } from 'vitest'
import {
  confineToken,
  examineToken,
  mintToken,
  parseToken,
  verifySignature,
} from '../../src/token/index.ts'
import type { MintTokenOptions } from '../../src/token/index.ts'
import { expectTokenError } from './vectors.ts'

const ALICE = { type: 'user', id: 'alice' } as const
const V1 =
  'MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAyOGlkZW500aWZpZXIgMi9ubWQvdXNyLWFsaWNlL2FjdC900b2sxCjAwMmZzaWduYXR1cmUgnlBH00lG2lE9NDFUSmIqzn00GC4e02MVeZNTyxyzlN47LUK'
const V1_CONFINED =
  'MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAyOGlkZW500aWZpZXIgMi9ubWQvdXNyLWFsaWNlL2FjdC900b2sxCjAwMTZjaWQgZGF00YS5yZWFkb25seQowMDJmc2lnbmF00dXJlIOL2014ujQa2Jg01TOfGbvOqOoao5sMEfqrTqKLwTBNIl6Cg'

/** Onezone API, §1.7. */
const VECTORS: readonly (Omit<MintTokenOptions, 'onezoneDomain'> & {
  name: string
  token: string
  signature: string
})[] = [
  {
    name: 'V1, named user access token',
    secret: '0011223344556677889900aabbccddeeff0011223344556677889900aabbccdd',
    id: 'tok1',
    subject: ALICE,
    token: V1,
    signature: '9e5047d251b6944f4d0c5512988ab39f4182e1ef8c55e64d4f2c72ce5378ecb5',
  },
  {
    name: 'V2, temporary access token bound to a session, four caveats',
    secret: 'k7',
    id: 'tok2',
    generation: 3,
    subject: { type: 'user', id: 'bob' },
    type: { accessToken: { sessionId: 'sess42' } },
    caveats: [
      { type: 'time', validUntil: 1893456000 },
      { type: 'ip', whitelist: ['10.0.0.0/8', '192.168.1.7'] },
      { type: 'consumer', whitelist: ['usr-carol', 'grp-devs', 'prv-*'] },
      { type: 'interface', interface: 'rest' },
    ],
    token:
      'MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAyZmlkZW500aWZpZXIgMi900bXAtMy91c3ItYm9iL2FjdDpzZXNzNDIvdG9rMgowMDFhY2lkIHRpbWUgPCAxODkzNDU2MDAwCjAwMjdjaWQgaXAgPSAxMC4wLjAuMC84fDE5Mi4xNjguMS43LzMyCjAwMmNjaWQgY29uc3VtZXIgPSB1c3ItY2Fyb2x8Z3JwLWRldnN8cHJ2LSoKMDAxOWNpZCBpbnRlcmZhY2UgPSByZXN00CjAwMmZzaWduYXR1cmUghe7o5927MWacPpzvH01BnnYtPQwT7vXE8AgpF401MQZhAK',
    signature: '85eee8e7ddbb31669c3e9cef1ff0679d8b4f4304fbbd713c020a45e3f3106610',
  },
  {
    name: 'V3, named provider identity token with op-worker indication',
    secret: 'provider-secret',
    id: 'tok3',
    subject: { type: 'oneprovider', id: 'p1' },
    type: { identityToken: {} },
    caveats: [{ type: 'interface', interface: 'graphsync' }],
    serviceIndication: 'opw',
    token:
      'opw-MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAyNWlkZW500aWZpZXIgMi9ubWQvcHJ2LXAxL2lkbi900b2szCjAwMWVjaWQgaW500ZXJmYWNlID00gZ3JhcGhzeW5jCjAwMmZzaWduYXR1cmUgaPmt31OwvB7Pn7pht01srbP007T4SHsgd6VpskuZYfq6MK',
    signature: '68f9addf53b0bc1ecf9fba61b7fb2b6cfd3b4f8487b2077a569b24b9961faba3',
  },
  {
    name: 'V4, temporary invite token',
    secret: 'invite-secret',
    id: 'tok4',
    generation: 1,
    subject: ALICE,
    type: { inviteToken: { inviteType: 'supportSpace', spaceId: 'space9', parameters: {} } },
    caveats: [
      { type: 'time', validUntil: 2000000000 },
      { type: 'geo.country', filter: 'blacklist', list: ['PL', 'DE'] },
    ],
    token:
      'MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAzNGlkZW500aWZpZXIgMi900bXAtMS91c3ItYWxpY2Uvc3NwOnNwYWNlOTpnZS900b2s00CjAwMWFjaWQgdGltZSA8IDIwMDAwMDAwMDAKMDAxZGNpZCBnZW8uY291bnRyeSAhPSBQTHxERQowMDJmc2lnbmF00dXJlIBe7XMmH2I9QmPWYJmkoYYb2PH2fpsDTEXQJk8tb71TSCg',
    signature: '17bb5cc987d88f5098f5982669286186f63c7d9fa6c0d311740993cb5bef54d2',
  },
  {
    name: 'V5, legacy version 1 token',
    secret: 'legacy-secret',
    version: 1,
    id: 'legacyId123',
    caveats: [{ type: 'time', validUntil: 1600000000 }, { scope: 'identityToken' }],
    token:
      'MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAxYmlkZW500aWZpZXIgbGVnYWN5SWQxMjMKMDAxYWNpZCB00aW1lIDwgMTYwMDAwMDAwMAowMDFkY2lkIGF1dGhvcml6YXRpb24gPSBub25lCjAwMmZzaWduYXR1cmUgR00AKIdRzsRYeTZC7UwWb85tEgfX019kFesGZXv1LKnBEK',
    signature: '47400a21d473b1161e4d90bb53059bf39b4481f5fff6415eb06657bf52ca9c11',
  },
  {
    name: 'V6, service, api and data caveats',
    secret: 'f00d',
    id: 'tok6',
    subject: ALICE,
    caveats: [
      { type: 'service', whitelist: ['opw-p1', 'opw-*'] },
      { type: 'api', whitelist: ['ozw/get/space.*.*:*', 'all/all/*.*.*:*'] },
      { type: 'data.readonly' },
      { type: 'data.path', whitelist: ['L3NwYWNlOS9kaXI=', 'L3NwYWNlOS9hIGI='] },
    ],
    token:
      'MDAxZWxvY2F00aW9uIHpvbmUuZXhhbXBsZS5vcmcKMDAyOGlkZW500aWZpZXIgMi9ubWQvdXNyLWFsaWNlL2FjdC900b2s2CjAwMWZjaWQgc2VydmljZSA9IG9wdy1wMXxvcHctKgowMDMyY2lkIGFwaSA9IG96dy9nZXQvc3BhY2UuKi4qOip8YWxsL2FsbC8qLiouKjoqCjAwMTZjaWQgZGF00YS5yZWFkb25seQowMDM2Y2lkIGRhdGEucGF00aCA9IEwzTndZV005sT1M5a2FYST18TDNOd1lXTmxPUzloSUdJPQowMDJmc2lnbmF00dXJlIDDLh02b52bPmHzxRuTHHYsihRrkoNJHP9S8odCWwiqNtCg',
    signature: '30cb87e6f9d9b3e61f3c51b931c762c8a146b9283491cff52f287425b08aa36d',
  },
]

describe('the worked vectors of the token format', () => {
  test.each(VECTORS)('$name: minted and verified', ({ token, signature, ...parts }) => {
    const { name: _, ...options } = parts
    expect(mintToken({ ...options, onezoneDomain: 'zone.example.org' })).toBe(token)
    const parsed = parseToken(token)
    expect(Buffer.from(parsed.macaroon.signature ?? []).toString('hex')).toBe(signature)
    expect(verifySignature(parsed, parts.secret)).toBe(true)
    expect(examineToken(parsed).onezoneDomain).toBe('zone.example.org')
  })

  test('V1c: V1 is confined without its secret', () => {
    expect(confineToken(V1, [{ type: 'data.readonly' }])).toBe(V1_CONFINED)
  })

  test.each(['', 'rubbish-123', '1234', `ozw-${V1}`, V1.slice(0, -1), V1.replace('00', '06')])(
    'what is no token is refused: %#',
    (text) => {
      expectTokenError(() => parseToken(text), 'ERR_TOKEN_MALFORMED')
    },
  )
})
