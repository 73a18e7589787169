/**
 * What a token says about itself: read, write, confine and judge Onedata tokens without asking anybody.
 *
 * @module
 */

export { apiSpecFlaw } from './api-spec.ts'
export type { ApiSpecFlaw } from './api-spec.ts'
export { decodeBase62, encodeBase62 } from './base62.ts'
export { caveatHolds, contextFieldsOf, fieldsReadBy, readsConsumer } from './caveat-check.ts'
export {
  CAVEATS,
  caveatRow,
  INTERFACES,
  parseCaveat,
  sanitizeCaveat,
  serializeCaveat,
} from './caveat-table.ts'
export type { CaveatRow, ContextField, LocalContext } from './caveat-table.ts'
export type {
  ApiCaveat,
  AsnCaveat,
  Caveat,
  CaveatName,
  CaveatOf,
  ConsumerCaveat,
  CountryCaveat,
  DataObjectIdCaveat,
  DataPathCaveat,
  DataReadonlyCaveat,
  GeoFilter,
  GeoRegion,
  InterfaceCaveat,
  IpCaveat,
  KnownCaveat,
  OnedataInterface,
  RegionCaveat,
  ScopeCaveat,
  ServiceCaveat,
  TimeCaveat,
  UnknownCaveat,
} from './caveat.ts'
export { appendCaveats, confineToken } from './confine.ts'
export type { CaveatInput } from './confine.ts'
export {
  canonicalPath,
  decodeSegment,
  PLAIN_NAME,
  isAmongObjects,
  isWithinPaths,
  readDataScope,
  readObjectId,
} from './data-scope.ts'
export type { DataScope } from './data-scope.ts'
export { examineToken } from './examine.ts'
export type { ExaminedToken } from './examine.ts'
export { familyKey, familyOf } from './family.ts'
export type { FamilyRef } from './family.ts'
export { isId, providerId, tokenId, userId } from './ids.ts'
export type { ProviderId, TokenId, UserId } from './ids.ts'
export { ipMatches, isIPv4, normalizeIPv4 } from './ipv4.ts'
export { opaqueToken } from './opaque-token.ts'
export type { PresentedToken } from './presented-token.ts'
export type { Macaroon, MacaroonCaveat, ThirdParty } from './macaroon.ts'
export { mintToken, verifySignature } from './mint.ts'
export type { MintTokenOptions } from './mint.ts'
export { MAX_TOKEN_OCTETS, parseToken } from './parse.ts'
export {
  NOBODY,
  parseService,
  parseSubject,
  serializeService,
  serializeSubject,
} from './subject.ts'
export type { Service, ServiceIndication, ServiceType, Subject, SubjectType } from './subject.ts'
export { ACCESS_TOKEN, INVITE_TYPES, kindOf, sanitizeTokenType } from './token-type.ts'
export type {
  AccessTokenType,
  IdentityTokenType,
  InviteTargetKey,
  InviteTokenType,
  InviteType,
  TokenKind,
  TokenType,
} from './token-type.ts'
export type { Persistence, Token } from './token.ts'
