/**
 * Where a request carries its token: one credential in all, and `Authorization` once, because node keeps the first of
 * two such lines, and an upstream may read the last (security rule 6).
 *
 * @module
 */

/** The credentials of a request, still as text. */
export type Credentials =
  | { readonly outcome: 'none' | 'ambiguous' | 'malformed' }
  | {
      readonly outcome: 'token'
      readonly token: string
      /** Identity token of the consumer (`X-Onedata-Consumer-Token`), if sent. */
      readonly consumerToken: string | null
    }

const NONE: Credentials = { outcome: 'none' }
const AMBIGUOUS: Credentials = { outcome: 'ambiguous' }
const MALFORMED: Credentials = { outcome: 'malformed' }

/** `b64token` of RFC 6750 §2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Reads `X-Auth-Token`, `Authorization: Bearer` (RFC 6750 §2.1) and the deprecated `Macaroon`, and the consumer token.
 * An `Authorization` of another scheme counts as absent, as it does for Onezone, and so does an empty field. The same
 * token in two fields is one.
 *
 * @param rawHeaders name, value, name, value …
 */
export function readCredentials(rawHeaders: readonly string[]): Credentials {
  let token: string | null = null
  let consumerToken: string | null = null
  let authorized = false

  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const field = fieldOf(rawHeaders[i] ?? '')
    if (field === null) continue
    let credential = rawHeaders[i + 1] ?? ''
    if (field === 'authorization') {
      if (authorized) return AMBIGUOUS
      authorized = true
      if (!isBearer(credential)) continue
      if (credential.charAt(6) !== ' ') return MALFORMED
      credential = credential.slice(7)
    }
    if (credential === '' && field !== 'authorization') continue
    // A runtime may have joined repeated fields into one (RFC 9110 §5.3); no token has a comma.
    if (credential.includes(',')) return AMBIGUOUS
    if (field === 'consumer') {
      if (consumerToken !== null && consumerToken !== credential) return AMBIGUOUS
      consumerToken = credential
      continue
    }
    if (field === 'authorization' && !B64TOKEN.test(credential)) return MALFORMED
    if (token !== null && token !== credential) return AMBIGUOUS
    token = credential
  }
  return token === null ? NONE : { outcome: 'token', token, consumerToken }
}

/** Whether an `Authorization` is one that is read here; one of another scheme is the upstream's. */
export function isBearer(authorization: string): boolean {
  return /^\s*bearer(?:\s|$)/i.test(authorization)
}

/** The names of the fields that can carry a token, as they were sent. */
export function credentialFieldsOf(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((name, at) => at % 2 === 0 && fieldOf(name) !== null)
}

function fieldOf(name: string): 'token' | 'authorization' | 'consumer' | null {
  switch (name.length) {
    case 8:
      return name.toLowerCase() === 'macaroon' ? 'token' : null
    case 12:
      return name.toLowerCase() === 'x-auth-token' ? 'token' : null
    case 13:
      return name.toLowerCase() === 'authorization' ? 'authorization' : null
    case 24:
      return name.toLowerCase() === 'x-onedata-consumer-token' ? 'consumer' : null
    default:
      return null
  }
}
