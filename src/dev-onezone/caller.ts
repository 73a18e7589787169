import type { Caveat, Service, Subject } from '../token/index.ts'
import { NOBODY } from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import { authenticateBasic, basicCredentialsIn } from './basic-auth.ts'
import { tokenOf } from './fields.ts'
import { authenticateByProvider } from './identity-providers.ts'
import type { OnezoneState } from './state.ts'
import type { PresentedSession } from './subject-standing.ts'
import { ONEZONE_SERVICE } from './subject-standing.ts'
import type { CompanionContext } from './verification.ts'
import { verifyAccessToken, verifyConsumerToken, verifyServiceToken } from './verification.ts'

/** Who makes a request; nobody if it comes without credentials. */
export interface Caller {
  readonly subject: Subject
  /** Of the token that came as credentials: they limit what the caller may call (Onezone API, §4.4). */
  readonly caveats: readonly Caveat[]
}

const NOBODY_CALLS: Caller = { subject: NOBODY, caveats: [] }

/** Value of a request header by its lower-case name; repeated headers joined by `, `. */
export type HeaderLookup = (name: string) => string | undefined

/** Who the credentials of a request stand for (Onezone API, §8). Credentials that are there must be valid. */
export function authenticateCaller(
  state: OnezoneState,
  header: HeaderLookup,
  peerIp: string | null,
): Caller | Refusal {
  const credentials = tokenIn(header)
  const basic = credentials === undefined ? basicCredentialsIn(header('authorization')) : undefined
  if (basic !== undefined) {
    const user = authenticateBasic(state, basic)
    return user instanceof Refusal ? refusals.unauthorized(user) : { subject: user, caveats: [] }
  }
  if (credentials === undefined) return NOBODY_CALLS
  const caller = bearerOf(state, credentials, header, peerIp)
  return caller instanceof Refusal ? refusals.unauthorized(caller) : caller
}

/** The first header that is there decides; there is no way back to the next one if its token is bad. */
function tokenIn(header: HeaderLookup): string | undefined {
  const bearer = /^Bearer (.+)$/s.exec(header('authorization') ?? '')?.[1]
  return header('x-auth-token') ?? bearer ?? header('macaroon')
}

function bearerOf(
  state: OnezoneState,
  credentials: string,
  header: HeaderLookup,
  peerIp: string | null,
): Caller | Refusal {
  const token = tokenOf(credentials)
  if (token instanceof Refusal) {
    // Only what cannot be read as a token; the other tokens of the request are not looked at then.
    const user = token.id === 'badToken' ? authenticateByProvider(state, credentials) : null
    return user instanceof Refusal || user === null
      ? (user ?? token)
      : { subject: user, caveats: [] }
  }

  const seen = { peerIp, interface: 'rest' } as const
  const service = serviceOf(state, header('x-onedata-service-token'), seen)
  if (service instanceof Refusal) return service
  const consumer = consumerOf(state, header('x-onedata-consumer-token'), seen)
  if (consumer instanceof Refusal) return consumer

  const verified = verifyAccessToken(state, token, {
    ...seen,
    service,
    consumer,
    allowDataAccessCaveats: false,
    session: service.type === 'op_panel' ? 'any' : sessionOf(header('cookie')),
  })
  return verified instanceof Refusal
    ? verified
    : { subject: verified.subject, caveats: token.caveats }
}

function serviceOf(
  state: OnezoneState,
  serialized: string | undefined,
  seen: CompanionContext,
): Service | Refusal {
  if (serialized === undefined) return ONEZONE_SERVICE
  const token = tokenOf(serialized)
  if (token instanceof Refusal) return refusals.badServiceToken(token)
  return verifyServiceToken(state, token, seen, 'header')
}

function consumerOf(
  state: OnezoneState,
  serialized: string | undefined,
  seen: CompanionContext,
): Subject | null | Refusal {
  if (serialized === undefined) return null
  const token = tokenOf(serialized)
  if (token instanceof Refusal) return refusals.badConsumerToken(token)
  return verifyConsumerToken(state, token, seen)
}

/** The session whose cookie is presented; here the cookie `SID` holds the id itself. */
function sessionOf(cookie = ''): PresentedSession {
  const id = /(?:^|;\s*)SID=([^;]*)/.exec(cookie)?.[1]
  return id === undefined ? null : { id }
}

/**
 * The caller that the header `X-Control-Auth: nobody | user:ID | provider:ID` sets, whatever the credentials say.
 *
 * @returns null if the value is none of these
 */
export function controlledCaller(value: string): Caller | null {
  if (value === 'nobody') return NOBODY_CALLS
  const [, kind, id] = /^(user|provider):([^/]+)$/.exec(value) ?? []
  if (kind === undefined || id === undefined) return null
  return { subject: { type: kind === 'user' ? 'user' : 'oneprovider', id }, caveats: [] }
}
