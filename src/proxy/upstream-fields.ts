import type { Granted, HeaderPolicy } from '../authenticator/index.ts'
import type { RequestRecord } from '../routing/index.ts'
import { kindOf, LOOP_MARK } from '../routing/index.ts'
import type { FixedFields } from './fixed-fields.ts'

/** What the header section of an upstream request is made from. */
export interface UpstreamFieldsInput {
  readonly rawHeaders: readonly string[]
  readonly record: RequestRecord
  readonly decision: Granted
  readonly policy: HeaderPolicy
  /** Value of `Host`; null: the client's own. */
  readonly upstreamHost: string | null
  readonly requestId: string
  /** What was taken off the front of the path; empty: nothing. */
  readonly stripPrefix?: string
  /** Whether the route was chosen by the method, so that nothing may change it afterwards. @default false */
  readonly methodDecides?: boolean
  /** @default none */
  readonly fixed?: FixedFields | null
  /** By which the upstream joins in a trace, in place of the client's. @default the client's pass */
  readonly traced?: FixedFields | null
}

/**
 * The header section of an upstream request: name, value, name, value … It starts from nothing; what the client sent is
 * copied field by field, and what the gateway states comes after that, so that no client can take it away again
 * (GHSA-w9mr-28mw-j8hg).
 */
export function upstreamFields(input: UpstreamFieldsInput): string[] {
  const { rawHeaders, record, decision, policy, fixed = null, traced = null } = input
  const fields = ['Host', input.upstreamHost ?? record.host]
  if (record.bodyLength !== null && record.bodyLength !== 0) {
    fields.push('Content-Length', String(record.bodyLength))
  }
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    if (passesOn(name, value, input)) fields.push(name, value)
  }
  policy.clean?.(fields)
  fields.push('X-Request-Id', input.requestId, ...statedFields(input))
  if (fixed !== null) fields.push(...fixed.fields)
  if (traced !== null) fields.push(...traced.fields)
  fields.push(...decision.identityHeaders)
  return fields
}

/** Whether a field of the client's goes to the upstream. */
export function passesOn(name: string, value: string, input: UpstreamFieldsInput): boolean {
  const { record, policy, fixed = null, traced = null } = input
  const kind = kindOf(name)
  const passes =
    kind === 'pass' ||
    kind === 'loop' ||
    (kind === 'method-override' && input.methodDecides !== true)
  if (!passes || policy.drops(name, value)) return false
  if (fixed !== null && fixed.replaces(name)) return false
  if (traced !== null && traced.replaces(name)) return false
  return record.named.size === 0 || !record.named.has(name.toLowerCase())
}

/** What the gateway states of the client and of itself, the same for all requests of one client to one host. */
export function statedFields({ record, decision, stripPrefix }: UpstreamFieldsInput): string[] {
  const { client } = decision
  const fields = [
    'X-Forwarded-For',
    client.forwardedFor,
    'X-Forwarded-Proto',
    client.proto,
    'X-Real-IP',
    client.address,
    'CDN-Loop',
    LOOP_MARK,
  ]
  const forwardedHost = client.host ?? record.host
  // A client of HTTP/1.0 need not say which host it means.
  if (forwardedHost !== '') fields.push('X-Forwarded-Host', forwardedHost)
  if (client.port !== null) fields.push('X-Forwarded-Port', client.port)
  const prefix = client.prefix + (stripPrefix ?? '')
  if (prefix !== '') fields.push('X-Forwarded-Prefix', prefix)
  return fields
}
