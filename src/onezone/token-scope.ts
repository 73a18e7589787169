import { isJsonObject, type JsonObject } from '../json.ts'

/** What an access token opens (Onezone API, §6). */
export interface AccessTokenScope {
  /** Unix seconds from which on the token is no good; null: it has no end of its own. */
  readonly validUntil: number | null
  /** Null where the token speaks for a Oneprovider. */
  readonly dataAccessScope: DataAccessScope | null
}

/** The data that an access token opens. */
export interface DataAccessScope {
  /** Whether the token itself allows nothing but reading. */
  readonly readonly: boolean
  /** By the space's id. */
  readonly spaces: Readonly<Record<string, ScopeSpace>>
  /** By the Oneprovider's id: those that support the spaces. */
  readonly providers: Readonly<Record<string, ScopeProvider>>
}

/** A space in a token's scope. */
export interface ScopeSpace {
  readonly name: string
  /** By the Oneprovider's id. Read-only: all its storages for the space are. */
  readonly supports: Readonly<Record<string, { readonly readonly: boolean }>>
}

/** A Oneprovider in a token's scope. */
export interface ScopeProvider {
  readonly name: string
  readonly domain: string
  readonly version: string
  readonly online: boolean
}

/** Reads the answer to `inferAccessTokenScope`. */
export function readAccessTokenScope(body: JsonObject): AccessTokenScope | undefined {
  const { validUntil, dataAccessScope } = body
  const good =
    (validUntil === null || typeof validUntil === 'number') &&
    (dataAccessScope === null || isDataAccessScope(dataAccessScope))
  return good ? (body as object as AccessTokenScope) : undefined
}

function isDataAccessScope(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { readonly, spaces, providers } = value
  return typeof readonly === 'boolean' && all(spaces, isSpace) && all(providers, isProvider)
}

function isSpace({ name, supports }: JsonObject): boolean {
  return typeof name === 'string' && all(supports, ({ readonly }) => typeof readonly === 'boolean')
}

function isProvider({ name, domain, version, online }: JsonObject): boolean {
  const texts = [name, domain, version]
  return texts.every((text) => typeof text === 'string') && typeof online === 'boolean'
}

function all(value: unknown, isGood: (entry: JsonObject) => boolean): boolean {
  return (
    isJsonObject(value) &&
    Object.values(value).every((entry) => isJsonObject(entry) && isGood(entry))
  )
}
