import type { InviteType, Service, Subject, Token } from '../token/index.ts'
import { verifySignature } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import type { CaveatContext, JudgedAs } from './caveat-context.ts'
import { refuseCaveats } from './caveat-context.ts'
import { earliestEnd, exactCaveatsOf } from './exact-caveats.ts'
import type { OnezoneState } from './state.ts'
import { sameSubject } from './state.ts'
import type { PresentedSession } from './subject-standing.ts'
import { isPresented, ONEZONE_SERVICE, refuseBearing } from './subject-standing.ts'

/** In what circumstances a token is verified. */
export interface VerificationContext extends CaveatContext {
  readonly session: PresentedSession
}

/** What a verified token proves. */
export interface Verified {
  /** Of a version 1 token: that of its record. */
  readonly subject: Subject
  /** Seconds until the first time caveat fails; null without time caveats. */
  readonly ttl: number | bigint | null
}

/** Verifies as an access token. */
export function verifyAccessToken(
  state: OnezoneState,
  token: Token,
  context: VerificationContext,
): Verified | Refusal {
  if (token.kind !== 'access') return refusals.notAnAccessToken(token.type)
  return verify(state, token, 'access', context)
}

/** Verifies as an identity token; the sessionless access token of a provider passes for one. */
export function verifyIdentityToken(
  state: OnezoneState,
  token: Token,
  context: VerificationContext,
): Verified | Refusal {
  if (token.kind === 'identity') return verify(state, token, 'identity', context)
  if (!('accessToken' in token.type) || token.type.accessToken.sessionId !== undefined) {
    return refusals.notAnIdentityToken(token.type)
  }
  const verified = verify(state, token, 'providerIdentity', context)
  if (verified instanceof Refusal || verified.subject.type === 'oneprovider') return verified
  return refusals.notAnIdentityToken(token.type)
}

/** Verifies as an invite token. Whether it may still be consumed is not asked (Onezone API, §5.3). */
export function verifyInviteToken(
  state: OnezoneState,
  token: Token,
  expected: InviteType | 'any',
  context: VerificationContext,
): Verified | Refusal {
  const { type } = token
  const expectedType =
    'inviteToken' in type && (expected === 'any' || type.inviteToken.inviteType === expected)
  return expectedType
    ? verify(state, token, 'invite', context)
    : refusals.notAnInviteToken(expected, type)
}

/** Under which address and interface a service or consumer token is verified, and what of its caveats is ignored. */
export type CompanionContext = Pick<CaveatContext, 'peerIp' | 'interface' | 'ignored'>

/**
 * Which service a service token in a header stands for; op-worker unless it says op-panel (Onezone API, §5.3 step 3).
 * In a request body that word counts only if the token names its provider, which version 1 does not.
 */
export function verifyServiceToken(
  state: OnezoneState,
  token: Token,
  context: CompanionContext,
  placed: 'header' | 'body',
): Service | Refusal {
  const verified = verifyIdentityToken(state, token, companion(context))
  if (verified instanceof Refusal) return refusals.badServiceToken(verified)
  const { type, id } = verified.subject
  if (type !== 'oneprovider' || id === null)
    return refusals.badServiceToken(refusals.tokenInvalid())
  const isHeard = placed === 'header' || token.version === 2
  return { type: isHeard && token.serviceIndication === 'opp' ? 'op_panel' : 'op_worker', id }
}

/** Who the consumer is that a consumer token stands for (Onezone API, §5.3 step 4). */
export function verifyConsumerToken(
  state: OnezoneState,
  token: Token,
  context: CompanionContext,
): Subject | Refusal {
  const verified = verifyIdentityToken(state, token, companion(context))
  return verified instanceof Refusal ? refusals.badConsumerToken(verified) : verified.subject
}

function companion(seen: CompanionContext): VerificationContext {
  return {
    ...seen,
    service: ONEZONE_SERVICE,
    consumer: null,
    allowDataAccessCaveats: false,
    session: 'any',
  }
}

/**
 * Steps 6 to 11 of Onezone API, §5.3, in this order: a token may fail in many ways, and which one is reported counts.
 */
function verify(
  state: OnezoneState,
  token: Token,
  judgedAs: JudgedAs,
  context: VerificationContext,
): Verified | Refusal {
  const origin = originOf(state, token)
  if (origin instanceof Refusal) return origin

  const caveats = exactCaveatsOf(token)
  const refusal = refuseCaveats(state, caveats, judgedAs, context)
  if (refusal !== null) return refusal
  if (!verifySignature(token, origin.secret)) return refusals.tokenInvalid()
  if (!isPresented(context.session, token.type)) return refusals.tokenSessionInvalid()

  const { subject } = origin
  const services = judgedAs === 'access' ? [context.service] : []
  const end = earliestEnd(caveats)
  const now = state.nowSeconds()
  const ttl = typeof end === 'bigint' ? end - BigInt(now) : end === null ? null : end - now
  return refuseBearing(state, { subject, type: token.type, services }) ?? { subject, ttl }
}

/** With what the token must have been signed and for whom, if its family lives. */
function originOf(
  state: OnezoneState,
  token: Token,
): { readonly secret: string; readonly subject: Subject } | Refusal {
  if (token.generation !== null) {
    const { subject } = token
    if (subject.type !== 'user' && subject.type !== 'oneprovider') return refusals.tokenInvalid()
    const { secret, generation } = state.temporarySecretOfClaimed(subject)
    if (token.generation < generation) return refusals.tokenRevoked()
    return token.generation > generation ? refusals.tokenInvalid() : { secret, subject }
  }
  const record = state.namedToken(token.id)
  if (record === undefined) return refusals.tokenInvalid()
  if (record.revoked) return refusals.tokenRevoked()
  if (token.version === 2 && !sameSubject(token.subject, record.subject)) {
    return refusals.tokenSubjectInvalid()
  }
  return { secret: record.secret, subject: record.subject }
}
