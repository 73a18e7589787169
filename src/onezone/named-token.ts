import { isJsonObject, type JsonObject } from '../json.ts'
import type { OptionKind, OptionShape } from '../option-shape.ts'
import { FLAG, JUDGED_ELSEWHERE, listOf, TEXT } from '../option-shape.ts'
import {
  isId,
  type CaveatInput,
  type KnownCaveat,
  type ProviderId,
  type TokenId,
  type TokenType,
  type UserId,
} from '../token/index.ts'
import { CAVEATS } from './wire.ts'

/** Who may own tokens (Onezone API, §2). */
export type TokenOwner =
  | { readonly type: 'user'; readonly id: UserId }
  | { readonly type: 'oneprovider'; readonly id: ProviderId }

/** What a new temporary token is to be (Onezone API, §7.5). */
export interface CreateTemporaryTokenRequest {
  /** @default an access token that is bound to no session */
  readonly type?: TokenType | undefined
  /** A time caveat must be among them, and end within the zone's longest (30 days unless it says otherwise). */
  readonly caveats: readonly CaveatInput[]
}

/** What a new named token is to be (Onezone API, §7.4). */
export interface CreateNamedTokenRequest {
  /** Unique among the tokens of its owner; 2 to 128 characters, see Onezone API, §7.6. */
  readonly name: string
  /** @default an access token that is bound to no session */
  readonly type?: TokenType | undefined
  /** @default [] */
  readonly caveats?: readonly CaveatInput[] | undefined
  /** Anything to keep beside the token. @default {} */
  readonly customMetadata?: JsonObject | undefined
  /** @default false */
  readonly revoked?: boolean | undefined
  /** How often an invite token may be used, 1 or more; other types ignore it. @default 'infinity' */
  readonly usageLimit?: number | 'infinity' | undefined
  /** Privileges that an invite token gives; other types ignore it. @default those of the kind of invitation */
  readonly privileges?: readonly string[] | undefined
}

/** What to change of a named token (Onezone API, §7.8): at least one of these. */
export interface ModifyNamedTokenRequest {
  readonly name?: string | undefined
  /** Replaces what was there. */
  readonly customMetadata?: JsonObject | undefined
  /** Revocation of a named token can be taken back. */
  readonly revoked?: boolean | undefined
}

const METADATA: OptionKind = { wanted: 'an object', accepts: isJsonObject }

const USAGE_LIMIT: OptionKind = {
  wanted: 'a number, or infinity',
  accepts: (value) => typeof value === 'number' || value === 'infinity',
}

/** What a request for a temporary token may say. */
export const TEMPORARY_TOKEN_REQUEST: OptionShape<CreateTemporaryTokenRequest> = {
  type: JUDGED_ELSEWHERE,
  caveats: CAVEATS,
}

/** What a request for a named token may say. What it says is for Onezone to judge. */
export const NAMED_TOKEN_REQUEST: OptionShape<CreateNamedTokenRequest> = {
  name: TEXT,
  type: JUDGED_ELSEWHERE,
  caveats: CAVEATS,
  customMetadata: METADATA,
  revoked: FLAG,
  usageLimit: USAGE_LIMIT,
  privileges: listOf('privileges', TEXT),
}

/** What a request to change a named token may say. */
export const NAMED_TOKEN_CHANGE: OptionShape<ModifyNamedTokenRequest> = {
  name: TEXT,
  customMetadata: METADATA,
  revoked: FLAG,
}

/** A named token that was just created. */
export interface CreatedNamedToken {
  readonly tokenId: TokenId
  /** The token itself: a secret. */
  readonly token: string
  /** URL of its record (`Location`), at the zone's own domain and without a port; null where Onezone sent none. */
  readonly location: string | null
}

/** What Onezone keeps of a named token (Onezone API, §7.7). */
export interface NamedToken {
  readonly id: TokenId
  readonly name: string
  readonly subject: TokenOwner
  readonly type: TokenType
  /** As at creation. A newer Onezone may know kinds that this version does not. */
  readonly caveats: readonly KnownCaveat[]
  readonly metadata: NamedTokenMetadata
  readonly revoked: boolean
  /** The token itself: a secret, given for revoked tokens too. */
  readonly token: string
}

/** Facts about a named token; all but the first two are there for invite tokens only. */
export interface NamedTokenMetadata {
  /** Unix seconds. */
  readonly creationTime: number
  /** What the owner keeps beside it. */
  readonly custom: JsonObject
  readonly usageLimit?: number | 'infinity'
  readonly usageCount?: number
  /** Null for invitations that carry none. */
  readonly privileges?: readonly string[] | null
}

/** Reads the answer to `createNamedToken…`. */
export function readCreatedNamedToken(
  { tokenId, token }: JsonObject,
  { location = null }: Readonly<Record<string, unknown>>,
): CreatedNamedToken | undefined {
  if (location !== null && typeof location !== 'string') return undefined
  if (!isId(tokenId) || typeof token !== 'string' || token === '') return undefined
  return { tokenId: tokenId as TokenId, token, location }
}

/** Reads the answer to a listing of named tokens. */
export function readTokenIds({ tokens }: JsonObject): { tokens: readonly TokenId[] } | undefined {
  return Array.isArray(tokens) && tokens.every(isId) ? { tokens: tokens as TokenId[] } : undefined
}

/** How to read a named token. Custom metadata may be nested more deeply than anything that Onezone itself says. */
export const NAMED_TOKEN: {
  readonly read: (body: JsonObject) => NamedToken | undefined
  readonly maxDepth: number
} = { read: readNamedToken, maxDepth: 1_000 }

/**
 * Reads a named token. Caveats, type and custom metadata are checked to be objects and otherwise left as they are: a
 * newer Onezone may know more of them.
 */
function readNamedToken(body: JsonObject): NamedToken | undefined {
  const { id, name, subject, type, caveats, metadata, revoked, token } = body
  const good =
    isId(id) &&
    typeof name === 'string' &&
    isOwner(subject) &&
    isJsonObject(type) &&
    Array.isArray(caveats) &&
    caveats.every(isJsonObject) &&
    isMetadata(metadata) &&
    typeof revoked === 'boolean' &&
    typeof token === 'string'
  return good ? (body as object as NamedToken) : undefined
}

function isOwner(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { type, id } = value
  return (type === 'user' || type === 'oneprovider') && isId(id)
}

function isMetadata(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { creationTime, custom, usageLimit, usageCount, privileges } = value
  return (
    Number.isSafeInteger(creationTime) &&
    isJsonObject(custom) &&
    (usageLimit === undefined || usageLimit === 'infinity' || Number.isSafeInteger(usageLimit)) &&
    (usageCount === undefined || Number.isSafeInteger(usageCount)) &&
    (privileges === undefined || privileges === null || isStrings(privileges))
  )
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
