/**
 * onegate: authentication gateway for Onedata tokens. This entry holds the middleware and what it is made of; it loads
 * neither the proxy, nor prom-client, nor an HTTP server.
 *
 * @module
 */

export type {
  Answer,
  AnswerCase,
  AnswerCode,
  AuthenticationRequest,
  Authenticator,
  AuthenticatorOptions,
  CaveatPolicy,
  Decision,
  DecisionEvent,
  Client,
  Denied,
  ExplainingRoute,
  Granted,
  HeaderPolicy,
  AdmittedSubject,
  Identity,
  IdentityHeaderNames,
  Inspect,
  Inspected,
  RequestExplanation,
  RouteAuthenticator,
  RoutePolicy,
  SubjectPolicy,
} from './authenticator/index.ts'
export {
  ANSWER_CODES,
  answerFor,
  answerHeaders,
  createAuthenticator,
} from './authenticator/index.ts'
export type { Clock } from './clock.ts'
export { systemClock } from './clock.ts'
export type {
  ConfigProblem,
  ErrorCode,
  FaultReason,
  OnezoneFaultCode,
  TokenErrorCode,
  TokenLookupFaultCode,
} from './errors.ts'
export {
  ConfigError,
  OnegateError,
  OnezoneApiError,
  OnezoneFaultError,
  PeerFaultError,
  TokenError,
  TokenLookupApiError,
  TokenLookupFaultError,
  VerificationBudgetError,
  VerifierFaultError,
} from './errors.ts'
export type { Logger } from './logger.ts'
export type {
  OnedataAuthOptions,
  OnedataVariables,
  OptionalOnedataVariables,
  VariablesOf,
} from './middleware/index.ts'
export { onedataAuth } from './middleware/index.ts'
export type { OnezoneCall, OnezoneClientOptions } from './onezone/index.ts'
export type { PresentedToken } from './token/index.ts'
export type {
  ExplainedVerdict,
  ExplainOptions,
  Invalidation,
  InvalidationOptions,
  InvalidationSelector,
  Schedule,
  VerdictExplanation,
  VerdictOptions,
  Verification,
  VerificationBudgetOptions,
  VerificationObservers,
  VerificationOptions,
  WatchOptions,
  WatchOutcome,
  WatchState,
} from './verification/index.ts'
export { createVerification } from './verification/index.ts'
export type { IdentityProvider, IdentityProviders } from './identity-provider/index.ts'
export type {
  Acceptance,
  Accepted,
  Backend,
  BackendChoice,
  BackendName,
  BackendTraits,
  Question,
  ReadToken,
  Refused,
  RefusalReason,
  TokenRecord,
  Verdict,
  VerdictSource,
  VerificationRequest,
  Verifier,
} from './verifier/index.ts'
export { accept, isAccepted, refuse } from './verifier/index.ts'
