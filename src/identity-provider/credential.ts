/**
 * What an access token of an identity provider looks like. Nothing here is verified: it serves to refuse, and to name
 * what is refused.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from '../json.ts'

/** The longest that is taken for one, with its prefix, in characters. */
export const LONGEST_CREDENTIAL = 16_384

const PRINTABLE = /^[\x21-\x7e]+$/

/** As Onezone's own configuration and documents write prefixes; a token of Onedata has none of these two. */
const ANY_PREFIX = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[:/]./

const JWT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/

/** Whether a text that is no token of Onedata looks like one of some identity provider, with a prefix or without. */
export function looksLikeProviderToken(text: string): boolean {
  if (!isOfReadableLength(text)) return false
  return ANY_PREFIX.test(text) || isJwt(text)
}

/** Whether it is short enough, and of characters that a header field can carry. */
export function isOfReadableLength(text: string): boolean {
  return text.length <= LONGEST_CREDENTIAL && PRINTABLE.test(text)
}

/** Whether it has the three parts of a JWT (RFC 7519), the first of which names an algorithm. */
export function isJwt(text: string): boolean {
  const [, header = ''] = JWT.exec(text) ?? []
  return typeof objectIn(header)?.['alg'] === 'string'
}

/** What a JWT claims; null: it is none. */
export interface Claims {
  /** Unix seconds at which it ends; null: it does not say. */
  readonly endsAt: number | null
  /** For whom it was issued: `azp`, `client_id` and every `aud`. */
  readonly clients: readonly string[]
}

/** Reads the claims of a JWT that decide whether it is worth asking about. */
export function claimsOf(text: string): Claims | null {
  const [, , payload = ''] = JWT.exec(text) ?? []
  const claims = isJwt(text) ? objectIn(payload) : null
  if (claims === null) return null
  const { exp, azp, client_id: clientId, aud } = claims
  const named = [azp, clientId, ...(Array.isArray(aud) ? (aud as unknown[]) : [aud])]
  return {
    endsAt: typeof exp === 'number' && Number.isFinite(exp) ? Math.floor(exp) : null,
    clients: named.filter((name) => typeof name === 'string'),
  }
}

/** The JSON object that a part of a JWT is; null: it is none. */
function objectIn(part: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isJsonObject(value) ? value : null
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return null
  }
}
