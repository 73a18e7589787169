import type { Tracer } from '@opentelemetry/api'

import type { FinishedCall } from '../http-client/index.ts'
import type { Api } from './attributes.ts'
import { serverAttributes } from './attributes.ts'

/**
 * Makes what shows calls to the verifier. Each is a trace of its own: one answer serves all who wait for it, and many
 * are fetched for nobody in particular.
 */
export function createQuestionSpans(
  api: Api,
  tracer: Tracer,
  url: string,
): (call: FinishedCall) => void {
  const server = serverAttributes(url)
  return ({ operation, outcome, durationMs }) => {
    const endedAt = Date.now()
    const span = tracer.startSpan(
      operation,
      {
        kind: api.SpanKind.CLIENT,
        startTime: endedAt - durationMs,
        root: true,
        attributes: {
          ...server,
          'onegate.operation': operation,
          'onegate.outcome': outcome,
          ...(outcome === 'fault' ? { 'error.type': outcome } : {}),
        },
      },
      api.ROOT_CONTEXT,
    )
    if (outcome === 'fault') span.setStatus({ code: api.SpanStatusCode.ERROR })
    span.end(endedAt)
  }
}
