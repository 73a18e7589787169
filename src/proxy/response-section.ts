import type { HeaderPolicy } from '../authenticator/index.ts'
import { AROUND_FIELD } from '../field-line.ts'
import type { SectionText } from '../listener/index.ts'
import { kindOf, NOTHING_NAMED, readConnection } from '../routing/index.ts'
import { passesBack } from './response-fields.ts'
import { NO_STORE } from './vary.ts'

/** The response of which a section is made. */
export interface WholeResponse {
  readonly status: number
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  /** The same as text, checked, each line as it would be written. */
  readonly section: string
  /** What `Content-Length` is to say where the upstream does not; null: nothing. */
  readonly bodyLength: number | null
}

/**
 * The header section of `responseFields` as text, for a response all of which has come: what passes is cut from the
 * text that came, in runs of whole lines.
 *
 * @param vary Names of fields on which the response depends; empty: it does not.
 * @returns Null: something in it is to be looked at field by field.
 */
export function responseSection(
  { status, fields, section, bodyLength }: WholeResponse,
  policy: HeaderPolicy,
  vary: string,
): SectionText | null {
  let text = ''
  /** Where the run begins that passes. */
  let from = 0
  let at = 0
  let dated = false
  let hasLength = false
  let varies = vary !== ''
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    const kind = kindOf(name)
    const end = at + name.length + value.length + AROUND_FIELD
    if (kind === 'connection') {
      if (readConnection(value, NOTHING_NAMED) !== NOTHING_NAMED) return null
    } else if (kind === 'content-length') {
      hasLength = status !== 204
    } else if (name.length === 4) {
      const lower = name.toLowerCase()
      if (lower === 'vary' && vary !== '') return null
      dated ||= lower === 'date'
    } else if (name.length === 13 && varies && name.toLowerCase() === 'cache-control') {
      varies = !NO_STORE.test(value)
    }
    if (!passesBack(name, kind, status, policy)) {
      if (at > from) text += section.slice(from, at)
      from = end
    }
    at = end
  }
  if (at > from) text += section.slice(from, at)
  if (varies) text += `Vary: ${vary}\r\n`
  if (hasLength || bodyLength === null) return { text, dated, hasLength }
  return { text: `${text}Content-Length: ${bodyLength}\r\n`, dated, hasLength: true }
}
