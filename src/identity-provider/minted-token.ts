import { createHash } from 'node:crypto'

import type { PresentedToken } from '../token/index.ts'
import { parseToken } from '../token/index.ts'

/** What an exchange gives: a token that proves who somebody is, and authorises nothing. */
export interface MintedToken {
  /** What is verified, as any other of its kind. It never leaves the gateway but for that. */
  readonly token: PresentedToken
  /** What the client is seen with: the same subject and end, under the name of what was presented. */
  readonly presented: PresentedToken
}

/**
 * Reads what Onezone gave for a credential.
 *
 * @param latest Unix seconds until which it may be good.
 * @returns null for what was not asked for.
 * @throws {TokenError} for what is no token at all.
 */
export function readMinted(text: string, credential: string, latest: number): MintedToken | null {
  const token = parseToken(text)
  const [only, ...others] = token.caveats
  const isAsked =
    token.kind === 'identity' &&
    token.persistence === 'temporary' &&
    token.subject.type === 'user' &&
    others.length === 0 &&
    only?.type === 'time' &&
    only.validUntil <= latest
  if (!isAsked) return null
  const { serialized, persistence, generation, subject, type, kind, caveats, validUntil } = token
  const digest = createHash('sha256').update(credential).digest()
  return {
    token,
    presented: {
      serialized,
      persistence,
      generation,
      subject,
      type,
      kind,
      caveats,
      validUntil,
      id: null,
      statedType: 'identity-provider',
      digest: digest.toString('base64url'),
      fingerprint: digest.toString('hex', 0, 6),
    },
  }
}
