import type { SigningKey } from './signing-key.ts'

/** Where the keys are found (RFC 8615). */
export const KEY_SET_PATH = '/.well-known/jwks.json'

/** Header fields of the answer that holds them: name, value … */
export const KEY_SET_FIELDS: readonly string[] = [
  'Content-Type',
  'application/jwk-set+json',
  'Cache-Control',
  'public, max-age=300',
  'X-Content-Type-Options',
  'nosniff',
]

/** The public parts of keys as a JWK Set (RFC 7517 §5): member by member, so that no private one can slip in. */
export function publicKeySet(keys: readonly SigningKey[]): string {
  return JSON.stringify({
    keys: keys.map(({ kty, crv, x, y, alg, kid }) =>
      y === undefined
        ? { kty, crv, x, alg, kid, use: 'sig' }
        : { kty, crv, x, y, alg, kid, use: 'sig' },
    ),
  })
}
