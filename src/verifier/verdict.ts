import type { Subject } from '../token/index.ts'

/** Why a verifier said no. Each has one line in the table of answers (`authenticator/answers.ts`). */
export type RefusalReason =
  | 'token_malformed'
  | 'token_too_large'
  | 'token_invalid'
  | 'token_expired'
  | 'token_revoked'
  | 'token_type_mismatch'
  | 'caveat_unverified'
  | 'consumer_token_invalid'
  | 'user_blocked'
  | 'service_forbidden'

/**
 * The verifier said no. Onedata: an error about the token; RFC 7662: `active: false`. A refusal is ordinary traffic,
 * therefore a value; that nobody could say is an exception (`VerifierFaultError`).
 */
export interface Refused {
  readonly outcome: 'refused'
  readonly reason: RefusalReason
  /** Type of the caveat that does not hold, e.g. `ip`, or `unknown`; only with `caveat_unverified`. */
  readonly caveat: string | null
  /** Monotonic time in milliseconds at which the question behind this verdict was sent. */
  readonly askedAtMs: number
}

/** What a verifier has on record about a token, where the token's own text does not say. */
export interface TokenRecord {
  /** Not secret. All texts that the verifier knows by this id stand or fall together. */
  readonly id: string
  /** What the token may be used for. A route that demands scopes admits no token without them. */
  readonly scopes: readonly string[]
  /** Unix seconds at which it ends; null: never. */
  readonly validUntil: number | null
}

/** What {@link accept} needs to know. */
export interface Acceptance {
  /** Whom the token speaks for; never `nobody`. */
  readonly subject: Subject
  /** How much longer the token itself is valid, in seconds from `askedAtMs`; null: without end. */
  readonly ttlSeconds: number | null
  /** Monotonic time in milliseconds at which the question was sent: a fact is as old as its question. */
  readonly askedAtMs: number
  /** @default null: the token says all about itself */
  readonly record?: TokenRecord | null | undefined
}

class AcceptedVerdict implements Acceptance {
  /** Keeps look-alikes out, for the compiler too. */
  // oxlint-disable-next-line no-unused-private-class-members -- `#accepted in value` reads it
  readonly #accepted = true
  readonly outcome = 'accepted'
  readonly subject: Subject
  readonly ttlSeconds: number | null
  readonly askedAtMs: number
  readonly record: TokenRecord | null

  constructor(acceptance: Acceptance) {
    this.subject = Object.freeze({ type: acceptance.subject.type, id: acceptance.subject.id })
    this.ttlSeconds = acceptance.ttlSeconds
    this.askedAtMs = acceptance.askedAtMs
    this.record = freezeRecord(acceptance.record ?? null)
    Object.freeze(this)
  }

  static made(value: unknown): value is AcceptedVerdict {
    return typeof value === 'object' && value !== null && #accepted in value
  }
}

/** The verifier said yes. Only {@link accept} makes one, so that nothing else can be mistaken for it. */
export type Accepted = AcceptedVerdict

/** The same object where it is frozen already, so that what was made from it need not be made again. */
function freezeRecord(record: TokenRecord | null): TokenRecord | null {
  return record === null || Object.isFrozen(record)
    ? record
    : Object.freeze({ ...record, scopes: Object.freeze([...record.scopes]) })
}

/** What a verifier says about a token in a context. Onedata: verification result; RFC 7662: introspection response. */
export type Verdict = Accepted | Refused

/** Makes the only value that lets a request through. Frozen: a handler cannot change what others will see. */
export function accept(acceptance: Acceptance): Accepted {
  return new AcceptedVerdict(acceptance)
}

/** Makes a refusal. */
export function refuse(
  reason: RefusalReason,
  askedAtMs: number,
  caveat: string | null = null,
): Refused {
  return Object.freeze({ outcome: 'refused', reason, caveat, askedAtMs })
}

/** Whether a value is a verdict that lets a request through. By origin, not by shape: look-alikes are no verdicts. */
export function isAccepted(value: unknown): value is Accepted {
  return AcceptedVerdict.made(value)
}
