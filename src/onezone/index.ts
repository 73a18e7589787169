export type { OnezoneCall, OnezoneClientOptions } from './client-options.ts'
export type { OnezoneClient } from './onezone-client.ts'
export { createOnezoneClient } from './onezone-client.ts'
export { isExposed, parseOnezoneUrl } from './onezone-url.ts'
export type { OnezoneCredentials } from './api-call.ts'
export type { TokenApi } from './token-api.ts'
export type { VerifyAnswer, VerifyApi } from './verify-api.ts'
export type { ZoneApi } from './zone-api.ts'
export type {
  ConfineTokenRequest,
  OnezoneErrorBody,
  VerifiedSubject,
  VerifiedToken,
  VerifyAccessTokenRequest,
  VerifyIdentityTokenRequest,
  VerifyInviteTokenRequest,
  VerifyTokenRequest,
} from './wire.ts'
