import { TokenError } from '../errors.ts'
import { isJsonObject } from '../json.ts'

/** What a token may be used as. */
export type TokenKind = 'access' | 'identity' | 'invite'

/** Per kind of invitation: its code in identifiers and the JSON key of its target (Onezone API, §3). */
export const INVITE_TYPES = {
  userJoinGroup: { code: 'ujg', targetKey: 'groupId' },
  groupJoinGroup: { code: 'gjg', targetKey: 'groupId' },
  userJoinSpace: { code: 'ujs', targetKey: 'spaceId' },
  groupJoinSpace: { code: 'gjs', targetKey: 'spaceId' },
  supportSpace: { code: 'ssp', targetKey: 'spaceId' },
  harvesterJoinSpace: { code: 'hjs', targetKey: 'spaceId' },
  registerOneprovider: { code: 'rop', targetKey: 'adminUserId' },
  userJoinCluster: { code: 'ujc', targetKey: 'clusterId' },
  groupJoinCluster: { code: 'gjc', targetKey: 'clusterId' },
  userJoinHarvester: { code: 'ujh', targetKey: 'harvesterId' },
  groupJoinHarvester: { code: 'gjh', targetKey: 'harvesterId' },
  spaceJoinHarvester: { code: 'sjh', targetKey: 'harvesterId' },
  userJoinAtmInventory: { code: 'uji', targetKey: 'atmInventoryId' },
  groupJoinAtmInventory: { code: 'gji', targetKey: 'atmInventoryId' },
} as const

/** Kinds of invitations. */
export type InviteType = keyof typeof INVITE_TYPES

/** JSON keys under which an invite token names what it invites to. */
export type InviteTargetKey = (typeof INVITE_TYPES)[InviteType]['targetKey']

/** An access token, bound to a user's session if it has a `sessionId`. */
export interface AccessTokenType {
  readonly accessToken: { readonly sessionId?: string }
}

/** An identity token: it proves who somebody is and grants nothing. */
export interface IdentityTokenType {
  readonly identityToken: Readonly<Record<never, never>>
}

/** An invite token: what kind of invitation, and to what, under the one target key of that kind. */
export interface InviteTokenType {
  readonly inviteToken: {
    readonly inviteType: InviteType
    readonly parameters?: Readonly<Record<never, never>>
  } & { readonly [K in InviteTargetKey]?: string }
}

/** The type of a token, in the JSON form of the API (Onezone API, §3). */
export type TokenType = AccessTokenType | IdentityTokenType | InviteTokenType

/** The access token that is bound to no session: the type of a token where none is asked for. */
export const ACCESS_TOKEN: AccessTokenType = Object.freeze({ accessToken: Object.freeze({}) })

const IDENTITY_TOKEN: IdentityTokenType = Object.freeze({ identityToken: Object.freeze({}) })
const SESSION_PREFIX = 'act:'
const INVITE_TYPE_BY_CODE = new Map<string, InviteType>(
  inviteTypes().map((inviteType) => [INVITE_TYPES[inviteType].code, inviteType]),
)

/** What a token of this type may be used as. */
export function kindOf(type: TokenType): TokenKind {
  if ('accessToken' in type) return 'access'
  return 'identityToken' in type ? 'identity' : 'invite'
}

/** Reads a type as identifiers write it, e.g. `act`, `act:<session>`, `idn`, `ujs:<space>:`; null for anything else. */
export function parseTokenType(text: string): TokenType | null {
  if (text === 'act') return ACCESS_TOKEN
  if (text === 'idn') return IDENTITY_TOKEN
  if (text.startsWith(SESSION_PREFIX)) {
    const sessionId = text.slice(SESSION_PREFIX.length)
    return sessionId === '' ? null : { accessToken: { sessionId } }
  }
  const [code, target, parameters, more] = text.split(':', 4)
  if (!code || !target || parameters === undefined || more !== undefined) return null
  const inviteType = INVITE_TYPE_BY_CODE.get(code)
  return inviteType === undefined ? null : inviteTokenType(inviteType, target)
}

/** Writes a type as identifiers do: the inverse of {@link parseTokenType}. */
export function serializeTokenType(type: TokenType): string {
  if ('accessToken' in type) {
    const { sessionId } = type.accessToken
    return sessionId === undefined ? 'act' : SESSION_PREFIX + sessionId
  }
  if ('identityToken' in type) return 'idn'
  const { inviteType } = type.inviteToken
  const { code, targetKey } = INVITE_TYPES[inviteType]
  // a filler that is there for compatibility (Onezone API, §3)
  const parameters = inviteType === 'supportSpace' ? 'ge' : ''
  return `${code}:${type.inviteToken[targetKey] ?? ''}:${parameters}`
}

/**
 * Checks a type that came as JSON, as Onezone does on creation (Onezone API, §3), and gives its normal form.
 *
 * @throws TokenError `ERR_TOKEN_TYPE_INVALID`, with the given value in `value`.
 */
export function sanitizeTokenType(json: unknown): TokenType {
  const type = isJsonObject(json) ? sanitizeObject(json) : null
  if (type !== null) return type
  throw new TokenError(
    'ERR_TOKEN_TYPE_INVALID',
    'The token type is invalid: give {"accessToken":{}}, {"identityToken":{}} or {"inviteToken":{"inviteType":…}} with its target.',
    { value: json },
  )
}

function sanitizeObject(json: Readonly<Record<string, unknown>>): TokenType | null {
  if ('accessToken' in json) return sanitizeAccessToken(json['accessToken'])
  if ('identityToken' in json) return IDENTITY_TOKEN
  if ('inviteToken' in json) return sanitizeInviteToken(json['inviteToken'])
  return null
}

function sanitizeAccessToken(json: unknown): TokenType | null {
  if (!isJsonObject(json)) return null
  const { sessionId } = json as { sessionId?: unknown }
  if (typeof sessionId === 'string' && sessionId !== '') return { accessToken: { sessionId } }
  return Object.keys(json).length === 0 ? ACCESS_TOKEN : null
}

function sanitizeInviteToken(json: unknown): TokenType | null {
  if (!isJsonObject(json)) return null
  const inviteType = inviteTypes().find((name) => name === json['inviteType'])
  if (inviteType === undefined) return null
  const target = json[INVITE_TYPES[inviteType].targetKey]
  if (typeof target !== 'string' || target === '' || target.includes(':')) return null
  return inviteTokenType(inviteType, target)
}

function inviteTokenType(inviteType: InviteType, target: string): InviteTokenType {
  const { targetKey } = INVITE_TYPES[inviteType]
  return { inviteToken: { inviteType, [targetKey]: target, parameters: {} } }
}

function inviteTypes(): InviteType[] {
  return Object.keys(INVITE_TYPES) as InviteType[]
}
