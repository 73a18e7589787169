import type { PresentedToken } from '../token/index.ts'
import type { TokenRecord } from '../verifier/index.ts'
import type { AdmittedSubject, Identity } from './decision.ts'
import type { HeaderPolicy } from './identity-headers.ts'
import type { Objection } from './objection.ts'
import type { RouteRules } from './route-rules.ts'

/** Who a request speaks for, and the header fields that say so. */
export interface IdentityStatement {
  readonly identity: Identity | null
  readonly headers: readonly string[]
  /** Why the request is refused all the same; null: it may pass. */
  readonly objection: Objection | null
}

/** The statements of one route. */
export interface IdentityStatements {
  /** What is stated of a request without a token. */
  readonly nobody: IdentityStatement
  /**
   * What is said of an accepted token; made once per token and record, since it is the same for each of its requests.
   *
   * @param nowMs On the monotonic clock.
   */
  of(token: PresentedToken, verdict: SpokenFor, nowMs: number): IdentityStatement
}

/** The part of an accepted verdict that a statement is about. */
export interface SpokenFor {
  readonly subject: AdmittedSubject
  readonly record: TokenRecord | null
  /** On the monotonic clock. */
  readonly askedAtMs: number
}

/** Makes the statements of one route. Each is frozen: a handler cannot change what others will see. */
export function createIdentityStatements(
  rules: RouteRules,
  headers: HeaderPolicy,
): IdentityStatements {
  const made = new WeakMap<PresentedToken, MadeStatement>()

  const make = (
    token: PresentedToken,
    subject: AdmittedSubject,
    record: TokenRecord | null,
  ): MadeStatement => {
    const identity: Identity = Object.freeze({
      subject,
      token: Object.freeze({
        id: token.id ?? record?.id ?? '',
        type: token.statedType ?? token.kind,
        persistence: token.persistence,
        fingerprint: token.fingerprint,
        expiresAt: record === null ? token.validUntil : record.validUntil,
      }),
      scopes: record?.scopes ?? null,
      delegatedCaveats: rules.delegatedBy(token),
    })
    return { identity, record, headers: Object.freeze(headers.state(identity)), objection: null }
  }

  return {
    nobody: { identity: null, headers: Object.freeze(headers.state(null)), objection: null },
    of(token, { subject, record }) {
      const known = made.get(token)
      if (known !== undefined && isAbout(known, subject, record)) return known
      const statement = make(token, subject, record)
      made.set(token, statement)
      return statement
    },
  }
}

/** A statement, and the record that it was made from. */
interface MadeStatement extends IdentityStatement {
  readonly record: TokenRecord | null
}

function isAbout(
  { identity, record: known }: MadeStatement,
  subject: AdmittedSubject,
  record: TokenRecord | null,
): boolean {
  return (
    identity?.subject.id === subject.id &&
    identity.subject.type === subject.type &&
    known === record
  )
}
