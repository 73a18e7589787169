import type { Assert, Assertions } from '../assertion/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { Identity } from './decision.ts'
import type { IdentityStatement, IdentityStatements } from './identity-statements.ts'
import type { HeaderPolicy } from './identity-headers.ts'
import type { RoutePolicy } from './route-policy.ts'
import type { Objection } from './route-rules.ts'

/** Header fields that are true for a while only. */
export interface PassingFields {
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  /** For how long another request may be told the same, in milliseconds. */
  readonly freshForMs: number
}

/** Makes such fields for one token, or says why its requests cannot be let through. */
export type MakePassingFields = (
  identity: Identity,
  token: PresentedToken,
  factAgeMs: number,
) => PassingFields | Objection

interface PassingStatement extends IdentityStatement {
  /** On the monotonic clock. */
  readonly freshUntilMs: number
}

/**
 * The same statements with fields that pass: made once per token and time, never per request, and let go with the
 * statement that they belong to.
 */
export function withPassingFields(
  inner: IdentityStatements,
  makers: readonly MakePassingFields[],
): IdentityStatements {
  const made = new WeakMap<IdentityStatement, PassingStatement>()

  const make = (
    { identity, headers }: IdentityStatement,
    token: PresentedToken,
    factAgeMs: number,
    nowMs: number,
  ): PassingStatement => {
    const fields = [...headers]
    let freshForMs = Infinity
    for (const maker of makers) {
      if (identity === null) break
      const passing = maker(identity, token, factAgeMs)
      if ('code' in passing) {
        return { identity, headers, objection: passing, freshUntilMs: -Infinity }
      }
      fields.push(...passing.fields)
      freshForMs = Math.min(freshForMs, passing.freshForMs)
    }
    const freshUntilMs = nowMs + freshForMs
    return { identity, headers: Object.freeze(fields), objection: null, freshUntilMs }
  }

  return {
    nobody: inner.nobody,
    of(token, verdict, nowMs) {
      const statement = inner.of(token, verdict, nowMs)
      const known = made.get(statement)
      if (known !== undefined && nowMs < known.freshUntilMs) return known
      const passing = make(statement, token, nowMs - verdict.askedAtMs, nowMs)
      made.set(statement, passing)
      return passing
    },
  }
}

/** Where the fields of a route come from that pass. */
export interface PassingSources {
  readonly assertions?: Assertions | undefined
}

/**
 * What a route adds to the fields of an identity.
 *
 * @throws {TypeError} for a policy that asks for what there is no source of, or that makes no sense.
 */
export function passingFieldsOf(
  policy: RoutePolicy,
  headers: HeaderPolicy,
  { assertions }: PassingSources,
): MakePassingFields[] {
  const makers: MakePassingFields[] = []
  if (policy.assertion !== undefined) {
    if (assertions === undefined) throw new TypeError('"assertion" of a route needs what signs')
    makers.push(
      assertionField(headers.assertionName, assertions.forAudience(policy.assertion.audience)),
    )
  }
  return makers
}

function assertionField(name: string, assert: Assert): MakePassingFields {
  return (identity, _token, factAgeMs) => {
    const signed = assert(identity, factAgeMs)
    if (signed === null) {
      return { code: 'caveat_not_enforced', caveat: identity.delegatedCaveats[0]?.type ?? 'scope' }
    }
    return { fields: [name, signed.text], freshForMs: signed.freshForMs }
  }
}
