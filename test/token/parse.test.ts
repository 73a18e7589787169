import { describe, expect, test } from 'vitest'
import {
  MAX_TOKEN_OCTETS,
  confineToken,
  encodeBase62,
  mintToken,
  parseToken,
  verifySignature,
} from '../../src/token/index.ts'
import { expectTokenError } from './vectors.ts'

const SECRET = 'secret'
const OPTIONS = {
  onezoneDomain: 'zone.example.org',
  secret: SECRET,
  id: 'token-1',
  subject: { type: 'user', id: 'alice' },
  generation: 3,
} as const
const TOKEN = mintToken({
  ...OPTIONS,
  caveats: [
    { type: 'time', validUntil: 1893456000 },
    { type: 'ip', whitelist: ['10.0.0.0/8'] },
  ],
})

type Part = readonly [key: string, value: string | Uint8Array]

/** Packets in any order and with any key, their lengths in either case. */
function packets(parts: readonly Part[], isUpperCase = false): Buffer {
  return Buffer.concat(
    parts.map(([key, value]) => {
      const body = Buffer.concat([Buffer.from(`${key} `), Buffer.from(value as string), NEWLINE])
      const length = (body.length + 4).toString(16).padStart(4, '0')
      return Buffer.concat([Buffer.from(isUpperCase ? length.toUpperCase() : length), body])
    }),
  )
}

const NEWLINE = Buffer.from('\n')

function partsOf(serialized: string): Part[] {
  const { location, identifier, caveats, signature } = parseToken(serialized).macaroon
  return [
    ['location', location ?? ''],
    ['identifier', identifier],
    ...caveats.map(({ bytes }): Part => ['cid', bytes]),
    ['signature', signature ?? ''],
  ]
}

describe('a respelled token keeps its digest and fingerprint', () => {
  const parts = partsOf(TOKEN)
  const [location, ...signed] = parts
  const base64 = packets(parts).toString('base64')

  test.each([
    ['service indication', `opw-${TOKEN}`],
    ['another service indication', `opp-${TOKEN}`],
    ['another location', encodeBase62(packets([['location', 'evil.example.org'], ...signed]))],
    ['no location', encodeBase62(packets(signed))],
    ['location last', encodeBase62(packets([...signed, location as Part]))],
    [
      'signature first',
      encodeBase62(
        packets(
          parts
            .toReversed()
            .filter(([key]) => key !== 'cid')
            .concat(parts.filter(([key]) => key === 'cid')),
        ),
      ),
    ],
    ['upper case packet lengths', encodeBase62(packets(parts, true))],
    ['padding', base64.replaceAll('0', '00')],
    ['whitespace', `\n\r\t ${TOKEN}`],
  ])('with %s', (_, respelled) => {
    const token = parseToken(TOKEN)
    const other = parseToken(respelled)
    expect(respelled).not.toBe(TOKEN)
    expect(other.digest).toBe(token.digest)
    expect(other.fingerprint).toBe(token.fingerprint)
    expect(verifySignature(other, SECRET)).toBe(true)
  })
})

describe('another token has another digest', () => {
  const parts = partsOf(TOKEN)
  const [location, identifier, time, ip, signature] = parts as [Part, Part, Part, Part, Part]

  test.each<[string, Part[]]>([
    ['identifier', [location, ['identifier', '2/nmd/usr-alice/act/token-1'], time, ip, signature]],
    ['order of caveats', [location, identifier, ip, time, signature]],
    ['caveat less', [location, identifier, time, signature]],
    ['caveat more', [location, identifier, time, ip, ip, signature]],
    ['signature', [location, identifier, time, ip, ['signature', Buffer.alloc(32)]]],
    ['empty signature', [location, identifier, time, ip, ['signature', '']]],
    ['missing signature', [location, identifier, time, ip]],
    [
      'border between caveats',
      [location, identifier, ['cid', `${time[1].toString()}i`], ['cid', 'p'], signature],
    ],
    ['third-party mark', [location, identifier, time, ip, ['vid', ''], ['cl', ''], signature]],
  ])('with another %s, and does not verify', (_, changed) => {
    const token = parseToken(encodeBase62(packets(changed)))
    expect(token.digest).not.toBe(parseToken(TOKEN).digest)
    expect(token.fingerprint).not.toBe(parseToken(TOKEN).fingerprint)
    expect(verifySignature(token, SECRET)).toBe(false)
  })

  test('and the digest is 43 characters of base64url, the fingerprint twelve hex digits', () => {
    expect(parseToken(TOKEN).digest).toMatch(/^[\w-]{43}$/)
    expect(parseToken(TOKEN).fingerprint).toMatch(/^[0-9a-f]{12}$/)
  })
})

