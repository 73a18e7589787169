import type { Service, Subject, TokenType } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import type { OnezoneState } from './state.ts'

/** The service that a caller without service token is (Onezone API, §5.1). */
export const ONEZONE_SERVICE: Service = { type: 'oz_worker', id: 'onezone' }

/** Which session the bearer shows: any will do, this one, or none. */
export type PresentedSession = 'any' | { readonly id: string } | null

/** Whether the bearer shows the session that a token is bound to, if it is. Whether that lives is another question. */
export function isPresented(session: PresentedSession, type: TokenType): boolean {
  const bound = 'accessToken' in type ? type.accessToken.sessionId : undefined
  return bound === undefined || session === 'any' || session?.id === bound
}

/** What a token is for, as far as it matters whether its subject may have it. */
export interface Bearing {
  readonly subject: Subject
  readonly type: TokenType
  /** The services that the token is used by or is confined to; judged for access tokens only. */
  readonly services: readonly Service[]
}

/**
 * The last checks of a verification, and the only ones of creating and confining: the subject exists and is not
 * blocked, the session lives, the services may act for the subject (Onezone API, §5.3 steps 9 to 11, §6, §7.4).
 */
export function refuseBearing(state: OnezoneState, bearing: Bearing): Refusal | null {
  const { subject, type } = bearing
  const refusal = refuseSubject(state, subject)
  if (refusal !== null || !('accessToken' in type)) return refusal

  const { sessionId } = type.accessToken
  if (sessionId !== undefined && !sessionLives(state, subject, sessionId)) {
    return refusals.tokenSessionInvalid()
  }
  const forbidden = bearing.services.find((service) => !mayActFor(state, service, subject))
  return forbidden === undefined ? null : refusals.tokenServiceForbidden(forbidden)
}

function refuseSubject(state: OnezoneState, { type, id }: Subject): Refusal | null {
  if (id === null) return refusals.tokenSubjectInvalid()
  if (type === 'oneprovider' && state.provider(id) !== undefined) return null
  const user = type === 'user' ? state.user(id) : undefined
  if (user === undefined) return refusals.tokenSubjectInvalid()
  return user.blocked ? refusals.userBlocked() : null
}

function sessionLives(state: OnezoneState, subject: Subject, sessionId: string): boolean {
  if (subject.type !== 'user' || subject.id === null) return false
  return state.user(subject.id)?.sessions.includes(sessionId) ?? false
}

/** Onezone API, §5.3 step 11. */
function mayActFor(state: OnezoneState, service: Service, subject: Subject): boolean {
  const { type, id } = service
  if (type === 'oz_worker') return id === ONEZONE_SERVICE.id || id === '*'
  if (subject.type !== 'user' || subject.id === null) return false
  if (id === '*') return true
  // the zone's own cluster has the id of the zone, and its panel passes for a provider's too
  const isZonePanel = type !== 'op_worker' && id === ONEZONE_SERVICE.id
  if (isZonePanel) return state.onezone().clusterUsers.includes(subject.id)
  if (type === 'oz_panel') return false
  const provider = state.provider(id)
  const users = type === 'op_worker' ? provider?.effectiveUsers : provider?.clusterUsers
  return users?.includes(subject.id) ?? false
}
