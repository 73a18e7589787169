import type { Assert, Assertions } from '../assertion/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { BackendName } from '../verifier/index.ts'
import { readConfinement } from './confinement.ts'
import { confinedField } from './forwarded-token.ts'
import type { IdentityStatement, IdentityStatements } from './identity-statements.ts'
import { createIdentityStatements } from './identity-statements.ts'
import type { HeaderPolicy } from './identity-headers.ts'
import type { MakePassingFields } from './passing-fields.ts'
import type { RoutePolicy } from './route-policy.ts'
import type { RouteRules } from './route-rules.ts'

/** A statement with such fields. */
interface PassingStatement extends IdentityStatement {
  /** On the monotonic clock. */
  readonly freshUntilMs: number
}

/**
 * The same statements with fields that pass: made once per token and time, never per request, and let go with the
 * statement that they belong to.
 */
function withPassingFields(
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
  /** What time it is at Onezone, in milliseconds since 1970. */
  readonly onezoneNowMs: () => number
  readonly backend: BackendName
}

/**
 * Makes the statements of one route, and what it adds to them.
 *
 * @throws {TypeError} for a policy that asks for what there is no source of, or that makes no sense.
 */
export function createRouteStatements(
  policy: RoutePolicy,
  rules: RouteRules,
  headers: HeaderPolicy,
  sources: PassingSources,
): IdentityStatements {
  const statements = createIdentityStatements(rules, headers)
  const makers = passingFieldsOf(policy, headers, sources)
  return makers.length === 0 ? statements : withPassingFields(statements, makers)
}

/** What a route adds to the fields of an identity. */
function passingFieldsOf(
  policy: RoutePolicy,
  headers: HeaderPolicy,
  { assertions, onezoneNowMs, backend }: PassingSources,
): MakePassingFields[] {
  const makers: MakePassingFields[] = []
  if (policy.assertion !== undefined) {
    if (assertions === undefined) throw new TypeError('"assertion" of a route needs what signs')
    makers.push(
      assertionField(headers.assertionName, assertions.forAudience(policy.assertion.audience)),
    )
  }
  const confinement = readConfinement(policy.forwardToken, policy.token)
  if (confinement !== null) {
    if (backend !== 'onezone') {
      throw new TypeError(
        '"forwardToken.confine" needs tokens of Onedata; others cannot be confined',
      )
    }
    makers.push(confinedField(confinement, onezoneNowMs))
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
