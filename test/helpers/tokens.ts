import type { MintTokenOptions, Token } from '../../src/token/index.ts'
import { mintToken, parseToken } from '../../src/token/index.ts'

/** A named access token of alice, unless told otherwise. */
export function mint(options: Partial<MintTokenOptions> = {}): string {
  return mintToken({
    onezoneDomain: 'onezone.example.org',
    secret: 'secret',
    persistence: 'named',
    subject: { type: 'user', id: 'alice' },
    type: { accessToken: {} },
    id: 'tok1',
    ...options,
  })
}

export function tokenOf(options: Partial<MintTokenOptions> = {}): Token {
  return parseToken(mint(options))
}

/** The same token with another signature: one letter of it replaced by another, which leaves it well-formed. */
export function withOneCharacterChanged(token: string): string {
  let at = token.length - 10
  while (!/[A-Za-z]/.test(token.charAt(at)) || token.charAt(at - 1) === '0') at--
  return token.slice(0, at) + (token.charAt(at) === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
