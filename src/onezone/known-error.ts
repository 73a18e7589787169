import { OnezoneApiError } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import { INVITE_TYPES } from '../token/index.ts'
import type { OnezoneErrorDetails, OnezoneErrorId } from './error-catalogue.ts'
import { readErrorBody, type OnezoneErrorBody } from './wire.ts'

/** An error with this id, and the details that belong to it. */
export interface OnezoneErrorOf<Id extends OnezoneErrorId> {
  readonly id: Id
  readonly details: OnezoneErrorDetails[Id]
}

/** An error of the catalogue (Onezone API, §9): `switch (error.id)` tells the details apart. */
export type KnownOnezoneError = { [Id in OnezoneErrorId]: OnezoneErrorOf<Id> }[OnezoneErrorId]

/**
 * What an error of Onezone says, be it thrown, a refused verification's `error`, or nested in the details of another.
 *
 * @returns null for anything else: an id that this version does not know, or details of another shape.
 * @example
 * const known = knownErrorOf(error)
 * if (known?.id === 'tokenTimeCaveatRequired') console.log(`at most ${known.details.maxTtl} seconds`)
 */
export function knownErrorOf(error: unknown): KnownOnezoneError | null {
  if (!(error instanceof OnezoneApiError) && !isJsonObject(error)) return null
  const { id, details = {} } = error as OnezoneErrorBody
  if (!isKnownId(id) || !isJsonObject(details)) return null
  const checks = Object.entries<Check>(DETAILS[id])
  const good = checks.every(([name, isGood]) => isGood(details[name]))
  // The table of checks has the same members as the type that it stands for.
  return good ? ({ id, details } as KnownOnezoneError) : null
}

/**
 * Whether something that was thrown is this error of Onezone; then its details are typed.
 *
 * @example
 * if (isOnezoneError(error, 'badValueIdentifierOccupied')) console.log('that name is taken')
 */
export function isOnezoneError<Id extends OnezoneErrorId>(
  error: unknown,
  id: Id,
): error is OnezoneApiError & OnezoneErrorOf<Id> {
  return error instanceof OnezoneApiError && error.id === id && knownErrorOf(error) !== null
}

type Check = (value: unknown) => boolean
type Checks = {
  readonly [Id in OnezoneErrorId]: { readonly [Name in keyof OnezoneErrorDetails[Id]]-?: Check }
}

const text: Check = (value) => typeof value === 'string'
const integer: Check = (value) => Number.isInteger(value)
const list: Check = (value) => Array.isArray(value)
const texts: Check = (value) => Array.isArray(value) && value.every(text)
const object: Check = isJsonObject
const error: Check = (value) => isJsonObject(value) && readErrorBody({ error: value }) !== undefined
const typeAndId: Check = (value) => isJsonObject(value) && text(value['type']) && 'id' in value
const inviteType: Check = (value) =>
  typeof value === 'string' && (value === 'any' || Object.hasOwn(INVITE_TYPES, value))
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const none = {}
const field = { key: text }

const DETAILS: Checks = {
  unauthorized: { authError: optional(error) },
  forbidden: { hint: optional(text) },
  notFound: none,
  alreadyExists: none,
  badBasicCredentials: none,
  basicAuthNotSupported: none,
  basicAuthDisabled: none,
  badIdpAccessToken: { idp: text },
  userBlocked: none,

  malformedData: none,
  missingRequiredValue: field,
  missingAtLeastOneValue: { keys: texts },
  badData: { ...field, hint: optional(text), specificError: optional(error) },
  badValueEmpty: field,
  badValueString: field,
  badValueListOfStrings: field,
  badValueBoolean: field,
  badValueInteger: field,
  badValueJSON: field,
  badValueTooLow: { ...field, limit: integer },
  badValueNotAllowed: { ...field, allowed: list },
  badValueListNotAllowed: { ...field, allowed: list },
  badValueName: none,
  badValueIdentifierOccupied: field,
  badValueIPv4Address: field,
  badValueToken: { ...field, tokenError: error },
  badValueTokenType: field,
  badValueInviteType: field,
  badValueCaveat: { caveat: (value) => object(value) || text(value) },

  badToken: none,
  badServiceToken: { tokenError: error },
  badConsumerToken: { tokenError: error },
  tokenInvalid: none,
  tokenRevoked: none,
  tokenTooLarge: { limit: integer },
  notAnAccessToken: { received: object },
  notAnIdentityToken: { received: object },
  notAnInviteToken: { expectedInviteType: inviteType, received: object },
  tokenCaveatUnknown: { caveat: text },
  tokenCaveatUnverified: { caveat: object },
  tokenTimeCaveatRequired: { maxTtl: integer },
  tokenSubjectInvalid: none,
  tokenServiceForbidden: { service: typeAndId },
  tokenSessionInvalid: none,
  inviteTokenSubjectNotAuthorized: none,
  inviteTokenUsageLimitReached: none,
  inviteTokenConsumerInvalid: { consumer: typeAndId },
  inviteTokenTargetIdInvalid: { id: text },

  notSupported: none,
  notImplemented: none,
  internalServerError: { reference: optional(text) },
  serviceUnavailable: none,
  timeout: none,
  temporaryFailure: none,
}

function isKnownId(id: unknown): id is OnezoneErrorId {
  return typeof id === 'string' && Object.hasOwn(DETAILS, id)
}
