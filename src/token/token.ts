import type { Caveat } from './caveat.ts'
import type { Macaroon } from './macaroon.ts'
import type { ServiceIndication, Subject } from './subject.ts'
import type { TokenKind, TokenType } from './token-type.ts'

/** Whether Onezone keeps a record of the token. Temporary tokens are revoked by generation, named ones one by one. */
export type Persistence = 'named' | 'temporary'

/**
 * What a token says about itself. Nothing in it is proven: anybody can write a token that says anything. Octets that
 * are not UTF-8 appear in strings as lone surrogates `U+DC80`–`U+DCFF`.
 */
export interface Token {
  /** The token as it was given, with its service indication. */
  readonly serialized: string
  /** Which service of a provider says that it sends the token; not signed. */
  readonly serviceIndication: ServiceIndication | null
  /** Layout of the identifier; version 1 is legacy, its subject is known to Onezone only. */
  readonly version: 1 | 2
  /** Domain of the Onezone that says to have issued the token; not signed. `undefined` where the token has none. */
  readonly onezoneDomain: string
  /** Id of the token: opaque, and not secret. */
  readonly id: string
  readonly persistence: Persistence
  /** Generation of the secret that signed a temporary token; null for a named one. Exact up to 2⁵³. */
  readonly generation: number | null
  /** Whom the token speaks for; nobody for version 1. */
  readonly subject: Subject
  /** The JSON form of the API. */
  readonly type: TokenType
  readonly kind: TokenKind
  /** The token's own caveats, in their order, which is the order in which Onezone judges them. */
  readonly caveats: readonly Caveat[]
  /** The token's octets. Decoded anew on each access: keep it while you work with it. */
  readonly macaroon: Macaroon
  /**
   * SHA-256, base64url, of what Onezone judges: identifier, caveats and signature. All spellings of one token share it
   * (location, service indication, packet order and case of hex digits do not count); two tokens never do.
   */
  readonly digest: string
  /** The first twelve hex digits of what `digest` writes in base64url: the only name that a token has in logs. */
  readonly fingerprint: string
  /** Moment, in unix seconds, from which on a time caveat fails: the smallest one; null without time caveats. */
  readonly validUntil: number | null
}
