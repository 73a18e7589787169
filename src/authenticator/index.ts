export type { Answer, AnswerCase, AnswerCode } from './answers.ts'
export { ANSWER_CODES, answerFor, answerHeaders } from './answers.ts'
export type {
  Authenticator,
  AuthenticatorOptions,
  DecisionEvent,
  RouteAuthenticator,
} from './authenticator.ts'
export { createAuthenticator } from './authenticator.ts'
export type { Client, ClientResolver } from './client-address.ts'
export { createClientResolver } from './client-address.ts'
export type { AuthenticationRequest, Decision, Denied, Granted, Identity } from './decision.ts'
export type { HeaderPolicy, IdentityHeaderNames } from './identity-headers.ts'
export { createHeaderPolicy, foldName } from './identity-headers.ts'
export type { CaveatPolicy, RoutePolicy, SubjectPolicy } from './route-policy.ts'
