import { systemClock } from '../clock.ts'
import { VerificationBudgetError, VerifierFaultError } from '../errors.ts'
import { silentLogger, shielded, shieldedLogger } from '../logger.ts'
import { checkOptions } from '../option-shape.ts'
import type { PresentedToken } from '../token/index.ts'
import type { SourcedVerdict, VerdictSource } from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import type { AnswerCase } from './answer.ts'
import { answerFor } from './answer.ts'
import type { AnswerCode } from './answers.ts'
import type { AuthenticatorOptions } from './authenticator-options.ts'
import { AUTHENTICATOR_OPTIONS } from './authenticator-options.ts'
import { backendTraitsOf } from './backend-traits.ts'
import type { Client } from './client-address.ts'
import { createClientResolver } from './client-address.ts'
import { readConfinement } from './confinement.ts'
import type { Credentials } from './credentials.ts'
import { credentialsRead, readCredentials, waysToSend } from './credentials.ts'
import type { AuthenticationRequest, Decision } from './decision.ts'
import type { DecideBy, Inspect, RequestExplanation } from './explanation.ts'
import { explainRequest } from './explanation.ts'
import { createFaultLog, createUnreadableWarning } from './fault-log.ts'
import type { HeaderPolicy } from './identity-headers.ts'
import { createHeaderPolicies, VERDICT_FIELD } from './identity-headers.ts'
import type { IdentityStatement } from './identity-statements.ts'
import { createRouteStatements } from './passing-statements.ts'
import type { RequestIds } from './request-ids.ts'
import { createRequestIds } from './request-ids.ts'
import { createProviderTokens, providersFor, withoutAsking } from './provider-tokens.ts'
import { prefersPage } from './refusal-page.ts'
import type { RoutePolicy } from './route-policy.ts'
import { compileRouteRules, impossibilityOf } from './route-rules.ts'
import { withRememberedTokens } from './remembered-tokens.ts'
import { withSharedParts } from './shared-parts.ts'
import type { GrantedAs, Standing } from './standing.ts'
import { NO_VERDICT } from './standing.ts'
import { createTokenForms } from './token-form.ts'

/** Request in, answer out, for one route. */
export interface RouteAuthenticator {
  readonly policy: RoutePolicy
  /** Which header fields may reach the upstream, and which state the identity. */
  readonly headers: HeaderPolicy
  /** Decides at once where it can. Never throws and never rejects: a fault is a 503. */
  authenticate(request: AuthenticationRequest): Decision | Promise<Decision>
}

/** A route that can say why it decides as it does. */
export interface ExplainingRoute extends RouteAuthenticator {
  /**
   * Says what becomes of a request, and why, by deciding it. No decision is reported or logged, and nobody is asked
   * unless `inspect` does so.
   */
  explain<Report>(
    request: AuthenticationRequest,
    inspect: Inspect<Report>,
  ): Promise<RequestExplanation<Report>>
}

/** Tells the upstream that the grant is older than it usually may be, because nobody could say. */
const STALE = [VERDICT_FIELD, 'stale']

const NO_NAMES: readonly string[] = []

/** The one executor behind all doors. */
export interface Authenticator {
  /** Finds the id of a request, for a door to say in {@link AuthenticationRequest}. */
  readonly requestIdOf: RequestIds
  /**
   * Compiles the policy of a route.
   *
   * @param reserved Identity header names of other routes, which nobody may forge here either.
   * @throws {TypeError} for a policy that makes no sense.
   */
  route(policy: RoutePolicy, reserved?: readonly string[]): ExplainingRoute
}

