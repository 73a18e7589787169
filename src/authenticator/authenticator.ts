import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { silentLogger } from '../logger.ts'
import { shielded } from '../observer.ts'
import type { Token } from '../token/index.ts'
import type { Accepted, Verification, Verifier, VerdictSource } from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import type { AnswerCase, AnswerCode } from './answers.ts'
import { answerFor } from './answers.ts'
import type { Client } from './client-address.ts'
import { createClientResolver } from './client-address.ts'
import { readCredentials } from './credentials.ts'
import type { AuthenticationRequest, Decision, Identity } from './decision.ts'
import { createFaultLog } from './fault-log.ts'
import type { HeaderPolicy } from './identity-headers.ts'
import { createHeaderPolicy } from './identity-headers.ts'
import type { RoutePolicy } from './route-policy.ts'
import type { RouteRules } from './route-rules.ts'
import { compileRouteRules, impossibilityOf } from './route-rules.ts'
import { createTokenReader } from './token-reader.ts'

/** What happened to one request, for metrics and logs. */
export interface DecisionEvent {
  readonly routeId: string
  readonly outcome: 'granted' | 'refused' | 'fault'
  /** Null where no verdict was needed. */
  readonly source: VerdictSource | null
  /** Null where granted. */
  readonly code: AnswerCode | null
}

