import type { PresentedToken } from '../../../src/token/index.ts'
import { serializeSubject } from '../../../src/token/index.ts'
import type { InvalidationSelector } from '../../../src/verification/index.ts'
import type { Question } from '../../../src/verifier/index.ts'
import { isRemote, readsConsumer, readsOf } from './onezone-law.ts'
import type { World } from './world.ts'

/**
 * Which family a token says it belongs to, in words of this model; a secret that is looked up belongs to its record.
 */
export function familyNameOf(token: PresentedToken, world: World): string {
  if (token.id === null) return `record/${world.lookups[token.serialized]?.id ?? token.digest}`
  return token.generation === null
    ? `named/${token.id}`
    : `temporary/${serializeSubject(token.subject)}/${token.generation}`
}

/** Whom a token speaks for, which only the record of a version 1 token tells. */
export function ownerOf(token: PresentedToken, world: World): string {
  if (token.id === null) return `usr-${world.lookups[token.serialized]?.userId ?? ''}`
  const recorded = token.generation === null ? world.named[token.id]?.owner : undefined
  return token.subject.id === null ? (recorded ?? 'nobody') : serializeSubject(token.subject)
}

/** The same question to Onezone: the token, its use, and of its context what has an influence on the answer. */
export function questionName(question: Question): string {
  const { token, kind, peerIp, consumerToken, allowDataAccessCaveats, inviteType } = question
  if (!isRemote(token)) return `${token.digest}/${kind}`
  const reads = readsOf(token)
  const all = reads.has('all')
  const part = (is: boolean, value: unknown): unknown => (is || all ? value : '')
  const consumed = readsConsumer(token) && consumerToken !== null
  return JSON.stringify([
    token.digest,
    kind,
    kind === 'invite' ? inviteType : '',
    part(reads.has('peerIp') || reads.has('geo') || consumed, peerIp),
    part(reads.has('interface') || consumed, question.interface),
    consumed ? consumerToken.digest : '',
    part(reads.has('dataAccess'), allowDataAccessCaveats),
  ])
}

/** Not all that the key of a question holds is sent where the token is used as anything but an access token. */
export function isKeptFiner({ kind, consumerToken, token }: Question): boolean {
  return kind !== 'access' && (consumerToken !== null || isRemote(token))
}

/** Whether the gateway may take a question for selected, since only Onezone knows whose the token is. */
export function mayBeSelected(
  selector: InvalidationSelector,
  request: Question,
  world: World,
): boolean {
  const isOpaque = request.token.id === null || request.token.subject.id === null
  return (isOpaque && !('fingerprint' in selector)) || isSelected(selector, request, world)
}

/** Whether what an operator selected is what a request rests on: its token, or the consumer token that is read. */
export function isSelected(
  selector: InvalidationSelector,
  request: Question,
  world: World,
): boolean {
  const { token, consumerToken } = request
  if (isTokenSelected(selector, token, world)) return true
  return (
    consumerToken !== null &&
    readsConsumer(token) &&
    isTokenSelected(selector, consumerToken, world)
  )
}

/** Whether it is about the generations of whom the token speaks for. */
export function areGenerationsSelected(
  selector: InvalidationSelector,
  { token: { generation, subject } }: Question,
): boolean {
  if ('all' in selector) return true
  const { subject: selected } =
    'family' in selector && 'subject' in selector.family
      ? selector.family
      : 'subject' in selector
        ? selector
        : {}
  if (generation === null || selected === undefined) return false
  return serializeSubject(subject) === serializeSubject(selected)
}

/** Whether it takes back what is known of this token. */
export function isTokenSelected(
  selector: InvalidationSelector,
  token: PresentedToken,
  world: World,
): boolean {
  if ('all' in selector) return true
  if ('fingerprint' in selector) return token.fingerprint === selector.fingerprint
  if ('subject' in selector) return ownerOf(token, world) === serializeSubject(selector.subject)
  const family = 'family' in selector ? selector.family : selector
  if ('tokenId' in family) {
    const id = token.id ?? world.lookups[token.serialized]?.id
    return token.generation === null && id === family.tokenId
  }
  const { subject, generation } = family
  return (
    token.generation === generation && serializeSubject(token.subject) === serializeSubject(subject)
  )
}
