import type { Readable } from 'node:stream'

import type { Granted } from '../authenticator/index.ts'
import { upstreamPath } from '../routing/index.ts'
import type { UpstreamMember, UpstreamRequest } from '../upstream/index.ts'
import { BODILESS_METHODS } from '../upstream/index.ts'
import type { ExchangeInput } from './exchange-input.ts'
import { askAs } from './request-tracing.ts'
import { upstreamFields } from './upstream-fields.ts'
import { upstreamSection } from './upstream-section.ts'

/** The body of a request to an upstream. */
export interface CarriedBody {
  /** Null: there is none, or it is text. */
  readonly body: Readable | null
  readonly bodyText: string | undefined
  /** Whether the upstream is asked to say when it wants it. */
  readonly asked: boolean
}

/** The request to an upstream that carries a client's. */
export function upstreamRequest(
  { incoming, record, route, upgrade, trace }: ExchangeInput,
  decision: Granted,
  member: UpstreamMember,
  { body, bodyText, asked }: CarriedBody,
): UpstreamRequest {
  const input = {
    rawHeaders: incoming.rawHeaders,
    record,
    decision,
    policy: route.policy,
    upstreamHost: member.host ?? (record.host === '' ? new URL(member.origin).host : null),
    stripPrefix: route.stripPrefix,
    requestId: trace.requestId,
    methodDecides: route.methods !== undefined,
    fixed: route.fixedFields,
    traced: trace.span === null ? null : askAs(trace.span, member, record, route),
  }
  const asSent = incoming.section ?? null
  const takesSection = asSent !== null && body === null && member.dispatcher.takesText === true
  const section = takesSection ? upstreamSection(input, asSent) : null
  return {
    origin: member.origin,
    path: upstreamPath(member.basePath, record.path, route.stripPrefix) + record.query,
    method: record.method,
    headers: section === null ? upstreamFields(input) : [],
    section: section ?? undefined,
    lastHeaders: decision.identityHeaders,
    clientAddress: decision.client.address,
    proven: decision.identity !== null,
    body,
    bodyText,
    expectContinue: asked,
    headersTimeout: route.timeouts.headMs,
    bodyTimeout: route.timeouts.idleBodyMs,
    upgrade: upgrade === null ? null : 'websocket',
    reset: record.bodyLength !== 0 && BODILESS_METHODS.has(record.method),
  }
}
