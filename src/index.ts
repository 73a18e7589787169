/**
 * onegate: authentication gateway for Onedata tokens. This entry holds the middleware and what it is made of; it loads
 * neither the proxy, nor prom-client, nor an HTTP server.
 *
 * @module
 */

export type {
  Answer,
  AnswerCode,
  AuthenticationRequest,
  Authenticator,
  AuthenticatorOptions,
  CaveatPolicy,
  Decision,
  DecisionEvent,
  Denied,
  Granted,
  Identity,
  IdentityHeaderNames,
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
export type { ConfigProblem, ErrorCode, OnezoneFaultCode, TokenErrorCode } from './errors.ts'
export {
  ConfigError,
  OnegateError,
  OnezoneApiError,
  OnezoneFaultError,
  TokenError,
  VerifierFaultError,
} from './errors.ts'
export type { Logger } from './logger.ts'
export type {
  OnedataAuthOptions,
  OnedataVariables,
  OptionalOnedataVariables,
} from './middleware/index.ts'
export { onedataAuth } from './middleware/index.ts'
export type { Verification, VerificationOptions } from './verification.ts'
export { createVerification } from './verification.ts'
export type {
  Accepted,
  Refused,
  RefusalReason,
  Verdict,
  VerdictSource,
  VerificationRequest,
  Verifier,
} from './verifier/index.ts'
