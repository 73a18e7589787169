import { isUtf8 } from 'node:buffer'
import { TokenError } from '../errors.ts'
import type { KnownCaveat } from './caveat.ts'
import type { Subject } from './subject.ts'
import type { TokenType } from './token-type.ts'
import type { Persistence, Token } from './token.ts'

/** The JSON that Onezone answers to `POST /tokens/examine` (Onezone API, §6). */
export interface ExaminedToken {
  readonly onezoneDomain: string
  readonly id: string
  readonly persistence: Persistence
  readonly subject: Subject
  readonly type: TokenType
  readonly caveats: readonly KnownCaveat[]
}

/**
 * What a token says, as JSON. Nothing is verified.
 *
 * @throws TokenError `ERR_CAVEAT_UNKNOWN` where a caveat means nothing, `ERR_TOKEN_NOT_TEXT` where JSON cannot show the
 *   token because it is not UTF-8. Onezone answers 500 to both.
 */
export function examineToken(token: Token): ExaminedToken {
  const caveats = token.caveats.map((caveat) => {
    if (caveat.type !== 'unknown') return caveat
    throw new TokenError(
      'ERR_CAVEAT_UNKNOWN',
      'The token has a caveat that is unknown here: such a token can be confined, but neither shown nor used.',
      { value: caveat.text },
    )
  })
  const { location, identifier, caveats: signed } = token.macaroon
  const texts = [identifier, ...signed.map(({ bytes }) => bytes)]
  if (location !== null) texts.push(location)
  if (!texts.every((octets) => isUtf8(octets))) {
    throw new TokenError(
      'ERR_TOKEN_NOT_TEXT',
      'The token contains octets that are not UTF-8: it can be verified, but not shown as JSON.',
    )
  }
  const { onezoneDomain, id, persistence, subject, type } = token
  return { onezoneDomain, id, persistence, subject, type, caveats }
}
