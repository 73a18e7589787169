import type { RequestEvent } from '../proxy/index.ts'
import { whoOf } from './who.ts'

const LONGEST_AGENT = 256
const LONGEST_PATH = 2048

/** A `traceparent` of version 00 (W3C Trace Context, §3.2). */
const TRACE_PARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Makes the line of one request: documented in docs/operations.md, whose names stay. Never a token. */
export function requestLine(event: RequestEvent, nowMs: number, withQuery: boolean): string {
  const { trace } = event
  const { record, decision, answer, incoming } = trace
  const { subject, fingerprint, client } = whoOf(trace)
  const verdictMs = spanOf(trace.startedAtMs, trace.decidedAtMs) ?? (decision === null ? null : 0)
  const upstreamMs = spanOf(trace.sentAtMs, trace.answeredAtMs)
  const granted = decision?.outcome === 'granted' ? decision : null
  return `${JSON.stringify({
    time: new Date(nowMs).toISOString(),
    requestId: trace.requestId,
    traceId: TRACE_PARENT.exec(fieldOf(incoming.rawHeaders, 'traceparent') ?? '')?.[1] ?? null,
    route: event.routeId,
    method: event.method,
    path: record?.path.slice(0, LONGEST_PATH) ?? null,
    ...(withQuery ? { query: record?.query.slice(0, LONGEST_PATH) ?? null } : {}),
    status: event.status,
    completed: event.completed,
    bytes: event.status === 101 ? null : trace.bytes,
    durationMs: rounded(event.durationMs),
    ownMs: rounded(Math.max(0, event.durationMs - (verdictMs ?? 0) - (upstreamMs ?? 0))),
    verdictMs: rounded(verdictMs),
    upstreamMs: rounded(upstreamMs),
    outcome: granted === null ? outcomeOf(answer?.status ?? null) : 'granted',
    source: decision?.source ?? null,
    stalenessMs: rounded(
      spanOf(granted?.askedAtMs ?? null, trace.decidedAtMs ?? trace.startedAtMs),
    ),
    code: answer?.code ?? null,
    caveat: answer?.caveat ?? null,
    subject,
    fingerprint,
    client,
    upstream: trace.upstream,
    http: incoming.httpVersion,
    userAgent: fieldOf(incoming.rawHeaders, 'user-agent')?.slice(0, LONGEST_AGENT) ?? null,
  })}\n`
}

function outcomeOf(status: number | null): 'refused' | 'fault' | null {
  if (status === null) return null
  return status >= 500 ? 'fault' : 'refused'
}

function spanOf(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : Math.max(0, toMs - fromMs)
}

function rounded<Ms extends number | null>(ms: Ms): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000
}

function fieldOf(rawHeaders: readonly string[], wanted: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] ?? '').toLowerCase() === wanted) return rawHeaders[i + 1]
  }
  return undefined
}
