export type { OnezoneCall, OnezoneClient, OnezoneClientOptions } from './onezone-client.ts'
export { createOnezoneClient } from './onezone-client.ts'
export { parseOnezoneUrl } from './onezone-peer.ts'
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
