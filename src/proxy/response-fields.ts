import type { HeaderPolicy } from '../authenticator/index.ts'
import type { FieldKind } from '../routing/index.ts'
import { kindOf, NOTHING_NAMED, readConnection } from '../routing/index.ts'
import type { UpstreamController } from '../upstream/index.ts'

/** The header section of an answer to a client. */
export interface ResponseFields {
  /** Name, value, name, value … */
  readonly fields: string[]
  /** Whether the upstream said where the body ends; if not, it ends where the connection does. */
  readonly delimited: boolean
  /** Length of the body as the upstream says it, to the client too; -1: it does not. */
  readonly length: number
}

/**
 * The header section that a client gets: what the upstream sent, without what was meant for this hop, and without what
 * only a gateway may say (identity and forwarding fields).
 *
 * @param rawFields Name, value, name, value … as undici tells them.
 * @param status A 204 has no body, whatever its length field says (RFC 9110 §15.3.5).
 */
export function responseFields(
  rawFields: readonly (Buffer | string)[],
  status: number,
  policy: HeaderPolicy,
): ResponseFields {
  const fields: string[] = []
  let named = NOTHING_NAMED
  let delimited = false
  let length = -1
  for (let i = 0; i + 1 < rawFields.length; i += 2) {
    const name = text(rawFields[i])
    const value = text(rawFields[i + 1])
    const kind = kindOf(name)
    if (kind === 'connection') named = readConnection(value, named) ?? named
    else if (kind === 'transfer-encoding') delimited = true
    else if (kind === 'content-length') {
      delimited = true
      length = Number(value)
    }
    if (passesBack(name, kind, status, policy)) fields.push(name, value)
  }
  if (named.size === 0) return { fields, delimited, length }
  // A length that ends at this hop is none to the client.
  if (named.has('content-length')) length = -1
  return { fields: without(fields, named), delimited, length }
}

/** Whether a field of an upstream's goes to the client, unless `Connection` names it. */
export function passesBack(
  name: string,
  kind: FieldKind,
  status: number,
  policy: HeaderPolicy,
): boolean {
  switch (kind) {
    case 'content-length':
      return status !== 204
    case 'pass':
    case 'loop':
    case 'request-id':
    case 'method-override':
      return !policy.drops(name)
    default:
      return false
  }
}

/** Whether a response has a body, be it an empty one (RFC 9110 §6.4.1). */
export function hasBody(status: number, method: string): boolean {
  return status !== 204 && status !== 304 && method !== 'HEAD'
}

/** The header section that an upstream has just sent, as {@link responseFields} takes it. */
export function rawFieldsOf({ rawHeaders }: UpstreamController): (Buffer | string)[] {
  return Array.isArray(rawHeaders) ? rawHeaders : []
}

function without(fields: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (!named.has(name.toLowerCase())) kept.push(name, fields[i + 1] ?? '')
  }
  return kept
}

/** Latin-1: one character for one byte, so that values leave as they came. */
function text(raw: Buffer | string | undefined): string {
  return typeof raw === 'string' ? raw : (raw?.toString('latin1') ?? '')
}
