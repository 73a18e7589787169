import type {
  CaveatInput,
  ExaminedToken,
  InviteType,
  OnedataInterface,
  Subject,
} from '../token/index.ts'
import { isJsonObject, type JsonObject } from '../json.ts'
import type { OptionKind, OptionShape } from '../option-shape.ts'
import { FLAG, oneOf, orNull, TEXT } from '../option-shape.ts'
import { INTERFACES, INVITE_TYPES } from '../token/index.ts'

/** An error as Onezone words it (Onezone API, §9). Unknown ids must be tolerated. */
export interface OnezoneErrorBody {
  /** Name of the error, e.g. `tokenRevoked`. */
  readonly id: string
  /** What the error is about; `key` names the field of the request, `tokenError` nests another error. */
  readonly details?: Readonly<Record<string, unknown>>
  /** For humans. It may echo what was sent: never log it. */
  readonly description?: string
}

/** What all three verifications ask (Onezone API, §5.1). */
export interface VerifyTokenRequest {
  /** The token in question, serialised. */
  readonly token: string
  /**
   * Address of the party that presented the token. IPv4, also as IPv4-mapped IPv6; every other address counts as
   * null, "unknown": then no ip, asn or geo caveat holds. Always sent, or Onezone would take the caller's own.
   */
  readonly peerIp: string | null
  /** Identity token of the party that consumes the token; absent: nobody, then no consumer caveat holds. */
  readonly consumerToken?: string | undefined
  /** Not sent: the call goes before those that are not urgent where calls have to wait. @default false */
  readonly urgent?: boolean | undefined
  /** Not sent: for whom the call is; where calls have to wait, parties take turns. @default all calls are for one */
  readonly party?: string | undefined
}

/** What `verifyIdentityToken` asks. */
export interface VerifyIdentityTokenRequest extends VerifyTokenRequest {
  /** Interface on which the token was presented; absent: unknown, then no interface caveat holds. */
  readonly interface?: OnedataInterface | undefined
}

/** What `verifyAccessToken` asks. */
export interface VerifyAccessTokenRequest extends VerifyIdentityTokenRequest {
  /**
   * Identity token of the Oneprovider that asks, with its `opw-` or `opp-` prefix. Absent: Onezone judges `service`
   * caveats as if the token were used at Onezone itself.
   */
  readonly serviceToken?: string | undefined
  /**
   * Whether `data.*` caveats may pass. Onezone does not enforce them: whoever sets this must.
   *
   * @default false
   */
  readonly allowDataAccessCaveats?: boolean | undefined
}

/** What `verifyInviteToken` asks. */
export interface VerifyInviteTokenRequest extends VerifyTokenRequest {
  /** The kind of invitation that is expected; absent: any. */
  readonly expectedInviteType?: InviteType | undefined
}

/** For whom a verified token speaks: never a group, never nobody. */
export interface VerifiedSubject extends Subject {
  readonly type: 'user' | 'oneprovider'
  readonly id: string
}

/** A token that is good in the context that was asked about (Onezone API, §5.2). */
export interface VerifiedToken {
  readonly subject: VerifiedSubject
  /**
   * Seconds until the first time caveat of the token ends; null: it has none; Infinity: more than can be counted
   * exactly, so that nothing must be reckoned from it.
   */
  readonly ttl: number | null
}

/** What `confineToken` asks. */
export interface ConfineTokenRequest {
  readonly token: string
  /** Appended in order. */
  readonly caveats: readonly CaveatInput[]
}

/** What `inferAccessTokenScope` asks. */
export interface InferAccessTokenScopeRequest {
  readonly token: string
  /** Identity token of the party that consumes the token. @default the token's own subject consumes it */
  readonly consumerToken?: string | undefined
}

/** A list of caveats, each of which is for Onezone to judge. */
export const CAVEATS: OptionKind = { wanted: 'a list of caveats', accepts: Array.isArray }

/**
 * What a question about a token may say, all three kinds taken together: each sends what its operation has. Null says
 * the same as nothing.
 */
export const VERIFY_REQUEST: OptionShape<
  VerifyAccessTokenRequest & VerifyIdentityTokenRequest & VerifyInviteTokenRequest
> = {
  token: TEXT,
  peerIp: orNull(TEXT),
  consumerToken: orNull(TEXT),
  urgent: FLAG,
  party: TEXT,
  interface: orNull(oneOf(INTERFACES)),
  serviceToken: orNull(TEXT),
  allowDataAccessCaveats: orNull(FLAG),
  expectedInviteType: orNull(oneOf(Object.keys(INVITE_TYPES))),
}