/**
 * Makes the authenticator: credentials, client address, route policy and verdict in; decision out. It knows header
 * fields, not frameworks, so that every door gets the same answer.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  checkOptions('createAuthenticator', options, AUTHENTICATOR_OPTIONS)
  const { verifier, clock = systemClock } = options
  const traits = backendTraitsOf(options)
  const logger = shieldedLogger(options.logger ?? silentLogger)
  const { stalenessBoundMs = Infinity, onezoneNowMs = () => clock.now() } = options
  const { trustedProxies, forwarded } = options
  const onUnreadable = createUnreadableWarning(logger, clock)
  const resolveClient = createClientResolver({ trustedProxies, forwarded, onUnreadable })
  const readToken = withRememberedTokens(traits.readToken)
  const headerPolicyOf = createHeaderPolicies()
  const tokenFormFor = createTokenForms(options.guiUrl ?? null)
  const logFault = createFaultLog(logger, clock)
  const onDecision = shielded(options.onDecision, 'decisions', logger)

  const mayIdentify = (token: ReturnType<typeof readToken>): token is PresentedToken =>
    typeof token !== 'string' && token.kind !== 'invite' && impossibilityOf(token) === null

  const sources = { ...options, backend: traits.backend, onezoneNowMs }
  const partsOf = withSharedParts((policy, reserved) => {
    const rules = compileRouteRules(policy, traits)
    const headers = headerPolicyOf({
      names: policy.headers,
      forwardToken: policy.forwardToken === true,
      forwardAs: readConfinement(policy.forwardToken, policy.token)?.forwardAs,
      credentials: policy.credentials,
      reserved,
      passHeaders: policy.passHeaders,
    })
    const providers = providersFor(policy, options.identityProviders ?? null)
    return {
      rules,
      headers,
      read: credentialsRead(policy.credentials),
      tokenForm: tokenFormFor(rules),
      providers,
      providerTokens: createProviderTokens({ providers, verifier, rules, traits }),
      statements: createRouteStatements(policy, rules, headers, sources),
    }
  })

  function createRoute(policy: RoutePolicy, reserved = NO_NAMES): ExplainingRoute {
    const parts = partsOf(policy, reserved)
    const { rules, headers, read, tokenForm, providers, providerTokens, statements } = parts

    const deny = (
      code: AnswerCode,
      standing: Standing,
      source: VerdictSource | null = 'local',
      about: AnswerCase = {},
      lateMs: number | null = null,
    ): Decision => {
      const { request, client = null, token = null } = standing
      const { requestId } = request
      const page = prefersPage(request.rawHeaders)
      const answer = answerFor(code, {
        ...about,
        realm: policy.realm,
        offersBasic: read.basic,
        requestId,
        tokenForm,
        page,
      })
      const outcome = answer.status >= 500 ? 'fault' : 'refused'
      onDecision({
        routeId: policy.id,
        outcome,
        source,
        code,
        caveat: answer.caveat,
        ageMs: lateMs,
        violation: lateMs !== null,
        requestId: requestId ?? null,
        path: request.path ?? null,
        subject: token?.subject ?? null,
        fingerprint: token?.fingerprint ?? null,
        clientAddress: client?.address || null,
      })
      return { outcome: 'denied', answer, source, presented: token, client }
    }

    const grant = (
      request: AuthenticationRequest,
      client: Client,
      statement: IdentityStatement,
      about: GrantedAs,
    ): Decision => {
      const { source, ageMs, askedAtMs } = about
      const { identity, headers: stated } = statement
      // Spelled out: a spread costs more than the rest of the decision.
      onDecision({
        routeId: policy.id,
        outcome: 'granted',
        source,
        code: null,
        caveat: null,
        ageMs,
        violation: false,
        requestId: request.requestId ?? null,
        path: request.path ?? null,
        subject: identity === null ? null : identity.subject,
        fingerprint: identity === null ? null : identity.token.fingerprint,
        clientAddress: client.address || null,
      })
      const identityHeaders = source === 'stale' ? [...stated, ...STALE] : stated
      return { outcome: 'granted', identity, identityHeaders, client, source, askedAtMs }
    }

    const conclude = (
      request: AuthenticationRequest,
      verification: SourcedVerdict,
      token: PresentedToken,
      client: Client,
    ): Decision => {
      const { verdict, source } = verification
      if (!isAccepted(verdict)) {
        const { reason, caveat } = verdict
        return deny(reason, { request, token, client }, source, { caveat })
      }
      const { askedAtMs } = verdict
      const nowMs = clock.monotonic()
      const ageMs = nowMs - askedAtMs
      if (ageMs > stalenessBoundMs) return withhold({ request, token, client }, source, ageMs)
      if (!rules.admits(verdict)) {
        return deny('subject_not_allowed', { request, token, client }, source)
      }
      if (!rules.isServedBy(verdict.record)) {
        return deny('scope_missing', { request, token, client }, source, { scopes: policy.scopes })
      }
      const outside = rules.dataObjectionTo(token, request)
      if (outside !== null) {
        return deny(outside.code, { request, token, client }, 'local', outside)
      }
      const statement = statements.of(token, verdict, nowMs)
      if (statement.objection !== null) {
        const { code, caveat } = statement.objection
        return deny(code, { request, token, client }, source, { caveat })
      }
      return grant(request, client, statement, { source, ageMs, askedAtMs })
    }

    /** The promise is enforced here, where it counts, and not only where it is meant to be kept. */
    const withhold = (standing: Standing, source: VerdictSource, ageMs: number): Decision => {
      const { requestId } = standing.request
      logger.error(
        { route: policy.id, requestId, ageMs, stalenessBoundMs },
        'a grant was older than the bound',
      )
      return deny('verifier_unavailable', standing, source, {}, ageMs)
    }

    const fail = (standing: Standing, error: unknown): Decision => {
      if (error instanceof VerificationBudgetError) {
        const { retryAfterSeconds } = error
        return deny('verification_budget_exceeded', standing, 'local', { retryAfterSeconds })
      }
      logFault(policy.id, error, standing.request.requestId)
      if (!(error instanceof VerifierFaultError)) return deny('internal_error', standing)
      const { retryAfterSeconds } = error
      return error.code === 'ERR_GATEWAY_MISCONFIGURED'
        ? deny('gateway_misconfigured', standing, traits.backend)
        : deny('verifier_unavailable', standing, traits.backend, { retryAfterSeconds })
    }

    /** Of what is no token of Onedata, but may be one of an identity provider. */
    const decideByProvider = (
      request: AuthenticationRequest,
      client: Client,
      { token: text, consumerToken }: Credentials & { readonly outcome: 'token' },
    ): Decision | Promise<Decision> => {
      const credential = providerTokens.read(text, consumerToken !== null)
      if ('code' in credential) {
        return deny(credential.code, { request, client }, 'local', credential)
      }
      return providerTokens
        .verify(credential, client, request.maxFactAgeMs)
        .then((settled) =>
          'code' in settled
            ? deny(settled.code, { request, client }, traits.backend, settled)
            : conclude(request, settled.verification, settled.token, client),
        )
        .catch((error: unknown) => fail({ request, client }, error))
    }

    const decide = (request: AuthenticationRequest): Decision | Promise<Decision> => {
      const client = resolveClient(request)
      if (rules.kind === 'none') return grant(request, client, statements.nobody, NO_VERDICT)

      const credentials = readCredentials(request.rawHeaders, read)
      if (credentials.outcome === 'none') {
        return policy.optional === true
          ? grant(request, client, statements.nobody, NO_VERDICT)
          : deny('credentials_missing', { request, client }, null, {
              detail: waysToSend(policy.credentials),
            })
      }
      if (credentials.outcome !== 'token') {
        const detail = credentials.outcome === 'malformed' ? credentials.detail : undefined
        return deny(`credentials_${credentials.outcome}`, { request, client }, 'local', { detail })
      }

      const token = readToken(credentials.token)
      if (typeof token === 'string') {
        return token === 'token_malformed'
          ? decideByProvider(request, client, credentials)
          : deny(token, { request, client })
      }
      const objection = rules.objectionTo(token)
      if (objection !== null) {
        return deny(objection.code, { request, token, client }, 'local', objection)
      }
      const consumerToken =
        credentials.consumerToken === null ? null : readToken(credentials.consumerToken)
      if (consumerToken !== null && !mayIdentify(consumerToken)) {
        return deny('consumer_token_invalid', { request, token, client })
      }

      const verification = verifier.verify({
        token,
        kind: rules.kind,
        peerIp: client.peerIp,
        interface: rules.interfaceFor(token),
        consumerToken,
        allowDataAccessCaveats: rules.takesData,
        inviteType: rules.inviteType,
        clientAddress: client.address,
        maxFactAgeMs: request.maxFactAgeMs,
      })
      return verification instanceof Promise
        ? verification
            .then((settled) => conclude(request, settled, token, client))
            .catch((error: unknown) => fail({ request, token, client }, error))
        : conclude(request, verification, token, client)
    }

    return {
      policy,
      headers,
      authenticate(request) {
        try {
          return decide(request)
        } catch (error) {
          return fail({ request }, error)
        }
      },
      explain(request, inspect) {
        const decideBy: DecideBy = (onlooker, asked, onAsking) =>
          createAuthenticator({
            ...options,
            verifier: onlooker,
            identityProviders: withoutAsking(providers, onAsking),
            onDecision: undefined,
            logger: silentLogger,
          })
            .route(policy, reserved)
            .authenticate(asked)
        return explainRequest(
          request,
          { policy, rules, read, resolveClient, readToken, decideBy },
          inspect,
        )
      },
    }
  }

  return { requestIdOf: createRequestIds(trustedProxies), route: createRoute }
}
