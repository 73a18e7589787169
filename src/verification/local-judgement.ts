import type { Caveat, ContextField, PresentedToken } from '../token/index.ts'
import { caveatHolds, contextFieldsOf } from '../token/index.ts'
import type { Refused, Question } from '../verifier/index.ts'
import { refuse } from '../verifier/index.ts'

/** What can be judged from a token's own text once Onezone has proven it. `service`: one service token per verifier. */
const LOCAL: ReadonlySet<ContextField> = new Set([
  'time',
  'peerIp',
  'interface',
  'dataAccess',
  'service',
])

/** Whether the verdict about a token, once proven, depends on nothing but its text, its family and the request. */
export function isJudgedLocally(token: PresentedToken): boolean {
  for (const field of contextFieldsOf(token)) if (!LOCAL.has(field)) return false
  return true
}

/** The caveats of a token that a request can fail; the others hold for good, or end by themselves. */
export function contextCaveatsOf(token: PresentedToken): readonly Caveat[] {
  return token.caveats.filter(
    (caveat) => caveat.type === 'ip' || caveat.type === 'interface' || isDataCaveat(caveat),
  )
}

/** Whether a caveat is about access to data: it holds where the route has it enforced further on. */
export function isDataCaveat({ type }: Caveat): boolean {
  return type?.startsWith('data.') === true
}

/**
 * The first caveat that does not hold for the request, as a refusal; null where all hold. Onezone would refuse the
 * token for it too, whatever its signature.
 */
export function objectionOf(
  caveats: readonly Caveat[],
  request: Question,
  onezoneNowMs: number,
  askedAtMs: number,
): Refused | null {
  const context = {
    nowSeconds: Math.floor(onezoneNowMs / 1000),
    peerIp: request.peerIp,
    interface: request.interface,
  }
  for (const caveat of caveats) {
    if (caveat.type === 'time') {
      if (!caveatHolds(caveat, context)) return refuse('token_expired', askedAtMs)
    } else if (isDataCaveat(caveat)) {
      if (!request.allowDataAccessCaveats) {
        return refuse('caveat_unverified', askedAtMs, caveat.type)
      }
    } else if (caveatHolds(caveat, context) === false) {
      return refuse('caveat_unverified', askedAtMs, caveat.type ?? 'scope')
    }
  }
  return null
}

/** Whether a route expects an invitation of another kind than the token's. */
export function invitesElsewhere({ inviteType, token: { type } }: Question): boolean {
  return inviteType !== null && 'inviteToken' in type && type.inviteToken.inviteType !== inviteType
}