/** What a request to examine a token may say. */
export const EXAMINE_TOKEN: OptionShape<{ readonly token: string }> = { token: TEXT }

/** What a request to confine a token may say. */
export const CONFINE_TOKEN: OptionShape<ConfineTokenRequest> = { token: TEXT, caveats: CAVEATS }

/** What a request for the scope of an access token may say. */
export const INFER_ACCESS_TOKEN_SCOPE: OptionShape<InferAccessTokenScopeRequest> = {
  token: TEXT,
  consumerToken: TEXT,
}

// Ids end up in headers, logs and messages: letters, digits and nothing that could carry a token or a line break.
const ERROR_ID = /^[A-Za-z]\w{0,63}$/
const SUBJECT_ID = /^[\x21-\x7e]{1,256}$/

/** Reads the body of an error answer. */
export function readErrorBody({ error }: JsonObject): OnezoneErrorBody | undefined {
  if (!isJsonObject(error)) return undefined
  const { id, details, description } = error
  if (typeof id !== 'string' || !ERROR_ID.test(id)) return undefined
  if (details !== undefined && !isJsonObject(details)) return undefined
  if (description !== undefined && typeof description !== 'string') return undefined
  return {
    id,
    ...(details === undefined ? {} : { details }),
    ...(description === undefined ? {} : { description }),
  }
}

/** Reads the answer to a verification. */
export function readVerifiedToken(body: JsonObject): VerifiedToken | undefined {
  const subject = readVerifiedSubject(body['subject'])
  const ttl = readTtl(body['ttl'])
  // A grant and an error at once is neither.
  return subject === undefined || ttl === undefined || 'error' in body
    ? undefined
    : { subject, ttl }
}

function readVerifiedSubject(value: unknown): VerifiedSubject | undefined {
  if (!isJsonObject(value)) return undefined
  const { type, id } = value
  if (type !== 'user' && type !== 'oneprovider') return undefined
  return typeof id === 'string' && SUBJECT_ID.test(id) ? { type, id } : undefined
}

function readTtl(value: unknown): number | null | undefined {
  if (value === null) return null
  if (typeof value !== 'number' || value < 0) return undefined
  // Onezone counts in integers of any size: a time caveat of 400 digits is lawful. A number that was cut off or rounded
  // would look like one that was told.
  if (value > Number.MAX_SAFE_INTEGER) return Infinity
  return Number.isInteger(value) ? value : undefined
}

/**
 * Reads the answer to `examineToken` (Onezone API, §6). Caveats and type are checked to be objects and otherwise left
 * as they are: a newer Onezone may know more of them.
 */
export function readExaminedToken(body: JsonObject): ExaminedToken | undefined {
  return isExaminedToken(body) ? body : undefined
}

function isExaminedToken(body: object): body is ExaminedToken {
  const { onezoneDomain, id, persistence, subject, type, caveats } = body as Record<string, unknown>
  return (
    typeof onezoneDomain === 'string' &&
    typeof id === 'string' &&
    (persistence === 'named' || persistence === 'temporary') &&
    isJsonObject(subject) &&
    typeof subject['type'] === 'string' &&
    (typeof subject['id'] === 'string' || subject['id'] === null) &&
    isJsonObject(type) &&
    Array.isArray(caveats) &&
    caveats.every(isJsonObject)
  )
}

/** Reads the answer to `confineToken` and to `createTemporaryToken…`. */
export function readToken({ token }: JsonObject): { token: string } | undefined {
  return typeof token === 'string' && token !== '' ? { token } : undefined
}

/** Reads the answer to `getTemporaryTokenGeneration…`. */
export function readGeneration({ generation }: JsonObject): { generation: number } | undefined {
  return isCount(generation) ? { generation } : undefined
}

/** Reads the answer to `getNamedTokenStatus`. */
export function readNamedTokenStatus({ revoked }: JsonObject): { revoked: boolean } | undefined {
  return typeof revoked === 'boolean' ? { revoked } : undefined
}

/** Reads the answer to `getCurrentTime`. */
export function readCurrentTime({ timeMillis }: JsonObject): { timeMillis: number } | undefined {
  return isCount(timeMillis) ? { timeMillis } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
