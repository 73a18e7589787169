/**
 * Requests for tokens as the API takes them. Onezone ignores what it does not know, so that a slip becomes a token
 * without a limit or without an end: here it is refused.
 *
 * @module
 */

import { TokenError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import type { CreateNamedTokenRequest } from '../onezone/index.ts'
import { didYouMean } from '../suggestion.ts'
import type { KnownCaveat, TokenType } from '../token/index.ts'
import { INVITE_TYPES, sanitizeCaveat, sanitizeTokenType } from '../token/index.ts'
import { UsageError } from './failure.ts'
import { printable } from './terminal.ts'

const NAMED = ['name', 'type', 'caveats', 'customMetadata', 'revoked', 'usageLimit', 'privileges']
const TEMPORARY = ['type', 'caveats']
/** Fields that people write, and what is meant. */
const MEANT: Readonly<Record<string, string>> = {
  expiresAt: 'an end is a caveat: {"type":"time","validUntil":UNIX_SECONDS}',
  validUntil: 'an end is a caveat: {"type":"time","validUntil":UNIX_SECONDS}',
  ttl: 'an end is a caveat: {"type":"time","validUntil":UNIX_SECONDS}',
  usageLimit: 'it stands beside "type", and only for invite tokens',
  privileges: 'it stands beside "type", and only for invite tokens',
}

/**
 * Reads a request for a token.
 *
 * @param kind Which of the two operations it is for.
 * @throws {UsageError} for what Onezone would refuse or ignore.
 */
export function readRequest(text: string, kind: 'named' | 'temporary'): CreateNamedTokenRequest {
  const request = parseObject(text)
  checkKeys(request, kind === 'named' ? NAMED : TEMPORARY, 'the request')
  const { name = '', caveats = [], type, customMetadata, revoked, usageLimit, privileges } = request
  const tokenType = type === undefined ? { accessToken: {} } : readStrictType(type)
  if (!('inviteToken' in tokenType) && (usageLimit !== undefined || privileges !== undefined)) {
    throw new UsageError('"usageLimit" and "privileges" are for invite tokens, which this is not')
  }
  if (typeof name !== 'string') throw new UsageError('"name" of the request must be a text')
  if (!Array.isArray(caveats)) throw new UsageError('"caveats" of the request must be a list')
  if (customMetadata !== undefined && !isJsonObject(customMetadata)) {
    throw new UsageError('"customMetadata" of the request must be an object')
  }
  if (revoked !== undefined && typeof revoked !== 'boolean') {
    throw new UsageError('"revoked" of the request must be true or false')
  }
  return {
    name,
    type: tokenType,
    caveats: caveats.map(readStrictCaveat),
    ...(customMetadata && { customMetadata }),
    ...(revoked === undefined ? {} : { revoked }),
    ...readInviteTerms(usageLimit, privileges),
  }
}

function readInviteTerms(
  usageLimit: unknown,
  privileges: unknown,
): Pick<CreateNamedTokenRequest, 'usageLimit' | 'privileges'> {
  const isLimit =
    usageLimit === undefined ||
    usageLimit === 'infinity' ||
    (Number.isSafeInteger(usageLimit) && Number(usageLimit) > 0)
  if (!isLimit)
    throw new UsageError('"usageLimit" must be a whole number, 1 or more, or "infinity"')
  const isList =
    privileges === undefined ||
    (Array.isArray(privileges) && privileges.every((one) => typeof one === 'string'))
  if (!isList) throw new UsageError('"privileges" must be a list of names')
  return {
    ...(usageLimit === undefined ? {} : { usageLimit: usageLimit as number | 'infinity' }),
    ...(privileges === undefined ? {} : { privileges: privileges as string[] }),
  }
}

/**
 * Reads a token type that says nothing which Onezone would ignore.
 *
 * @throws {UsageError}
 */
function readStrictType(json: unknown): TokenType {
  let type: TokenType
  try {
    type = sanitizeTokenType(json)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new UsageError(
      '"type" must be {"accessToken":{}}, {"identityToken":{}}, or {"inviteToken":{"inviteType":…}} with its target',
    )
  }
  const [[name, inner] = ['', {}]] = Object.entries(type) as [string, JsonObject][]
  const given = json as JsonObject
  checkKeys(given, [name], '"type"')
  const target = 'inviteToken' in type ? INVITE_TYPES[type.inviteToken.inviteType].targetKey : ''
  const more = target === '' ? [] : ['inviteType', target, 'parameters']
  checkKeys(given[name] as JsonObject, [...Object.keys(inner), ...more], `"type.${name}"`)
  return type
}

/**
 * Reads a caveat that says nothing which Onezone would ignore.
 *
 * @throws {UsageError}
 */
export function readStrictCaveat(json: unknown): KnownCaveat {
  let caveat: KnownCaveat
  try {
    caveat = sanitizeCaveat(json)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    throw new UsageError('a caveat of the request is none of the API')
  }
  checkKeys(json as JsonObject, Object.keys(caveat), 'a caveat')
  return caveat
}

function parseObject(text: string): JsonObject {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new UsageError('the request is no JSON')
  }
  if (isJsonObject(json)) return json
  throw new UsageError('the request must be an object in JSON')
}

function checkKeys(object: JsonObject, known: readonly string[], where: string): void {
  const key = Object.keys(object).find((name) => !known.includes(name))
  if (key === undefined) return
  const meant = Object.hasOwn(MEANT, key) ? MEANT[key] : undefined
  const hint = meant ?? `there are ${known.join(', ')}${didYouMean(key, known)}`
  throw new UsageError(
    `Onezone would silently ignore "${printable(key.slice(0, 40))}" in ${where}; ${hint}`,
  )
}
