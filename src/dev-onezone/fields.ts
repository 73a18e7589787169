import { TokenError } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import type { InviteType, OnedataInterface, Token, TokenType } from '../token/index.ts'
import {
  INTERFACES,
  INVITE_TYPES,
  MAX_TOKEN_OCTETS,
  normalizeIPv4,
  parseToken,
  sanitizeTokenType,
} from '../token/index.ts'
import { Refusal, refusals } from './answers.ts'
import { erlangTerm } from './erlang-term.ts'
import type { ExactCaveat } from './exact-caveats.ts'
import { sanitizeExactCaveat } from './exact-caveats.ts'
import { JsonFloat, withoutFloats } from './json-text.ts'

/** Reads one field of a request body; `undefined`: the field is absent. */
export type FieldReader<T> = (value: unknown, key: string) => T | Refusal

/** What a table of readers makes of a body. */
export type FieldsOf<R> = { [K in keyof R]: R[K] extends FieldReader<infer T> ? T : never }

/** Reads the fields of a body in the order of the table; the first that is wrong refuses the request. */
export function readFields<R extends Record<string, FieldReader<unknown>>>(
  body: Readonly<Record<string, unknown>>,
  readers: R,
): FieldsOf<R> | Refusal {
  const fields: Record<string, unknown> = {}
  for (const [key, read] of Object.entries(readers)) {
    const field = read(body[key], key)
    if (field instanceof Refusal) return field
    fields[key] = field
  }
  return fields as FieldsOf<R>
}

/** The body as an object, which every operation with a body asks for after authorisation (Onezone API, §16). */
export function objectBody(body: unknown): Record<string, unknown> | Refusal {
  return isObject(body) ? body : refusals.malformedData()
}

/** Whether a value is a JSON object, which a number that stands for itself is not. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isJsonObject(value) && !(value instanceof JsonFloat)
}

export function required<T>(read: FieldReader<T>): FieldReader<T> {
  return (value, key) =>
    value === undefined ? refusals.missingRequiredValue(key) : read(value, key)
}

/** `absent` stands for a field that is not there. */
export function optional<T, A>(read: FieldReader<T>, absent: A): FieldReader<T | A> {
  return (value, key) => (value === undefined ? absent : read(value, key))
}

export const tokenField: FieldReader<Token> = (value, key) => {
  if (value === '') return refusals.badValueEmpty(key)
  const token = tokenOf(value)
  return token instanceof Refusal ? refusals.badValueToken(key, token) : token
}

/** The token that a text is, or why it is none. */
export function tokenOf(serialized: unknown): Token | Refusal {
  if (typeof serialized !== 'string') return refusals.badToken()
  try {
    return parseToken(serialized)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return error.code === 'ERR_TOKEN_TOO_LARGE'
      ? refusals.tokenTooLarge(MAX_TOKEN_OCTETS)
      : refusals.badToken()
  }
}

export const booleanField: FieldReader<boolean> = (value, key) =>
  typeof value === 'boolean' ? value : refusals.badValueBoolean(key)

export const objectField: FieldReader<Record<string, unknown>> = (value, key) =>
  isObject(value) ? (withoutFloats(value) as Record<string, unknown>) : refusals.badValueJSON(key)

/** What an invite token is to grant: some of the allowed privileges, each once, in alphabetical order. */
export function privilegesField(allowed: readonly string[]): FieldReader<readonly string[]> {
  return (value, key) => {
    // The original takes the three words of JSON for strings.
    const isWord = (entry: unknown): boolean =>
      typeof entry === 'string' || typeof entry === 'boolean' || entry === null
    if (!Array.isArray(value) || !value.every(isWord)) return refusals.badValueListOfStrings(key)
    const isAllowed = (entry: unknown): entry is string =>
      typeof entry === 'string' && allowed.includes(entry)
    if (!value.every(isAllowed)) return refusals.badValueListNotAllowed(key, allowed)
    return [...new Set(value)].toSorted()
  }
}

/** How often an invite token may be consumed; numbers may come as text. */
export const usageLimitField: FieldReader<number | 'infinity'> = (value, key) => {
  if (value === 'infinity') return value
  const isNumeric = typeof value === 'string' && /^[+-]?\d+$/.test(value)
  const limit = isNumeric || typeof value === 'bigint' ? Number(value) : value
  if (typeof limit !== 'number' || !Number.isInteger(limit)) return refusals.badValueInteger(key)
  return limit < 1 ? refusals.badValueTooLow(key, 1) : limit
}

/** `null`: the address is unknown. The original takes a list of character codes for text. */
export const peerIpField: FieldReader<string | null> = (value, key) => {
  if (value === null) return null
  const isList = Array.isArray(value) && value.every((code) => Number.isInteger(code))
  const text = isList ? textOfCodes(value as number[]) : value
  const address = typeof text === 'string' ? normalizeIPv4(text) : null
  return address ?? refusals.badValueIPv4Address(key)
}

/** Codes that are none of ASCII stand in no address. */
function textOfCodes(codes: readonly number[]): string {
  return codes.map((code) => String.fromCodePoint(code >= 0 && code < 0x80 ? code : 0)).join('')
}

export const interfaceField: FieldReader<OnedataInterface> = (value, key) => {
  const found = INTERFACES.find((entry) => entry === value)
  if (found !== undefined) return found
  // The original takes the three words of JSON for words like any other.
  return typeof value === 'string' || typeof value === 'boolean' || value === null
    ? refusals.badValueNotAllowed(key, INTERFACES)
    : refusals.badValueString(key)
}

export const inviteTypeField: FieldReader<InviteType> = (value, key) =>
  typeof value === 'string' && Object.hasOwn(INVITE_TYPES, value)
    ? (value as InviteType)
    : refusals.badValueInviteType(key)

export const tokenTypeField: FieldReader<TokenType> = (value, key) => {
  try {
    return sanitizeTokenType(value)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return refusals.badValueTokenType(key)
  }
}

export const caveatsField: FieldReader<readonly ExactCaveat[]> = (value, key) => {
  if (!Array.isArray(value)) return refusals.badData(key)
  try {
    return value.map((caveat: unknown) => sanitizeExactCaveat(caveat))
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    const echo = error.value
    // Anything but an object or a string comes back as text (Onezone API, §4.1).
    return refusals.badValueCaveat(
      isObject(echo) || typeof echo === 'string' ? echo : erlangTerm(echo),
    )
  }
}

/** Onezone API, §7.6, with its quirks: booleans are taken for text, one line feed may follow. */
export const nameField: FieldReader<string> = (value, key) => {
  const name = typeof value === 'boolean' ? String(value) : value
  if (name === null) return refusals.badValueName()
  if (typeof name !== 'string') return refusals.badValueString(key)
  return NAME.test(name) ? name : refusals.badValueName()
}

const NAME = /^[\p{L}\p{N}_()][\p{L}\p{N}_() .-]{0,126}[\p{L}\p{N}_()]\n?$/u
