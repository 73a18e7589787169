import type { VerdictMemory } from './verdict-memory.ts'
import { digestOfKey, keyPrefixOf } from './verdict-keys.ts'
import { checkOptions, FLAG } from '../option-shape.ts'
import type { FamilyLedger, FamilyRecord } from '../revocation/index.ts'
import type { Told } from '../store/index.ts'
import type { FamilyRef, PresentedToken, Subject } from '../token/index.ts'
import { familyKey, familyOf, serializeSubject } from '../token/index.ts'
import type { InvalidationSelector } from './invalidation-selector.ts'
import { parseSelector, refOf } from './invalidation-selector.ts'
import { hasRecord } from './proven-grant.ts'
import type { VerdictGate } from './verdict-gate.ts'

/** Options of {@link Verification.invalidate}. */
export interface InvalidationOptions {
  /** Count and change nothing. @default false */
  readonly dryRun?: boolean | undefined
}

/** What was selected of what is known. */
export interface Invalidation {
  /** Families of which a token was accepted. */
  readonly families: number
  /** Tokens of which an answer is remembered, yes or no, that is about them or about their consumer token. */
  readonly tokens: number
  /** How many others were told, of those that share the store; settles within 5 s. @default there is none */
  readonly told?: Promise<Told>
}

/** What {@link createInvalidation} works on. */
export interface InvalidationSubjects {
  readonly memory: VerdictMemory<FamilyRecord>
  readonly ledger: FamilyLedger
  readonly gate: Pick<VerdictGate, 'disown'>
  /** Whether tokens of the selection stay proven, so that one question tells about a whole family. @default true */
  readonly keepsProofs?: boolean | undefined
}

/** A selector, ready to be asked. */
interface Selection {
  /** @param subject Whom its tokens speak for; null and nobody: only Onezone knows. */
  readonly hasFamily: (ref: FamilyRef | null, subject: Subject | null) => boolean
  /** Whether it is about the generations of a subject. */
  readonly hasGenerations: (subject: Subject) => boolean
  /** Whether a token must be proven anew, by its digest, or by the key of what is remembered of it. */
  readonly hasToken: (digestOrKey: string) => boolean
  /** Whether a token may be meant of which only its verifier knows the id and the subject. */
  readonly mayHaveOpaque: boolean
}

/**
 * Makes the function that takes back what is known. What is selected stops counting at once, as a token and as the
 * consumer token that others came with, and so does the answer to every question about it that is under way: nothing
 * that Onezone was asked before decides about a request that comes after. A fingerprint selects a text and not its
 * family: that the family has ended stays known.
 */
export function createInvalidation(
  subjects: InvalidationSubjects,
): (selector: InvalidationSelector, options?: InvalidationOptions) => Invalidation {
  const { memory, ledger, gate, keepsProofs = true } = subjects

  return function invalidate(selector, options = {}) {
    checkOptions('invalidate', options, { dryRun: FLAG })
    const { dryRun = false } = options
    const selection = compile(parseSelector(selector))
    const { hasFamily, hasToken, mayHaveOpaque } = selection

    const families = [...ledger.families()].filter((family) => selects(selection, family))
    const proofs = [...memory.proofs.entries()].filter(
      ([key, { family, subject }]) => hasToken(key) || hasFamily(family.ref, subject),
    )
    const contexts = [...memory.contexts.entries()].filter(
      ([key, { family, consumer }]) =>
        hasToken(key) ||
        selects(selection, family) ||
        (consumer !== null && (hasToken(consumer.digest) || selects(selection, consumer.family))),
    )
    const refusals = [...memory.refusals()].filter(
      ([key, { family, claimed, consumer }]) =>
        hasToken(key) ||
        hasFamily(family, claimed) ||
        (consumer !== null &&
          (hasToken(consumer.digest) || hasFamily(consumer.family, consumer.claimed))),
    )
    const keys = [proofs, contexts, refusals].flatMap((entries) => entries.map(([key]) => key))
    const counted = { families: families.length, tokens: new Set(keys.map(digestOfKey)).size }
    if (dryRun) return counted

    const isMeant = (token: PresentedToken): boolean =>
      hasToken(token.digest) ||
      hasFamily(familyOf(token), token.subject) ||
      (mayHaveOpaque && token.id === null)
    gate.disown(
      (_key, { token, consumerToken }) =>
        isMeant(token) || (consumerToken !== null && isMeant(consumerToken)),
    )
    for (const family of families) ledger.distrust(family)
    for (const family of ledger.strangers()) {
      if (selects(selection, family)) ledger.distrust(family)
    }
    ledger.distrustGenerations(selection.hasGenerations)
    for (const [key, proof] of proofs) {
      // The signature stays good; it is the family that is asked about.
      if (keepsProofs && !hasToken(key) && !hasRecord(proof)) continue
      proof.kept = false
      memory.proofs.delete(key)
    }
    for (const [key] of contexts) memory.contexts.delete(key)
    for (const [key] of refusals) memory.forgive(key)
    return counted
  }
}

function selects({ hasFamily }: Selection, { ref, subject }: FamilyRecord): boolean {
  return hasFamily(ref, subject?.subject ?? (ref.kind === 'temporary' ? ref.subject : null))
}

function compile(selector: InvalidationSelector): Selection {
  if ('all' in selector) {
    const everything = (): true => true
    return {
      hasFamily: everything,
      hasGenerations: everything,
      hasToken: everything,
      mayHaveOpaque: true,
    }
  }
  if ('fingerprint' in selector) {
    const prefix = keyPrefixOf(selector.fingerprint)
    const hasToken: Selection['hasToken'] = (key) => key.startsWith(prefix)
    const nothing = (): false => false
    return { hasFamily: nothing, hasGenerations: nothing, hasToken, mayHaveOpaque: false }
  }
  const hasToken = (): boolean => false
  if ('subject' in selector) {
    const wanted = serializeSubject(selector.subject)
    // Where only Onezone knows the subject (version 1 tokens), it may be this one.
    const hasFamily: Selection['hasFamily'] = (_, subject) =>
      subject === null || subject.type === 'nobody' || serializeSubject(subject) === wanted
    const hasGenerations: Selection['hasGenerations'] = (subject) =>
      serializeSubject(subject) === wanted
    return { hasFamily, hasGenerations, hasToken, mayHaveOpaque: true }
  }
  const wanted = refOf(selector)
  const key = familyKey(wanted)
  const hasFamily: Selection['hasFamily'] = (ref) => ref !== null && familyKey(ref) === key
  const hasGenerations: Selection['hasGenerations'] = (subject) =>
    wanted.kind === 'temporary' && serializeSubject(subject) === serializeSubject(wanted.subject)
  return { hasFamily, hasGenerations, hasToken, mayHaveOpaque: wanted.kind === 'named' }
}
