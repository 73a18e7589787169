import { afterAll, describe, expect, test } from 'vitest'
import {
  examineToken,
  mintToken,
  parseToken,
  serializeCaveat,
  verifySignature,
} from '../../src/token/index.ts'
import type { Caveat, TokenType } from '../../src/token/index.ts'
import { expand, expectTokenError, malformedVectors, octets, tokenVectors } from './vectors.ts'

type TokenVector = (typeof tokenVectors)[number]

const INDICATIONS = { op_worker: 'opw', op_panel: 'opp' } as const

function caveatsOf(vector: TokenVector): Caveat[] {
  const caveats = vector.caveats as Caveat[] | null
  return caveats ?? vector.serializedCaveats.map((text) => ({ type: 'unknown', text }))
}

function mint(vector: TokenVector): string {
  return mintToken({
    onezoneDomain: octets(vector.onezoneDomain, vector.onezoneDomainHex),
    secret: octets(vector.secret, vector.secretHex),
    version: vector.version,
    id: octets(vector.id, vector.idHex),
    persistence: vector.persistence,
    generation: vector.generation,
    subject: vector.subject,
    type: vector.type as TokenType,
    caveats: caveatsOf(vector),
    serviceIndication: vector.indication === undefined ? null : INDICATIONS[vector.indication],
  })
}

function expectExamined(token: string, status: number, examined: unknown) {
  if (status === 200) {
    expect(examineToken(parseToken(token))).toEqual(examined)
  } else {
    expectTokenError(
      () => examineToken(parseToken(token)),
      'ERR_CAVEAT_UNKNOWN',
      'ERR_TOKEN_NOT_TEXT',
    )
  }
}

afterAll(() => {
  const { rejected, accepted } = malformedVectors
  process.stdout.write(
    `${tokenVectors.length} tokens, ${rejected.length} rejected, ${accepted.length} accepted\n`,
  )
})

describe(`the reference's ${tokenVectors.length} tokens`, () => {
  test('are all there: 112 tokens', () => {
    expect(tokenVectors).toHaveLength(112)
  })

  test.each(tokenVectors)('$name: minted from its parts, octet by octet', (vector) => {
    expect(mint(vector)).toBe(vector.token)
  })

  test.each(tokenVectors)('$name: the signature is the recorded one and verifies', (vector) => {
    const token = parseToken(vector.token)
    const secret = octets(vector.secret, vector.secretHex)
    expect(Buffer.from(token.macaroon.signature ?? []).toString('hex')).toBe(vector.signatureHex)
    expect(verifySignature(token, secret)).toBe(true)
    expect(verifySignature(token, Buffer.concat([Buffer.from(secret), Buffer.of(1)]))).toBe(false)
  })

  test.each(tokenVectors)('$name: caveats are written as recorded', (vector) => {
    expect(caveatsOf(vector).map(serializeCaveat)).toEqual(vector.serializedCaveats)
    const signed = parseToken(vector.token).macaroon.caveats
    expect(signed.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
      vector.serializedCaveats,
    )
  })

  test.each(tokenVectors)('$name: examined as recorded ($examineStatus)', (vector) => {
    expectExamined(vector.token, vector.examineStatus, vector.examine)
  })

  test.each(tokenVectors)('$name: the parts are those it was made of', (vector) => {
    const { version, persistence, generation, subject } = parseToken(vector.token)
    expect({ version, persistence, generation, subject }).toEqual({
      version: vector.version,
      persistence: vector.persistence,
      generation: vector.generation,
      subject: vector.subject,
    })
  })
})

describe(`the reference's ${malformedVectors.rejected.length} strings that are no tokens`, () => {
  test('are all there: 187 rejected', () => {
    expect(malformedVectors.rejected).toHaveLength(187)
  })

  test.each(malformedVectors.rejected)('$name: rejected', ({ token, error }) => {
    const isTooLarge = error.details.tokenError?.id === 'tokenTooLarge'
    expectTokenError(
      () => parseToken(expand(token)),
      isTooLarge ? 'ERR_TOKEN_TOO_LARGE' : 'ERR_TOKEN_MALFORMED',
    )
  })
})

describe(`the reference's ${malformedVectors.accepted.length} odd strings that are tokens`, () => {
  test('are all there: 62 accepted', () => {
    expect(malformedVectors.accepted).toHaveLength(62)
  })

  test.each(malformedVectors.accepted)(
    '$name: accepted, and examined as recorded ($examineStatus)',
    ({ token, examineStatus, examine }) => {
      expect(parseToken(expand(token)).serialized).toBe(expand(token))
      expectExamined(expand(token), examineStatus, examine)
    },
  )
})
