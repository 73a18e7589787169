import type { Subject, Token } from '../token/index.ts'
import type { Identity } from './decision.ts'
import type { HeaderPolicy } from './identity-headers.ts'
import type { RouteRules } from './route-rules.ts'

/** Who a request speaks for, and the header fields that say so. */
export interface IdentityStatement {
  readonly identity: Identity | null
  readonly headers: readonly string[]
}

/** The statements of one route. */
export interface IdentityStatements {
  /** That nobody in particular sends the request. */
  readonly nobody: IdentityStatement
  /** What an accepted token says; made once per token, since it is the same for each of its requests. */
  of(token: Token, subject: Subject): IdentityStatement
}

/** Makes the statements of one route. Each is frozen: a handler cannot change what others will see. */
export function createIdentityStatements(
  rules: RouteRules,
  headers: HeaderPolicy,
): IdentityStatements {
  const made = new WeakMap<Token, IdentityStatement>()

  const make = (token: Token, subject: Subject): IdentityStatement => {
    const identity: Identity = Object.freeze({
      subject,
      token: Object.freeze({
        id: token.id,
        type: token.kind,
        persistence: token.persistence,
        fingerprint: token.fingerprint,
        expiresAt: token.validUntil,
      }),
      delegatedCaveats: rules.delegatedBy(token),
    })
    return { identity, headers: Object.freeze(headers.state(identity)) }
  }

  return {
    nobody: { identity: null, headers: Object.freeze(headers.state(null)) },
    of(token, subject) {
      const known = made.get(token)
      if (known !== undefined && speaksFor(known.identity?.subject, subject)) return known
      const statement = make(token, subject)
      made.set(token, statement)
      return statement
    },
  }
}

function speaksFor(known: Subject | undefined, subject: Subject): boolean {
  return known?.id === subject.id && known.type === subject.type
}
