import { createHash } from 'node:crypto'

import type { PresentedToken } from './presented-token.ts'
import { NOBODY } from './subject.ts'
import { ACCESS_TOKEN } from './token-type.ts'

/**
 * A token that says nothing about itself: its verifier knows whom it speaks for, for how long, and by which id. Each is
 * revoked by itself, hence `named`.
 */
export function opaqueToken(serialized: string): PresentedToken {
  const hash = createHash('sha256').update(serialized).digest()
  return Object.freeze({
    serialized,
    id: null,
    persistence: 'named',
    generation: null,
    subject: NOBODY,
    type: ACCESS_TOKEN,
    kind: 'access',
    caveats: NO_CAVEATS,
    validUntil: null,
    digest: hash.toString('base64url'),
    fingerprint: hash.toString('hex', 0, 6),
  })
}

const NO_CAVEATS = Object.freeze([])
