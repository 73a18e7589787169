import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TokenError } from '../../src/errors.ts'
import {
  confineToken,
  decodeBase62,
  encodeBase62,
  mintToken,
  parseCaveat,
  parseToken,
  sanitizeCaveat,
  serializeCaveat,
  verifySignature,
} from '../../src/token/index.ts'
import type { Macaroon } from '../../src/token/index.ts'
import { serializeToken } from '../../src/token/serialize.ts'
import { knownCaveat, mintOptions } from './arbitraries.ts'
import { tokenVectors } from './vectors.ts'

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
const SIGNS = ['.', '|', '/', '+', '-', ' ', '*', 'a', 'Z']

/** The macaroon with one bit flipped, counted over identifier, caveats and signature. */
function flipBit(macaroon: Macaroon, bit: number): Macaroon {
  const copy = {
    location: macaroon.location,
    identifier: Buffer.from(macaroon.identifier),
    caveats: macaroon.caveats.map(({ bytes }) => ({
      bytes: Buffer.from(bytes),
      thirdParty: null,
    })),
    signature: Buffer.from(macaroon.signature ?? []),
  }
  const signed = [copy.identifier, ...copy.caveats.map(({ bytes }) => bytes), copy.signature]
  let octet = bit >> 3
  for (const part of signed) {
    if (octet < part.length) {
      part[octet] = (part[octet] ?? 0) ^ (1 << (bit & 7))
      return copy
    }
    octet -= part.length
  }
  throw new RangeError('The macaroon has fewer bits.')
}

function signedBits({ identifier, caveats, signature }: Macaroon): number {
  const parts = [identifier, ...caveats.map(({ bytes }) => bytes), signature ?? []]
  return 8 * parts.reduce((sum, part) => sum + part.length, 0)
}

/** Whether the text is a token; anything but a token or a TokenError fails the test. */
function isToken(text: string): boolean {
  try {
    return parseToken(text).serialized === text
  } catch (error) {
    expect(error).toBeInstanceOf(TokenError)
    if (text.length > 8) expect(String(error)).not.toContain(text)
    return false
  }
}

describe('a token', () => {
  test('that is minted and parsed is what it was', () => {
    fc.assert(
      fc.property(mintOptions, (options) => {
        const serialized = mintToken(options)
        const token = parseToken(serialized)
        expect(token).toMatchObject({
          serialized,
          version: 2,
          onezoneDomain: options.onezoneDomain,
          id: options.id,
          generation: options.generation,
          persistence: options.generation === null ? 'named' : 'temporary',
          serviceIndication: options.serviceIndication,
          type: options.type,
        })
        expect(token.subject).toEqual(options.subject)
        expect(token.caveats).toEqual(options.caveats)
        expect(verifySignature(token, options.secret)).toBe(true)
      }),
    )
  })

  test('that is confined again and again verifies, and carries the caveats in their order', () => {
    fc.assert(
      fc.property(
        mintOptions,
        fc.array(fc.array(knownCaveat, { maxLength: 3 })),
        (options, steps) => {
          let serialized = mintToken(options)
          for (const caveats of steps) serialized = confineToken(serialized, caveats)
          const token = parseToken(serialized)
          expect(verifySignature(token, options.secret)).toBe(true)
          expect(token.caveats).toEqual([...options.caveats, ...steps.flat()])
          const [step] = steps
          expect(token.serviceIndication).toBe(
            step === undefined ? options.serviceIndication : null,
          )
        },
      ),
      { numRuns: 50 },
    )
  })

  test('of which one bit is flipped no longer verifies and has another digest', () => {
    fc.assert(
      fc.property(mintOptions, fc.nat(), (options, seed) => {
        const token = parseToken(mintToken(options))
        const { macaroon } = token
        const flipped = serializeToken(flipBit(macaroon, seed % signedBits(macaroon)))
        if (!isToken(flipped)) return
        const forged = parseToken(flipped)
        expect(verifySignature(forged, options.secret)).toBe(false)
        expect(forged.digest).not.toBe(token.digest)
      }),
      { numRuns: 300 },
    )
  })

  test('of which any single bit is flipped no longer verifies', () => {
    const secret = 'secret'
    const subject = { type: 'user', id: 'alice' } as const
    const options = { onezoneDomain: 'z', secret, id: 't', subject }
    const serialized = mintToken({ ...options, caveats: [{ type: 'time', validUntil: 5 }] })
    const { macaroon } = parseToken(serialized)
    let parsed = 0
    for (let bit = 0; bit < signedBits(macaroon); bit++) {
      const flipped = serializeToken(flipBit(macaroon, bit))
      if (!isToken(flipped)) continue
      parsed++
      expect(verifySignature(parseToken(flipped), secret)).toBe(false)
    }
    expect(parsed).toBeGreaterThan(300)
  })

  test('whose caveats change places no longer verifies and has another digest', () => {
    fc.assert(
      fc.property(mintOptions, knownCaveat, knownCaveat, (options, a, b) => {
        fc.pre(serializeCaveat(a) !== serializeCaveat(b))
        const token = parseToken(mintToken({ ...options, caveats: [a, b] }))
        const { caveats } = token.macaroon
        const swapped = parseToken(
          serializeToken({ ...token.macaroon, caveats: caveats.toReversed() }),
        )
        expect(verifySignature(swapped, options.secret)).toBe(false)
        expect(swapped.digest).not.toBe(token.digest)
      }),
    )
  })
})

describe('whatever is given to the parser', () => {
  const texts = tokenVectors.map(({ token }) => token).filter((token) => token.length < 2000)

  test('any text: it is a token or a TokenError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        isToken(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('any octets in base62: they are a token or a TokenError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        isToken(encodeBase62(octets))
      }),
      { numRuns: 2000 },
    )
  })

  test('any mutation of a token: it is a token or a TokenError', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat({ max: 3 }),
        fc.string({ unit: 'binary-ascii', maxLength: 4 }),
      )
      .map(([text, at, cut, insert]) => {
        const start = at % (text.length + 1)
        return text.slice(0, start) + insert + text.slice(start + cut)
      })
    fc.assert(
      fc.property(mutated, (text) => {
        isToken(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('any mutated octets of a token: they are a token or a TokenError', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat({ max: 255 }))
      .map(([text, at, octet]) => {
        const octets = decodeBase62(text.replace(/^op[wp]-/, ''))
        octets[at % octets.length] = octet
        return encodeBase62(octets)
      })
    fc.assert(
      fc.property(mutated, (text) => {
        isToken(text)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a caveat', () => {
  test('that is written and read is what it was', () => {
    fc.assert(
      fc.property(knownCaveat, (caveat) => {
        expect(sanitizeCaveat(caveat)).toEqual(caveat)
        expect(parseCaveat(serializeCaveat(caveat))).toEqual(caveat)
      }),
      { numRuns: 500 },
    )
  })

  test('of any text is written as it was, or in a normal form that reads the same', () => {
    const keyword = fc.constantFrom('time < ', 'ip = ', 'asn = ', 'geo.country != ', 'api = ', '')
    const text = fc
      .tuple(keyword, fc.string({ unit: fc.constantFrom(...DIGITS, ...SIGNS) }))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (given) => {
        const caveat = parseCaveat(given)
        expect(parseCaveat(serializeCaveat(caveat))).toEqual(caveat)
      }),
      { numRuns: 2000 },
    )
  })
})

test('octets in base62 are the same octets again, and alphanumeric on their way', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = encodeBase62(octets)
      expect(text).toMatch(/^[A-Za-z0-9]*$/)
      expect(new Uint8Array(decodeBase62(text))).toEqual(octets)
    }),
  )
})
