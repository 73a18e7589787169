export type { CallOptions } from './api-call.ts'
export type { BasicCredentials, CompanionTokens, OnezoneCredentials } from './credentials.ts'
export type { OnezoneErrorDetails, OnezoneErrorId } from './error-catalogue.ts'
export type { KnownOnezoneError, OnezoneErrorOf } from './known-error.ts'
export { isOnezoneError, knownErrorOf } from './known-error.ts'
export type {
  CreatedNamedToken,
  CreateNamedTokenRequest,
  CreateTemporaryTokenRequest,
  ModifyNamedTokenRequest,
  NamedToken,
  NamedTokenMetadata,
  TokenOwner,
} from './named-token.ts'
export type { OnezoneCall, OnezoneClient, OnezoneClientOptions } from './onezone-client.ts'
export { createOnezoneClient } from './onezone-client.ts'
export { parseOnezoneUrl } from './onezone-peer.ts'
export type { SubjectTokenApi, SubjectTokens } from './subject-tokens.ts'
export type { TokenApi } from './token-api.ts'
export type { AccessTokenScope, DataAccessScope, ScopeProvider, ScopeSpace } from './token-scope.ts'
export type { VerifyAnswer, VerifyApi } from './verify-api.ts'
export type { ZoneApi } from './zone-api.ts'
export type {
  ConfineTokenRequest,
  InferAccessTokenScopeRequest,
  OnezoneErrorBody,
  VerifiedSubject,
  VerifiedToken,
  VerifyAccessTokenRequest,
  VerifyIdentityTokenRequest,
  VerifyInviteTokenRequest,
  VerifyTokenRequest,
} from './wire.ts'
