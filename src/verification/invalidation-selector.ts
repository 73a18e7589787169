import { isJsonObject, type JsonObject } from '../json.ts'
import type { FamilyRef, Subject } from '../token/index.ts'

/** Whom or what an invalidation is about. Exactly one of these. */
export type InvalidationSelector =
  /** All families of a user or provider. */
  | { readonly subject: SelectedSubject }
  /** A named token and everything that was confined from it. */
  | { readonly tokenId: string }
  /** One generation of a subject's temporary tokens; or a named token, as above. */
  | { readonly family: SelectedFamily }
  /** One token, which must be proven anew; its family is left alone. */
  | { readonly fingerprint: string }
  /** Everything: each token must be proven anew, as after a start. */
  | { readonly all: true }

/** A subject that tokens are issued for. */
export interface SelectedSubject extends Subject {
  readonly type: 'user' | 'oneprovider'
  readonly id: string
}

/** A family, as `onegate token inspect` tells it. */
export type SelectedFamily =
  { readonly subject: SelectedSubject; readonly generation: number } | { readonly tokenId: string }

const LONGEST_ID = 256
/** How tokens of Onezone begin, and what the secrets of a look-up API are: one in the wrong place gets into no log. */
const TOKEN = /^(?:op[wp]-)?MDA|^[dD][tT]0[a-zA-Z]\d{2}\.[A-Za-z0-9]+\.[A-Za-z0-9]{32,}$/

const READERS: Readonly<Record<string, (value: unknown) => InvalidationSelector>> = {
  subject: (value) => ({ subject: readSubject(value, 'subject') }),
  tokenId: (value) => ({ tokenId: readId(value, 'tokenId') }),
  family: (value) => ({ family: readFamily(value) }),
  fingerprint: (value) => ({ fingerprint: readFingerprint(value) }),
  all(value) {
    if (value !== true) throw new TypeError('"all" must be true')
    return { all: true }
  },
}

/**
 * Reads a selector that may come from anywhere. Keys without a value count as absent.
 *
 * @throws {TypeError} that says what is wrong. No value is repeated: it may be a token in the wrong place.
 */
export function parseSelector(value: unknown): InvalidationSelector {
  const choices = `give exactly one of ${quoted(Object.keys(READERS))}`
  if (!isJsonObject(value)) throw new TypeError(`The selector must be an object: ${choices}`)
  checkKeys(value, Object.keys(READERS), '')
  const keys = presentKeys(value)
  if (keys.length > 1) throw new TypeError(`${quoted(keys)} are given together: ${choices}`)
  const key = keys[0] ?? ''
  const reader = Object.hasOwn(READERS, key) ? READERS[key] : undefined
  if (reader === undefined) throw new TypeError(`Nothing is selected: ${choices}`)
  return reader(value[key])
}

/** The family that a selector names. */
export function refOf(
  selector: Extract<InvalidationSelector, { tokenId: string } | { family: object }>,
): FamilyRef {
  if ('tokenId' in selector) return { kind: 'named', tokenId: selector.tokenId } as const
  const { family } = selector
  return 'tokenId' in family
    ? ({ kind: 'named', tokenId: family.tokenId } as const)
    : ({ kind: 'temporary', ...family } as const)
}

function readFamily(value: unknown): SelectedFamily {
  if (!isJsonObject(value)) {
    throw new TypeError('"family" must be an object with "subject" and "generation", or "tokenId"')
  }
  checkKeys(value, ['subject', 'generation', 'tokenId'], 'family.')
  if (value['tokenId'] !== undefined) {
    if (presentKeys(value).length > 1) {
      throw new TypeError('"family" must have either "subject" and "generation", or "tokenId"')
    }
    return { tokenId: readId(value['tokenId'], 'family.tokenId') }
  }
  const subject = readSubject(value['subject'], 'family.subject')
  const { generation } = value
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 0) {
    throw new TypeError('"family.generation" must be a whole number, 0 or more')
  }
  return { subject, generation }
}

function readSubject(value: unknown, name: string): SelectedSubject {
  if (!isJsonObject(value)) throw new TypeError(`"${name}" must be an object with "type" and "id"`)
  checkKeys(value, ['type', 'id'], `${name}.`)
  const { type, id } = value
  if (type !== 'user' && type !== 'oneprovider') {
    throw new TypeError(`"${name}.type" must be user or oneprovider`)
  }
  return { type, id: readId(id, `${name}.id`) }
}

function readId(value: unknown, name: string): string {
  const isText = typeof value === 'string' && value !== '' && value.length <= LONGEST_ID
  if (!isText || TOKEN.test(value)) {
    throw new TypeError(`"${name}" must be an id: 1 to ${LONGEST_ID} characters, and no token`)
  }
  return value
}

function readFingerprint(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{12}$/i.test(value)) {
    throw new TypeError('"fingerprint" must be 12 hexadecimal digits')
  }
  return value.toLowerCase()
}

function checkKeys(group: JsonObject, known: readonly string[], prefix: string): void {
  for (const key of Object.keys(group)) {
    if (known.includes(key)) continue
    const name = key.length > 30 ? 'A key' : `"${prefix}${key}"`
    throw new TypeError(`${name} is unknown; there are ${quoted(known)}`)
  }
}

function presentKeys(group: JsonObject): string[] {
  return Object.keys(group).filter((key) => group[key] !== undefined)
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
