/**
 * Spans of requests for OpenTelemetry, where the process has an SDK.
 *
 * @module
 */

export type { Tracing, TracingOptions } from './open-tracing.ts'
export { openTracing } from './open-tracing.ts'
