export type { ClientLimits } from './client-limits.ts'
export { CLIENT_LIMIT_DEFAULTS } from './client-limits.ts'
/**
 * onegate/proxy: a Hono handler that authenticates requests and forwards them, and the proxy that it is made of.
 *
 * @module
 */

export type { RequestTrace } from './request-trace.ts'
export type { RequestSpan } from './request-span.ts'
export type { RequestTracing } from './request-tracing.ts'
export type { FixedFields } from './fixed-fields.ts'
export type { RequestEvent, StreamEnd, StreamEvent, StreamKind, UpstreamEvent } from './events.ts'
export { UNMATCHED } from './events.ts'
export type { OnedataProxy, OnedataProxyOptions } from './onedata-proxy.ts'
export { onedataProxy } from './onedata-proxy.ts'
export type { CorsOptions } from './cors.ts'
export {
  CORS_DEFAULTS,
  CORS_MAX_AGE_RANGE,
  parseCorsName,
  parseOrigin,
  problemOfOrigins,
} from './cors.ts'
export { parseFixedName, parseFixedValue } from './fixed-fields.ts'
export type { StreamOptions } from './open-streams.ts'
export type { ReverseProxy } from './reverse-proxy.ts'
export type { ReverseProxyOptions } from './reverse-proxy-options.ts'
export { assembleReverseProxy, createReverseProxy } from './reverse-proxy.ts'
export type { ProxyDocument, ProxyRoute, UpstreamTimeouts } from './routes.ts'
export { BUFFER_RANGE, TIMEOUT_DEFAULTS } from './routes.ts'
