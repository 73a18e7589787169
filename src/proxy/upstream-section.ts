import type { Granted } from '../authenticator/index.ts'
import { AROUND_FIELD, NO_FIELD_VALUE } from '../field-line.ts'
import { writeSection } from '../upstream/index.ts'
import type { FixedFields } from './fixed-fields.ts'
import type { UpstreamFieldsInput } from './upstream-fields.ts'
import { passesOn, statedFields } from './upstream-fields.ts'

/**
 * The header section of {@link upstreamFields} as text, without length and identity. What passes of the client's is cut
 * from the text that came, in runs of whole lines; what the gateway states is made once for a client and a host.
 *
 * @param asSent The client's own section, checked, each line as it would be written, for each of `rawHeaders`.
 * @returns Null: something in it is to be looked at field by field.
 */
export function upstreamSection(input: UpstreamFieldsInput, asSent: string): string | null {
  const { rawHeaders, requestId, policy, traced = null } = input
  if (policy.clean !== null || traced !== null || NO_FIELD_VALUE.test(requestId)) return null
  const { host, stated } = standingText(input)
  if (host === null || stated === null) return null
  let text = host
  /** Where the run begins that passes. */
  let from = 0
  let at = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    const end = at + name.length + value.length + AROUND_FIELD
    if (!passesOn(name, value, input)) {
      if (at > from) text += asSent.slice(from, at)
      from = end
    }
    at = end
  }
  if (at > from) text += asSent.slice(from, at)
  return `${text}X-Request-Id: ${requestId}\r\n${stated}`
}

/** What is the same in all requests of one client to one host, as text; null: it cannot be written. */
interface Standing {
  readonly ownHost: string
  readonly upstreamHost: string | null
  readonly stripPrefix: string
  readonly fixed: FixedFields | null
  readonly host: string | null
  readonly stated: string | null
}

/** The last that was made for each client. */
const known = new WeakMap<Granted['client'], Standing>()

function standingText(input: UpstreamFieldsInput): Standing {
  const { record, decision, upstreamHost, stripPrefix = '', fixed = null } = input
  const { client } = decision
  const last = known.get(client)
  if (
    last !== undefined &&
    last.ownHost === record.host &&
    last.upstreamHost === upstreamHost &&
    last.stripPrefix === stripPrefix &&
    last.fixed === fixed
  ) {
    return last
  }
  const made: Standing = {
    ownHost: record.host,
    upstreamHost,
    stripPrefix,
    fixed,
    host: writeSection(['Host', upstreamHost ?? record.host]),
    stated: writeSection([...statedFields(input), ...(fixed?.fields ?? [])]),
  }
  // Another object could say something else the next time.
  if (Object.isFrozen(client)) known.set(client, made)
  return made
}
