import { malformed, parseInteger, serializeInteger } from './notation.ts'
import { NOBODY, parseSubject, serializeSubject } from './subject.ts'
import type { Subject } from './subject.ts'
import { ACCESS_TOKEN, parseTokenType, serializeTokenType } from './token-type.ts'
import type { TokenType } from './token-type.ts'

/** What the identifier of a token says (Onezone API, §1.6). */
export interface Identifier {
  readonly version: 1 | 2
  /** Generation of a temporary token; null for a named one. */
  readonly generation: number | null
  /** Nobody in version 1, which does not tell. */
  readonly subject: Subject
  readonly type: TokenType
  readonly id: string
}

const NAMED = 'nmd'
const TEMPORARY = 'tmp-'

/**
 * Reads an identifier: `2/<persistence>/<subject>/<type>/<id>`, or legacy version 1, which is an id and nothing else.
 *
 * @throws TokenError `ERR_TOKEN_MALFORMED`
 */
export function parseIdentifier(text: string): Identifier {
  const slash = text.indexOf('/')
  const version = slash < 0 ? null : parseInteger(text.slice(0, slash))
  if (version === null) return legacyIdentifier(text)
  if (version === 1) return parseVersion1(text.slice(slash + 1))
  if (version === 2) return parseVersion2(text.slice(slash + 1))
  throw malformed('its identifier has an unknown version')
}

/** Writes an identifier: the inverse of {@link parseIdentifier}. */
export function serializeIdentifier(identifier: Identifier): string {
  const { version, generation, subject, type, id } = identifier
  if (version === 1) return id
  const persistence = generation === null ? NAMED : TEMPORARY + serializeInteger(generation)
  return `2/${persistence}/${serializeSubject(subject)}/${serializeTokenType(type)}/${id}`
}

function parseVersion1(id: string): Identifier {
  if (id.includes('/')) throw malformed('its identifier has too many fields')
  return legacyIdentifier(id)
}

function parseVersion2(text: string): Identifier {
  const [persistence, subjectText, typeText, id, more] = text.split('/', 5)
  if (!persistence || !subjectText || !typeText || id === undefined || more !== undefined) {
    throw malformed('its identifier has not five fields')
  }
  const subject = parseSubject(subjectText)
  if (subject === null) throw malformed('its identifier names an unknown kind of subject')
  const type = parseTokenType(typeText)
  if (type === null) throw malformed('its identifier names an unknown type of token')
  return { version: 2, generation: parsePersistence(persistence), subject, type, id }
}

function parsePersistence(text: string): number | null {
  if (text === NAMED) return null
  const generation = text.startsWith(TEMPORARY) ? parseInteger(text.slice(TEMPORARY.length)) : null
  if (generation === null) throw malformed('its identifier names neither a record nor a generation')
  return generation
}

function legacyIdentifier(id: string): Identifier {
  return { version: 1, generation: null, subject: NOBODY, type: ACCESS_TOKEN, id }
}
