import type { InviteType, KnownCaveat, Service, Subject, TokenType } from '../token/index.ts'
import type { OnezoneErrorBody } from './wire.ts'

/** An error that says everything by its id. */
export type NoDetails = Readonly<Record<never, never>>

/** An error about one field of the request. */
export interface FieldDetails {
  /** Name of the field. */
  readonly key: string
}

/** An error about a token in one field of the request, or about one that came along. */
export interface TokenErrorDetails {
  /** What is wrong with that token. */
  readonly tokenError: OnezoneErrorBody
}

/**
 * What each error that Onezone's REST API knows has to say, by its id (Onezone API, §9). Newer versions know more.
 */
export interface OnezoneErrorDetails {
  // About the caller and the resource.
  /** `authError`: why the credentials are not good; without it, there were none. */
  readonly unauthorized: { readonly authError?: OnezoneErrorBody }
  readonly forbidden: { readonly hint?: string }
  readonly notFound: NoDetails
  readonly alreadyExists: NoDetails
  readonly badBasicCredentials: NoDetails
  readonly basicAuthNotSupported: NoDetails
  readonly basicAuthDisabled: NoDetails
  readonly badIdpAccessToken: { readonly idp: string }
  readonly userBlocked: NoDetails

  // About the request.
  readonly malformedData: NoDetails
  readonly missingRequiredValue: FieldDetails
  readonly missingAtLeastOneValue: { readonly keys: readonly string[] }
  readonly badData: FieldDetails & {
    readonly hint?: string
    readonly specificError?: OnezoneErrorBody
  }
  readonly badValueEmpty: FieldDetails
  readonly badValueString: FieldDetails
  readonly badValueListOfStrings: FieldDetails
  readonly badValueBoolean: FieldDetails
  readonly badValueInteger: FieldDetails
  readonly badValueJSON: FieldDetails
  readonly badValueTooLow: FieldDetails & { readonly limit: number }
  readonly badValueNotAllowed: FieldDetails & { readonly allowed: readonly unknown[] }
  readonly badValueListNotAllowed: FieldDetails & { readonly allowed: readonly unknown[] }
  readonly badValueName: NoDetails
  /** The name is taken. */
  readonly badValueIdentifierOccupied: FieldDetails
  readonly badValueIPv4Address: FieldDetails
  readonly badValueToken: FieldDetails & TokenErrorDetails
  readonly badValueTokenType: FieldDetails
  readonly badValueInviteType: FieldDetails
  /** `caveat`: what was sent, as it was, or text where that is no object. */
  readonly badValueCaveat: { readonly caveat: Readonly<Record<string, unknown>> | string }

  // About a token.
  readonly badToken: NoDetails
  readonly badServiceToken: TokenErrorDetails
  readonly badConsumerToken: TokenErrorDetails
  readonly tokenInvalid: NoDetails
  readonly tokenRevoked: NoDetails
  /** `limit`: the longest token, in bytes. */
  readonly tokenTooLarge: { readonly limit: number }
  readonly notAnAccessToken: { readonly received: TokenType }
  readonly notAnIdentityToken: { readonly received: TokenType }
  readonly notAnInviteToken: {
    readonly expectedInviteType: InviteType | 'any'
    readonly received: TokenType
  }
  /** `caveat`: its text, as in the token. */
  readonly tokenCaveatUnknown: { readonly caveat: string }
  readonly tokenCaveatUnverified: { readonly caveat: KnownCaveat }
  /** `maxTtl`: the longest life of a temporary token, in seconds. */
  readonly tokenTimeCaveatRequired: { readonly maxTtl: number }
  readonly tokenSubjectInvalid: NoDetails
  readonly tokenServiceForbidden: { readonly service: Service }
  readonly tokenSessionInvalid: NoDetails
  readonly inviteTokenSubjectNotAuthorized: NoDetails
  readonly inviteTokenUsageLimitReached: NoDetails
  readonly inviteTokenConsumerInvalid: { readonly consumer: Subject }
  /** `id`: of the target that does not exist. */
  readonly inviteTokenTargetIdInvalid: { readonly id: string }

  // About Onezone. The client gives these statuses as faults; they occur inside of others.
  readonly notSupported: NoDetails
  readonly notImplemented: NoDetails
  /** `reference`: what to tell the operator of the Onezone. */
  readonly internalServerError: { readonly reference?: string }
  readonly serviceUnavailable: NoDetails
  readonly timeout: NoDetails
  readonly temporaryFailure: NoDetails
}

/** Ids of the errors whose details are known. */
export type OnezoneErrorId = keyof OnezoneErrorDetails
