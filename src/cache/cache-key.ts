import type { ContextField } from '../token/index.ts'
import { contextFieldsOf } from '../token/index.ts'
import type { VerificationRequest } from '../verifier/index.ts'

/** Onezone verifies the consumer token in the same context (API §5.3, step 4), so its own caveats count too. */
const consumerPart = ({ consumerToken, peerIp, interface: door }: VerificationRequest): unknown =>
  consumerToken === null ? null : [consumerToken.digest, peerIp, door]

/**
 * How each context field enters a key; null: it does not. The compiler demands a line for each field of the caveat
 * table, so that a new one cannot be cached wrongly by omission.
 */
const PARTS: Readonly<Record<ContextField, ((request: VerificationRequest) => unknown) | null>> = {
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

/**
 * The key of a verdict: the token's digest, what it is used as, and exactly the context fields that its own caveats
 * read. The key of a question under way is the same key (GHSA-84rm-mhfq-f476). Never holds a raw token.
 */
export function cacheKey(request: VerificationRequest): string {
  const { token, kind } = request
  const key =
    kind === 'invite' ? `${token.digest}invite:${request.inviteType ?? ''}` : token.digest + kind
  const parts: [field: ContextField, value: unknown][] = []
  for (const field of contextFieldsOf(token)) {
    const part = PARTS[field]
    if (part !== null) parts.push([field, part(request)])
  }
  return parts.length === 0 ? key : key + JSON.stringify(parts)
}
