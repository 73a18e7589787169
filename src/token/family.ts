import { serializeSubject } from './subject.ts'
import type { Subject } from './subject.ts'
import type { PresentedToken } from './presented-token.ts'

/** All tokens that stand or fall together, with whatever caveats somebody added to them. */
export type FamilyRef =
  | { readonly kind: 'temporary'; readonly subject: Subject; readonly generation: number }
  | { readonly kind: 'named'; readonly tokenId: string }

/**
 * The family that a token says it belongs to. Null where it says nothing about that, and for a temporary token to which
 * none can be ascribed with certainty: its subject is neither a user nor a provider, or its generation is beyond 2⁵³.
 */
export function familyOf(token: PresentedToken): FamilyRef | null {
  const { id, generation, subject } = token
  if (generation === null) return id === null ? null : { kind: 'named', tokenId: id }
  const certain = subject.type === 'user' || subject.type === 'oneprovider'
  return certain && Number.isSafeInteger(generation)
    ? { kind: 'temporary', subject, generation }
    : null
}

/** A string that two families share only if they are the same: a key for maps. */
export function familyKey(family: FamilyRef): string {
  return family.kind === 'named'
    ? `named/${family.tokenId}`
    : `temporary/${family.generation}/${serializeSubject(family.subject)}`
}
