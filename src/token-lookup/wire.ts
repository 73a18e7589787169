/**
 * The models of the cluster's TokensApi (Onezone API, §13), and how each is read from JSON: members that are
 * undocumented are ignored, those that are documented must have their type, or the answer is none.
 *
 * @module
 */

import type { ConstraintViolation } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../json.ts'

/** What `createToken` asks for. */
export interface NewToken {
  readonly name: string
  /** An open set, e.g. `settings.read`. */
  readonly scopes: readonly string[]
  /** How long the token is good. @default without end */
  readonly expiresIn?: TokenDuration | undefined
}

/** A length of time. */
export interface TokenDuration {
  /** A whole number. */
  readonly value: number
  /** @default 'MILLIS' */
  readonly unit?: DurationUnit | undefined
}

export type DurationUnit = 'DAYS' | 'HOURS' | 'MINUTES' | 'SECONDS' | 'MILLIS'

/** What `updateToken` changes; what is left out stays as it is. */
export interface TokenUpdate {
  readonly name?: string | undefined
  readonly revoked?: boolean | undefined
  /** Takes the place of all scopes that the token had. */
  readonly scopes?: readonly string[] | undefined
}

/** A token that was created. */
export interface CreatedToken {
  /** Its public id, from the `Location` of the answer; null where the server told none. */
  readonly id: string | null
  /** The secret itself, which the server never tells again. */
  readonly token: string
}

/** What is on record about a token; absent members are null. Times are milliseconds since 1970. */
export interface TokenMetadata {
  /** Any text, as `userId` is. */
  readonly id: string | null
  readonly name: string | null
  readonly userId: string | null
  readonly revoked: boolean | null
  readonly created: number | null
  /** Null: never. */
  readonly expires: number | null
  readonly lastUse: number | null
  readonly scopes: readonly string[] | null
  readonly personalAccessToken: boolean | null
}

/** A token in a list. */
export interface TokenStub {
  readonly id: string
  readonly name: string | null
  readonly description: string | null
}

/** Which tokens `listTokens` tells; all parts are optional. */
export interface TokenFilter {
  /** How many at most, 0 to 1 000 000. @default 1000 */
  readonly limit?: number | undefined
  /** Id of the user who owns them. */
  readonly user?: string | undefined
  /** Scopes that each of them has, all of these. */
  readonly permissions?: readonly string[] | undefined
  /** Last used after this moment, in milliseconds since 1970. */
  readonly from?: number | undefined
  /** Last used before this moment, in milliseconds since 1970. */
  readonly to?: number | undefined
}

/** The error of an answer, as far as it may be repeated: messages can quote a secret, so they are left out. */
export interface ErrorEnvelope {
  readonly violations: readonly ConstraintViolation[]
}

const LOCATIONS = ['HEADER', 'PATH', 'PAYLOAD_BODY', 'QUERY'] as const
const PATH = /^[\w.[\]-]{1,64}$/

/** Reads the body of an error answer; the status is what counts, so that one without a body is an error too. */
export function readErrorEnvelope(body: JsonObject | null): ErrorEnvelope {
  const error = body?.['error']
  const listed = isJsonObject(error) ? error['constraintViolations'] : undefined
  const violations = Array.isArray(listed) ? listed.filter(isJsonObject).map(readViolation) : []
  return { violations }
}

/**
 * Reads the body of a refused look-up. What stands in front of the API (a proxy, a page "not found") refuses too, and
 * knows nothing of tokens: only the documented error, with the status as its code, is an answer. Undefined: it is none.
 */
export function readLookupError(
  body: JsonObject | null,
  status: number,
): ErrorEnvelope | undefined {
  const error = body?.['error']
  // These are about our own credential, which is told as it is whoever refuses it.
  if (status === 401 || status === 403) return readErrorEnvelope(body)
  return isJsonObject(error) && error['code'] === status ? readErrorEnvelope(body) : undefined
}

function readViolation({ path, parameterLocation }: JsonObject): ConstraintViolation {
  return {
    path: typeof path === 'string' && PATH.test(path) ? path : null,
    parameterLocation: LOCATIONS.find((location) => location === parameterLocation) ?? null,
  }
}

/** Ids that lists and new tokens tell end up in paths and messages: nothing that could carry a line break. */
const ID = /^[\x21-\x7e]{1,256}$/

/** Reads an answer to a look-up. */
export function readTokenMetadata(body: JsonObject): TokenMetadata | undefined {
  // Whoever made a record chose its texts: an odd one is no reason to take the answer for none.
  const id = textOf(body['id'])
  const name = textOf(body['name'])
  const userId = textOf(body['userId'])
  const revoked = toggleOf(body['revoked'])
  const personalAccessToken = toggleOf(body['personalAccessToken'])
  const [created, expires, lastUse] = [body['created'], body['expires'], body['lastUse']].map(
    timeOf,
  )
  const scopes = listOf(body['scopes'])
  if (
    id === undefined ||
    name === undefined ||
    userId === undefined ||
    revoked === undefined ||
    personalAccessToken === undefined ||
    created === undefined ||
    expires === undefined ||
    lastUse === undefined ||
    scopes === undefined ||
    // A grant and an error at once is neither.
    'error' in body
  ) {
    return undefined
  }
  return { id, name, userId, revoked, created, expires, lastUse, scopes, personalAccessToken }
}

/** Reads the answer to `createToken`. */
export function readCreatedToken(body: JsonObject, location: unknown): CreatedToken | undefined {
  const { token } = body
  if (typeof token !== 'string' || token === '') return undefined
  const id = typeof location === 'string' ? (location.split('/').at(-1) ?? '') : ''
  return { token, id: ID.test(id) ? id : null }
}

/** Reads the answer to `listTokens`. */
export function readStubs({ values }: JsonObject): readonly TokenStub[] | undefined {
  if (!Array.isArray(values)) return undefined
  const stubs = values.map((value) => (isJsonObject(value) ? readStub(value) : undefined))
  return stubs.some((stub) => stub === undefined) ? undefined : (stubs as TokenStub[])
}

function readStub(value: JsonObject): TokenStub | undefined {
  const id = textOf(value['id'], ID)
  const name = textOf(value['name'])
  const description = textOf(value['description'])
  if (typeof id !== 'string' || name === undefined || description === undefined) return undefined
  return { id, name, description }
}

/** Null where a member is absent or null, undefined where it is of another type: the same for all below. */
function textOf(value: unknown, pattern = /^/): string | null | undefined {
  if (value === undefined || value === null) return null
  return typeof value === 'string' && pattern.test(value) ? value : undefined
}

function toggleOf(value: unknown): boolean | null | undefined {
  if (value === undefined || value === null) return null
  return typeof value === 'boolean' ? value : undefined
}

function timeOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null
  return Number.isSafeInteger(value) ? Number(value) : undefined
}

function listOf(value: unknown): readonly string[] | null | undefined {
  if (value === undefined || value === null) return null
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string')
  return isList ? value : undefined
}
