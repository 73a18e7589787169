import { TokenError } from '../errors.ts'
import { decodeBase62 } from './base62.ts'
import type { Caveat } from './caveat.ts'
import { parseCaveat } from './caveat-table.ts'
import { parseIdentifier } from './identifier.ts'
import { digestOf, parseMacaroon } from './macaroon.ts'
import type { Macaroon } from './macaroon.ts'
import { malformed } from './notation.ts'
import { textOfOctets } from './octets.ts'
import type { ServiceIndication, Subject } from './subject.ts'
import { kindOf } from './token-type.ts'
import type { TokenKind, TokenType } from './token-type.ts'
import type { Persistence, Token } from './token.ts'

/** Length, in octets, of the longest text that Onezone takes for a token (Onezone API, §1.4). */
export const MAX_TOKEN_OCTETS = 1_048_576

const INDICATION_LENGTH = 3

/**
 * Reads a token, as tolerant as Onezone and no more, in time linear in its length. Nothing is proven by it.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED`, or `ERR_TOKEN_TOO_LARGE` beyond {@link MAX_TOKEN_OCTETS}.
 */
export function parseToken(serialized: string): Token {
  // a UTF-16 unit takes three octets of UTF-8 at most
  if (
    serialized.length > MAX_TOKEN_OCTETS / 3 &&
    Buffer.byteLength(serialized) > MAX_TOKEN_OCTETS
  ) {
    throw new TokenError(
      'ERR_TOKEN_TOO_LARGE',
      `The token is too large: ${MAX_TOKEN_OCTETS} octets are the most. Give its caveats shorter lists.`,
    )
  }
  return new ParsedToken(serialized, decodeMacaroon(serialized))
}

class ParsedToken implements Token {
  readonly serialized: string
  readonly version: 1 | 2
  readonly id: string
  readonly generation: number | null
  readonly subject: Subject
  readonly type: TokenType
  readonly caveats: readonly Caveat[]
  readonly validUntil: number | null
  readonly digest: string

  constructor(serialized: string, macaroon: Macaroon) {
    const identifier = parseIdentifier(textOfOctets(macaroon.identifier))
    this.serialized = serialized
    this.version = identifier.version
    this.id = identifier.id
    this.generation = identifier.generation
    this.subject = identifier.subject
    this.type = identifier.type
    this.caveats = ownCaveats(macaroon)
    this.validUntil = earliestEnd(this.caveats)
    this.digest = digestOf(macaroon)
  }

  get serviceIndication(): ServiceIndication | null {
    return indicationOf(this.serialized)
  }

  get onezoneDomain(): string {
    const { location } = this.macaroon
    // the word that Onezone shows for a token without location
    return location === null ? 'undefined' : textOfOctets(location)
  }

  get persistence(): Persistence {
    return this.generation === null ? 'named' : 'temporary'
  }

  get kind(): TokenKind {
    return kindOf(this.type)
  }

  get macaroon(): Macaroon {
    return decodeMacaroon(this.serialized)
  }

  get fingerprint(): string {
    return Buffer.from(this.digest.slice(0, 8), 'base64url').toString('hex')
  }
}

function decodeMacaroon(serialized: string): Macaroon {
  const start = indicationOf(serialized) === null ? 0 : INDICATION_LENGTH + 1
  return parseMacaroon(decodeBase62(serialized, start))
}

function indicationOf(serialized: string): ServiceIndication | null {
  if (serialized[INDICATION_LENGTH] !== '-') return null
  const indication = serialized.slice(0, INDICATION_LENGTH)
  if (indication === 'opw' || indication === 'opp') return indication
  throw malformed('it begins with the name of a service that does not send tokens')
}

function ownCaveats(macaroon: Macaroon): readonly Caveat[] {
  const own = macaroon.caveats.filter(({ thirdParty }) => thirdParty === null)
  return Object.freeze(own.map(({ bytes }) => freezeCaveat(parseCaveat(bytes))))
}

/** Tokens are remembered and shared: who gets a caveat must not be able to change it for others. */
function freezeCaveat(caveat: Caveat): Caveat {
  for (const value of Object.values(caveat)) Object.freeze(value)
  return Object.freeze(caveat)
}

function earliestEnd(caveats: readonly Caveat[]): number | null {
  let end: number | null = null
  for (const caveat of caveats) {
    if (caveat.type === 'time' && (end === null || caveat.validUntil < end)) end = caveat.validUntil
  }
  return end
}
