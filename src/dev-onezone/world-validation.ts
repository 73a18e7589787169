import type { Subject, TokenType } from '../token/index.ts'
import { TokenError } from '../errors.ts'
import { ACCESS_TOKEN, isIPv4, sanitizeTokenType } from '../token/index.ts'
import type { Read } from './entity-readers.ts'
import {
  given,
  orNull,
  readEach,
  readEntity,
  readOnezone,
  readProvider,
  readSpace,
  readUser,
} from './entity-readers.ts'
import type { ExactCaveat } from './exact-caveats.ts'
import { sanitizeExactCaveat } from './exact-caveats.ts'
import type { ShapeCheck } from './shape-check.ts'
import { createShapeCheck, join } from './shape-check.ts'
import type {
  World,
  WorldChange,
  WorldGeoRow,
  WorldIdentityProvider,
  WorldNamedToken,
  WorldTemporaryTokenSecret,
} from './world.ts'

/**
 * Checks that a value is a {@link World} and copies it.
 *
 * @throws {ConfigError} with every problem and its path, e.g. `users.alice.blocked`
 */
export function validateWorld(value: unknown): World {
  const check = createShapeCheck('world')
  const more = ['temporaryTokenSecrets', 'namedTokens', 'geo', 'identityProviders']
  const raw = check.object(value, '', ['onezoneDomain', ...ENTITY_KEYS, ...more])
  const world: World = {
    ...given(raw, 'onezoneDomain', (domain, path) => check.string(domain, path)),
    ...given(raw, 'users', (list, path) => readEach(check, list, path, readUser)),
    ...given(raw, 'providers', (list, path) => readEach(check, list, path, readProvider)),
    ...given(raw, 'onezone', (onezone, path) => readOnezone(check, onezone, path)),
    ...given(raw, 'groups', (list, path) => readEach(check, list, path, readEntity)),
    ...given(raw, 'spaces', (list, path) => readEach(check, list, path, readSpace)),
    ...given(raw, 'harvesters', (list, path) => readEach(check, list, path, readEntity)),
    ...given(raw, 'atmInventories', (list, path) => readEach(check, list, path, readEntity)),
    ...given(raw, 'temporaryTokenSecrets', (list, path) => readRows(check, list, path, readSecret)),
    ...given(raw, 'namedTokens', (list, path) => readRows(check, list, path, readNamedToken)),
    ...given(raw, 'geo', (list, path) => readRows(check, list, path, readGeoRow)),
    ...given(raw, 'identityProviders', (list, path) =>
      readRows(check, list, path, readProviderOfIdentity),
    ),
  }
  checkIdsUnique(check, world.namedTokens ?? [])
  check.finish()
  return world
}

/**
 * Checks that a value is a {@link WorldChange} and copies it.
 *
 * @throws {ConfigError} with every problem and its path
 */
export function validateWorldChange(value: unknown): WorldChange {
  const check = createShapeCheck('world change')
  const raw = check.object(value, '', [...ENTITY_KEYS, 'identityProviders'])
  const each =
    <T>(read: Read<T>) =>
    (list: unknown, path: string) =>
      readEach(check, list, path, orNull(read))
  const change: WorldChange = {
    ...given(raw, 'users', each(readUser)),
    ...given(raw, 'providers', each(readProvider)),
    ...given(raw, 'onezone', (onezone, path) => readOnezone(check, onezone, path)),
    ...given(raw, 'groups', each(readEntity)),
    ...given(raw, 'spaces', each(readSpace)),
    ...given(raw, 'harvesters', each(readEntity)),
    ...given(raw, 'atmInventories', each(readEntity)),
    ...given(raw, 'identityProviders', (list, path) =>
      readRows(check, list, path, readProviderOfIdentity),
    ),
  }
  check.finish()
  return change
}

const ENTITY_KEYS = [
  'users',
  'providers',
  'onezone',
  'groups',
  'spaces',
  'harvesters',
  'atmInventories',
]

function readRows<T>(check: ShapeCheck, value: unknown, path: string, read: Read<T>): T[] {
  return check.list(value, path).map((row, index) => read(check, row, `${path}[${index}]`))
}

function readSecret(check: ShapeCheck, value: unknown, path: string): WorldTemporaryTokenSecret {
  const raw = check.object(value, path, ['subject', 'secret', 'generation'])
  return {
    subject: readSubject(check, raw['subject'], join(path, 'subject'), readAnyText),
    secret: check.string(raw['secret'], join(path, 'secret')),
    generation: check.integer(raw['generation'], join(path, 'generation'), 1),
  }
}

