import { foldName } from '../authenticator/index.ts'
import { kindOf } from '../routing/index.ts'

/** Header fields that every request to an upstream has, in place of the client's own of these names. */
export interface FixedFields {
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  /** Whether a client's field has one of their names, however it is spelled. */
  replaces(name: string): boolean
}

/**
 * Makes the fixed fields of a route; null: there are none.
 *
 * @throws {TypeError} for a name that has another meaning, or a value that is none.
 */
export function createFixedFields(
  given: Readonly<Record<string, string>> | undefined,
  isIdentity: (name: string) => boolean,
): FixedFields | null {
  const pairs = Object.entries(given ?? {})
  if (pairs.length === 0) return null
  const names = new Set<string>()
  for (const [name, value] of pairs) {
    parseFixedName(name)
    if (isIdentity(name)) throw new TypeError(`"${name}" is the name of an identity field`)
    if (names.has(foldName(name))) throw new TypeError(`"${name}" is there twice`)
    names.add(foldName(name))
    parseFixedValue(value)
  }
  return { fields: pairs.flat(), replaces: (name) => names.has(foldName(name)) }
}

const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Fields that the gateway states itself, or that only a client can. */
const STATED = /^(?:x-onedata-.*|x-forwarded-.*|forwarded|x-real-ip|sec-websocket-.*)$/

/**
 * Checks the name of a fixed field.
 *
 * @returns The name itself.
 * @throws {TypeError} for what is no name, ends at this hop, or is stated by the gateway itself.
 */
export function parseFixedName(name: string): string {
  if (!FIELD_NAME.test(name)) throw new TypeError('is no name of a header field')
  if (STATED.test(foldName(name)) || foldName(name) === 'x-request-id') {
    throw new TypeError('is a field that the gateway itself states')
  }
  if (kindOf(name) !== 'pass') throw new TypeError('is a field about the connection or the message')
  return name
}

/**
 * Checks the value of a fixed field.
 *
 * @returns The value itself.
 * @throws {TypeError} that does not repeat it.
 */
export function parseFixedValue(value: string): string {
  if (/^[!-~](?:[ -~]{0,8190}[!-~])?$/.test(value)) return value
  throw new TypeError('must be 1 to 8192 printable ASCII characters, without spaces at its ends')
}
