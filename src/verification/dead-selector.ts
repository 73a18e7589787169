import type { Dead } from '../revocation/index.ts'
import { NOBODY } from '../token/index.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'

/** A selector of at least those who are dead. */
export function selectorOf(dead: Dead): InvalidationSelector {
  const family = 'family' in dead ? dead.family : null
  if (family?.kind === 'named') return { tokenId: family.tokenId }
  const { type, id } = 'subject' in dead ? dead.subject : (family?.subject ?? NOBODY)
  // Tokens are issued to no others; if they were, too much would be selected, not too little.
  if (id === null || (type !== 'user' && type !== 'oneprovider')) return { all: true }
  return { subject: { type, id } }
}