function readNamedToken(check: ShapeCheck, value: unknown, path: string): WorldNamedToken {
  const keys = ['id', 'name', 'subject', 'secret', 'version', 'type', 'caveats', 'revoked']
  const more = ['customMetadata', 'creationTime', 'usageLimit', 'usageCount', 'privileges']
  const raw = check.object(value, path, [...keys, ...more])
  const id = check.string(raw['id'], join(path, 'id'))
  if (id.includes('/')) check.wrong(join(path, 'id'), 'must not contain "/"')
  return {
    id,
    name: check.string(raw['name'], join(path, 'name')),
    subject: readSubject(check, raw['subject'], join(path, 'subject')),
    secret: check.string(raw['secret'], join(path, 'secret')),
    ...given(raw, 'version', (version, at) => check.integer(version, at, 1, 2) as 1 | 2, path),
    ...given(raw, 'type', (type, at) => readTokenType(check, type, at), path),
    ...given(raw, 'caveats', (list, at) => readRows(check, list, at, readCaveat), path),
    ...given(raw, 'revoked', (revoked, at) => check.boolean(revoked, at), path),
    ...given(raw, 'customMetadata', (custom, at) => check.record(custom, at), path),
    ...given(raw, 'creationTime', (time, at) => check.integer(time, at, 0), path),
    ...given(raw, 'usageLimit', (limit, at) => readUsageLimit(check, limit, at), path),
    ...given(raw, 'usageCount', (count, at) => check.integer(count, at, 0), path),
    ...given(raw, 'privileges', (list, at) => check.strings(list, at), path),
  }
}

function readUsageLimit(check: ShapeCheck, value: unknown, path: string): number | 'infinity' {
  // Beyond 2⁵³ too, as on creation.
  const limit = typeof value === 'bigint' ? Number(value) : value
  const isHuge = typeof limit === 'number' && Number.isInteger(limit) && limit > 0
  return limit === 'infinity' || isHuge ? limit : check.integer(limit, path, 1)
}

/** @param readId A generation can be that of a subject whose id is empty, since anybody may have asked for it. */
function readSubject(
  check: ShapeCheck,
  value: unknown,
  path: string,
  readId: Read<string> = readText,
): Subject {
  const raw = check.object(value, path, ['type', 'id'])
  return {
    type: check.oneOf(raw['type'], join(path, 'type'), ['user', 'oneprovider']),
    id: readId(check, raw['id'], join(path, 'id')),
  }
}

const readText: Read<string> = (check, value, path) => check.string(value, path)
const readAnyText: Read<string> = (check, value, path) => check.text(value, path)

function readTokenType(check: ShapeCheck, value: unknown, path: string): TokenType {
  try {
    return sanitizeTokenType(value)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    check.wrong(path, 'must be a token type, e.g. {"accessToken":{}}')
    return ACCESS_TOKEN
  }
}

function readCaveat(check: ShapeCheck, value: unknown, path: string): ExactCaveat {
  try {
    return sanitizeExactCaveat(value)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    check.wrong(path, 'must be a caveat, e.g. {"type":"time","validUntil":1893456000}')
    return { type: 'time', validUntil: 0 }
  }
}

function readGeoRow(check: ShapeCheck, value: unknown, path: string): WorldGeoRow {
  const raw = check.object(value, path, ['cidr', 'asn', 'country', 'regions'])
  const cidr = check.string(raw['cidr'], join(path, 'cidr'))
  const [address = '', length = ''] = cidr.split('/', 2)
  if (!isIPv4(address) || !/^([12]?\d|3[0-2])$/.test(length)) {
    check.wrong(join(path, 'cidr'), 'must be an IPv4 network, e.g. 203.0.113.0/24')
  }
  const unlessNull = <T>(key: string, read: (entry: unknown, at: string) => T): T | null =>
    raw[key] === null ? null : read(raw[key], join(path, key))
  return {
    cidr,
    asn: unlessNull('asn', (asn, at) => check.integer(asn, at, 0)),
    country: unlessNull('country', (country, at) => check.string(country, at)),
    regions: unlessNull('regions', (regions, at) => check.strings(regions, at)),
  }
}

const PROVIDER_ANSWERS = ['ok', 'refusal', 'fault'] as const

/** Texts by names that are texts, too, of any form. */
function readTexts(check: ShapeCheck, value: unknown, path: string): Record<string, string> {
  const entries = Object.entries(check.record(value, path))
  return Object.fromEntries(entries.map(([name, text]) => [name, check.string(text, path)]))
}

function readProviderOfIdentity(
  check: ShapeCheck,
  value: unknown,
  path: string,
): WorldIdentityProvider {
  const raw = check.object(value, path, ['id', 'tokenPrefix', 'users', 'answers'])
  return {
    id: check.string(raw['id'], join(path, 'id')),
    ...given(raw, 'tokenPrefix', (prefix, at) => check.string(prefix, at), path),
    ...given(raw, 'users', (users, at) => readTexts(check, users, at), path),
    ...given(raw, 'answers', (answers, at) => check.oneOf(answers, at, PROVIDER_ANSWERS), path),
  }
}

function checkIdsUnique(check: ShapeCheck, tokens: readonly WorldNamedToken[]): void {
  const seen = new Map<string, number>()
  tokens.forEach(({ id }, index) => {
    const first = seen.get(id)
    if (first === undefined) seen.set(id, index)
    else check.wrong(`namedTokens[${index}].id`, `is that of namedTokens[${first}] already`)
  })
}
