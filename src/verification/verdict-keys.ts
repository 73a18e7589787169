import type { ContextField } from '../token/index.ts'
import { contextFieldsOf } from '../token/index.ts'
import type { Question } from '../verifier/index.ts'

/** The key of what is proven of a token: its digest, and what it is used as where that is not what it is. */
export function proofKey({ token, kind }: Question): string {
  return kind === token.kind ? token.digest : `${token.digest}/${kind}`
}

/** Onezone verifies the consumer token in the same context (API §5.3, step 4), so its own caveats count too. */
const consumerPart = ({ consumerToken, peerIp, interface: door }: Question): unknown =>
  consumerToken === null ? null : [consumerToken.digest, peerIp, door]

/**
 * How each context field enters the key of a verdict; null: it does not. The compiler demands a line for each field of
 * the caveat table, so that a new one cannot be remembered wrongly by omission.
 */
const PARTS: Readonly<Record<ContextField, ((request: Question) => unknown) | null>> = {
  time: null, // bounds the time to live instead
  session: null, // only Onezone knows; the time to live bounds it
  service: null, // one service token per verifier
  peerIp: (request) => request.peerIp,
  geo: (request) => request.peerIp,
  interface: (request) => request.interface,
  consumer: consumerPart,
  dataAccess: (request) => request.allowDataAccessCaveats,
  everything: (request) => [
    request.peerIp,
    request.interface,
    consumerPart(request),
    request.allowDataAccessCaveats,
  ],
}

/** The fields of the request that the key of a verdict in context holds, each with what stands for it there. */
export function keyFieldsOf(request: Question): [field: KeyField, value: unknown][] {
  const parts: [field: KeyField, value: unknown][] = []
  if (request.kind === 'invite') parts.push(['inviteType', request.inviteType])
  for (const field of contextFieldsOf(request.token)) {
    const part = PARTS[field]
    if (part !== null) parts.push([field, part(request)])
  }
  return parts
}

/** What a key can hold besides the token: what caveats read, and the kind of invitation that the route expects. */
export type KeyField = ContextField | 'inviteType'

/**
 * The key of a verdict that holds in one context: the token, its use, and exactly the context fields that its caveats
 * read. The key of a question under way is the same key (GHSA-84rm-mhfq-f476). Never holds a raw token.
 */
export function contextKey(request: Question): string {
  return proofKey(request) + JSON.stringify(keyFieldsOf(request))
}

/** Length of a digest in base64url: every key begins with that of its token. */
const DIGEST_LENGTH = 43

/** The digest of the token that a key is about. */
export function digestOfKey(key: string): string {
  return key.slice(0, DIGEST_LENGTH)
}

/** What the keys of a token begin with that has this fingerprint: the fingerprint is the digest's beginning, in hex. */
export function keyPrefixOf(fingerprint: string): string {
  return Buffer.from(fingerprint, 'hex').toString('base64url')
}