/** Options of {@link createAuthenticator}. */
export interface AuthenticatorOptions {
  readonly verifier: Verifier
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-*` is believed. @default [] */
  readonly trustedProxies?: readonly string[] | undefined
  /** Whether Onezone is told a service token, so that it can judge `service` caveats. @default false */
  readonly serviceTokenConfigured?: boolean | undefined
  /**
   * How far this machine's clock may be ahead of Onezone's, in milliseconds. Unproven tokens that expired longer ago
   * are refused without asking.
   *
   * @default 5_000
   */
  readonly clockSkewMs?: number | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** @default silentLogger */
  readonly logger?: Logger | undefined
  /** Told of every decision. */
  readonly onDecision?: ((event: DecisionEvent) => void) | undefined
}

/** Request in, answer out, for one route. */
export interface RouteAuthenticator {
  readonly policy: RoutePolicy
  /** Which header fields may reach the upstream, and which state the identity. */
  readonly headers: HeaderPolicy
  /** Decides at once where it can. Never throws and never rejects: a fault is a 503. */
  authenticate(request: AuthenticationRequest): Decision | Promise<Decision>
}

/** The one executor behind all doors. */
export interface Authenticator {
  /**
   * Compiles the policy of a route.
   *
   * @param reserved Identity header names of other routes, which nobody may forge here either.
   * @throws {TypeError} for a policy that makes no sense.
   */
  route(policy: RoutePolicy, reserved?: readonly string[]): RouteAuthenticator
}

/**
 * Makes the authenticator: credentials, client address, route policy and verdict in; decision out. It knows header
 * fields, not frameworks, so that every door gets the same answer.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { verifier, clock = systemClock, logger = silentLogger } = options
  const clockSkewMs = options.clockSkewMs ?? 5_000
  if (!Number.isSafeInteger(clockSkewMs) || clockSkewMs < 0) {
    throw new TypeError('"clockSkewMs" must be a whole number of milliseconds, 0 or more')
  }
  const resolveClient = createClientResolver(options.trustedProxies)
  const readToken = createTokenReader()
  const logFault = createFaultLog(logger, clock)
  const onDecision = shielded(options.onDecision, 'decisions', logger)

  /** By our clock, which may be ahead of Onezone's: then only Onezone can say. */
  const hasExpired = ({ validUntil }: Token): boolean =>
    validUntil !== null && clock.now() >= validUntil * 1000 + clockSkewMs

  const mayIdentify = (token: ReturnType<typeof readToken>): token is Token =>
    typeof token !== 'string' &&
    token.kind !== 'invite' &&
    impossibilityOf(token) === null &&
    !hasExpired(token)

  function createRoute(policy: RoutePolicy, reserved: readonly string[] = []): RouteAuthenticator {
    const rules = compileRouteRules(policy, options.serviceTokenConfigured ?? false)
    const headers = createHeaderPolicy({
      names: policy.headers,
      forwardToken: policy.forwardToken,
      reserved,
    })

    const deny = (
      code: AnswerCode,
      source: VerdictSource | null = 'local',
      about: AnswerCase = {},
    ): Decision => {
      const answer = answerFor(code, { ...about, realm: policy.realm })
      const outcome = answer.status >= 500 ? 'fault' : 'refused'
      onDecision({ routeId: policy.id, outcome, source, code })
      return { outcome: 'denied', answer, source }
    }

    const grant = (
      client: Client,
      identity: Identity | null,
      source: VerdictSource | null,
    ): Decision => {
      onDecision({ routeId: policy.id, outcome: 'granted', source, code: null })
      const identityHeaders = headers.state(identity)
      return { outcome: 'granted', identity, identityHeaders, client, source }
    }

    const conclude = (verification: Verification, token: Token, client: Client): Decision => {
      const { verdict, source } = verification
      if (!isAccepted(verdict)) {
        return deny(verdict.reason, source, { caveat: verdict.caveat })
      }
      if (!rules.admits(verdict.subject)) return deny('subject_not_allowed', source)
      return grant(client, identityOf(token, verdict, rules), source)
    }

    const fail = (error: unknown): Decision => {
      logFault(policy.id, error)
      if (!(error instanceof VerifierFaultError)) return deny('internal_error', 'local')
      return error.code === 'ERR_GATEWAY_MISCONFIGURED'
        ? deny('gateway_misconfigured', 'onezone')
        : deny('verifier_unavailable', 'onezone', { retryAfterSeconds: error.retryAfterSeconds })
    }

    const decide = (request: AuthenticationRequest): Decision | Promise<Decision> => {
      const client = resolveClient(request)
      if (client === null) return deny('client_address_invalid')
      if (rules.kind === 'none') return grant(client, null, null)

      const credentials = readCredentials(request.rawHeaders)
      if (credentials.outcome === 'none') {
        return policy.optional === true
          ? grant(client, null, null)
          : deny('credentials_missing', null)
      }
      if (credentials.outcome !== 'token') return deny(`credentials_${credentials.outcome}`)

      const token = readToken(credentials.token)
      if (typeof token === 'string') return deny(token)
      const objection = rules.objectionTo(token)
      if (objection !== null) return deny(objection.code, 'local', objection)
      if (hasExpired(token)) return deny('token_expired')
      const consumerToken =
        credentials.consumerToken === null ? null : readToken(credentials.consumerToken)
      if (consumerToken !== null && !mayIdentify(consumerToken)) {
        return deny('consumer_token_invalid')
      }

      const verification = verifier.verify({
        token,
        kind: rules.kind,
        peerIp: client.peerIp,
        interface: rules.interface,
        consumerToken,
        allowDataAccessCaveats: rules.delegatesData,
        inviteType: rules.inviteType,
      })
      return verification instanceof Promise
        ? verification.then((settled) => conclude(settled, token, client)).catch(fail)
        : conclude(verification, token, client)
    }

    return {
      policy,
      headers,
      authenticate(request) {
        try {
          return decide(request)
        } catch (error) {
          return fail(error)
        }
      },
    }
  }

  return { route: createRoute }
}

function identityOf(token: Token, verdict: Accepted, rules: RouteRules): Identity {
  return Object.freeze({
    subject: verdict.subject,
    token: Object.freeze({
      id: token.id,
      type: token.kind,
      persistence: token.persistence,
      fingerprint: token.fingerprint,
      expiresAt: token.validUntil,
    }),
    delegatedCaveats: rules.delegatedBy(token),
  })
}