describe('what a token says', () => {
  test('includes the smallest of its times', () => {
    expect(parseToken(TOKEN).validUntil).toBe(1893456000)
    const confined = confineToken(TOKEN, [
      { type: 'time', validUntil: 5 },
      { type: 'time', validUntil: 7 },
    ])
    expect(parseToken(confined).validUntil).toBe(5)
    expect(parseToken(mintToken(OPTIONS)).validUntil).toBeNull()
  })

  test('is undefined as to the domain where it has no location', () => {
    const [, ...rest] = partsOf(TOKEN)
    const token = parseToken(encodeBase62(packets(rest)))
    expect(token.onezoneDomain).toBe('undefined')
    expect(token.macaroon.location).toBeNull()
  })

  test('leaves third-party caveats out of its caveats, but not out of its octets', () => {
    const parts = partsOf(TOKEN)
    const marked: Part[] = [...parts, ['vid', 'v'], ['cl', 'elsewhere']]
    const token = parseToken(encodeBase62(packets(marked)))
    expect(token.caveats).toEqual([{ type: 'time', validUntil: 1893456000 }])
    expect(token.macaroon.caveats.map(({ thirdParty }) => thirdParty !== null)).toEqual([
      false,
      true,
    ])
    expect(confineToken(token.serialized, [])).not.toBe(TOKEN)
  })
})

const IDENTIFIER: Part = ['identifier', '2/nmd/usr-u/act/i']

/** The same caveat again and again, until there are about as many octets. */
function filled(octets: number, caveat: string | Uint8Array): string {
  const length = caveat.length + '0000cid \n'.length
  const caveats = Array.from({ length: Math.floor(octets / length) }, (): Part => ['cid', caveat])
  return encodeBase62(packets([IDENTIFIER, ...caveats]))
}

/** Tokens that cost most where a parser is not linear; each has about as many octets, or is as long as it may be. */
function hardTokens(octets: number): [string, string][] {
  const networks = Array.from({ length: 5000 }, () => '10.0.0.0/8').join('|')
  const alone = (identifier: string | Uint8Array) =>
    encodeBase62(packets([['identifier', identifier]]))
  return [
    ['the tiniest packets', filled(octets, '')],
    ['many short caveats', filled(octets, 'time < 1')],
    ['huge whitelists', filled(octets, `ip = ${networks}`)],
    ['huge lists of nothing', filled(octets, `data.path = ${'|'.repeat(60_000)}`)],
    ['huge unknown caveats', filled(octets, 'x'.repeat(60_000))],
    ['huge caveats of spaces', filled(octets, ' '.repeat(60_000))],
    ['huge caveats that are not UTF-8', filled(octets, Buffer.alloc(60_000, '\x80A', 'latin1'))],
    ['huge numbers', filled(octets, `asn = ${'9'.repeat(60_000)}x`)],
    ['leading zeros', filled(octets, `time < ${'0'.repeat(60_000)}`)],
    ['a huge identifier', alone('a/'.repeat(30_000))],
    ['a huge session', alone(`2/nmd/usr-u/act:${':'.repeat(60_000)}/i`)],
    ['a huge generation', alone(`2/tmp-${'1'.repeat(60_000)}/usr-u/act/i`)],
    ['an identifier that is not UTF-8', alone(Buffer.alloc(60_000, 0xff))],
  ]
}

/** Texts of a size that are no tokens. */
function hardRubbish(size: number): [string, string][] {
  const octets = Math.floor(size / 2)
  return [
    ['escapes only', '00'.repeat(size / 2)],
    ['zeros only', '0'.repeat(size)],
    ['whitespace only', ' '.repeat(size)],
    ['padding only', '='.repeat(size)],
    ['one letter', 'A'.repeat(size)],
    ['a packet without end', encodeBase62(Buffer.concat([LONG_PACKET, Buffer.alloc(octets)]))],
    [
      'unknown packets',
      encodeBase62(packets(Array.from({ length: octets / 16 }, () => ['x', '']))),
    ],
    ['slashes', encodeBase62(packets([['identifier', `2${'/'.repeat(60_000)}`]]))],
  ]
}

const LONG_PACKET = Buffer.from('ffffcid ')

// a parser that is not linear would take hours: there is no need to measure
describe.each([65_536, 262_144, MAX_TOKEN_OCTETS])('%i characters', (size) => {
  test.each(hardTokens(size * 0.6))('are read: %s', (_, text) => {
    expect(text.length).toBeLessThanOrEqual(MAX_TOKEN_OCTETS)
    const { macaroon, digest, caveats } = parseToken(text)
    expect(caveats).toHaveLength(macaroon.caveats.length)
    expect(digest).toHaveLength(43)
  })

  test.each(hardRubbish(size))('are refused: %s', (_, text) => {
    expect(text.length).toBeLessThanOrEqual(MAX_TOKEN_OCTETS)
    expectTokenError(() => parseToken(text), 'ERR_TOKEN_MALFORMED')
  })
})

test('the longest token is read, and one octet more is too much', () => {
  const caveats = Array.from({ length: 11 }, () => ({
    type: 'unknown' as const,
    text: 'x'.repeat(65_000),
  }))
  const token = mintToken({ ...OPTIONS, caveats })
  const padded = ' '.repeat(4 * Math.floor((MAX_TOKEN_OCTETS - token.length) / 4)) + token
  expect(parseToken(padded).caveats).toHaveLength(11)
  expectTokenError(() => parseToken(' '.repeat(MAX_TOKEN_OCTETS + 1)), 'ERR_TOKEN_TOO_LARGE')
  expectTokenError(() => parseToken('é'.repeat(MAX_TOKEN_OCTETS / 2 + 1)), 'ERR_TOKEN_TOO_LARGE')
  expectTokenError(() => parseToken('é'.repeat(MAX_TOKEN_OCTETS / 2)), 'ERR_TOKEN_MALFORMED')
})
