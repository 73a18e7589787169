import type { FinishedCall } from '../http-client/index.ts'
import { packageVersion } from '../package-version.ts'
import type { RequestTracing } from '../proxy/index.ts'
import type { Api } from './attributes.ts'
import { createQuestionSpans } from './question-spans.ts'
import { createRequestTracing } from './request-spans.ts'

/** Options of {@link openTracing}. */
export interface TracingOptions {
  /** Whose requests belong to the trace that they name; those of others only link to it. */
  readonly trustedProxies: readonly string[] | undefined
  /** Base URL of the verifier. */
  readonly verifierUrl: string
}

/** What shows the work of this process to OpenTelemetry. */
export interface Tracing extends RequestTracing {
  /** Told of each call to the verifier that is over. */
  readonly onCall: (call: FinishedCall) => void
}

/**
 * Looks once whether the process has an OpenTelemetry SDK, which `node --import` loads before anything else.
 *
 * @returns Null: it has none, or not even the API, so that nothing is traced and nothing costs anything.
 */
export async function openTracing(options: TracingOptions): Promise<Tracing | null> {
  const api = await loadApi()
  if (api === null) return null
  const provider = api.trace.getTracerProvider()
  // Before an SDK is registered the API has a stand-in, which knows that there is nothing behind it.
  if (!('getDelegateTracer' in provider) || typeof provider.getDelegateTracer !== 'function') {
    return null
  }
  if (provider.getDelegateTracer('onegate') === undefined) return null
  const tracer = api.trace.getTracer('onegate', packageVersion())
  return {
    ...createRequestTracing(api, tracer, options.trustedProxies ?? []),
    onCall: createQuestionSpans(api, tracer, options.verifierUrl),
  }
}

async function loadApi(): Promise<Api | null> {
  try {
    return await import('@opentelemetry/api')
  } catch {
    return null
  }
}
