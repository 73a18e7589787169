export type { Answer, AnswerCase } from './answer.ts'
export { answerFor, answerHeaders } from './answer.ts'
export type { AnswerCode } from './answers.ts'
export { ANSWER_CODES } from './answers.ts'
export type { Authenticator, ExplainingRoute, RouteAuthenticator } from './authenticator.ts'
export { createAuthenticator } from './authenticator.ts'
export type { AuthenticatorOptions } from './authenticator-options.ts'
export type { Client, ClientResolver, ClientResolverOptions } from './client-address.ts'
export { createClientResolver } from './client-address.ts'
export type { CredentialKind } from './credentials.ts'
export { CREDENTIAL_KINDS, DEFAULT_CREDENTIALS } from './credentials.ts'
export type { DataMapping } from './data-mapping.ts'
export { compileDataMapping } from './data-mapping.ts'
export type {
  AdmittedSubject,
  AuthenticationRequest,
  Decision,
  Denied,
  Granted,
  Identity,
  DecisionEvent,
} from './decision.ts'
export type {
  DecisionExplanation,
  Inspect,
  Inspected,
  PolicyExplanation,
  RequestExplanation,
  TokenExplanation,
} from './explanation.ts'
export type { ConfinedForward, ConfiningCaveat, LifeCaveat } from './confinement.ts'
export {
  checkSupport,
  CONFINEMENT_DEFAULTS,
  FORWARD_FIELDS,
  readConfinement,
  readConfiningCaveat,
} from './confinement.ts'
export { createRareWarning } from './fault-log.ts'
export { METHOD_OVERRIDES, parsePassedHeader } from './foreign-fields.ts'
export type { ForwardedForm } from './forwarded-fields.ts'
export { FORWARDED_FORMS } from './forwarded-fields.ts'
export type { HeaderNameClash, IdentityHeaderNames } from './identity-header-names.ts'
export { clashingHeaderNames, foldName, parseIdentityHeaderName } from './identity-header-names.ts'
export type { HeaderPolicy } from './identity-headers.ts'
export { createHeaderPolicy, CREDENTIAL_FIELDS } from './identity-headers.ts'
export type { AddressRange } from './proxy-trust.ts'
export { checkTrust, createProxyTrust, parseTrustedProxy } from './proxy-trust.ts'
export type { RequestIds } from './request-ids.ts'
export { createRequestIds, readRequestId } from './request-ids.ts'
export { nameOption, readOption } from './named-option.ts'
export { onlyValue } from './only-value.ts'
export type { CaveatPolicy, RoutePolicy, SubjectPolicy } from './route-policy.ts'
export { ROUTE_CHOICES, ROUTE_POLICY_OPTIONS, routePolicyOf } from './route-policy.ts'
export type { CaveatTreatment } from './route-rules.ts'
export { parseScope, resolveScopes, resolveServicePolicy } from './route-rules.ts'
export { isCurable, tokenFormUrl } from './token-form.ts'
export type { TokenTemplate } from './token-form.ts'
export type { TileObjection } from './wizard-tiles.ts'
export { tileObjections } from './wizard-tiles.ts'
export type { SingleRoute, SingleRouteDoor, SingleRouteOptions } from './single-route.ts'
export { createSingleRoute, SINGLE_ROUTE_OPTIONS } from './single-route.ts'
