export type {
  UpstreamController,
  UpstreamDispatcher,
  UpstreamHandler,
  UpstreamRequest,
} from './dispatcher.ts'
export { BODILESS_METHODS, IDEMPOTENT_METHODS } from './idempotent-methods.ts'
export { writeSection } from './request-head.ts'
export { UpstreamError } from './upstream-error.ts'
export type { UpstreamPool, UpstreamPoolOptions } from './upstream-pool.ts'
export { createUpstreamPool } from './upstream-pool.ts'
export type { UpstreamGroup, UpstreamMember, UpstreamState } from './upstream-group.ts'
export type {
  EjectionOptions,
  HealthCheckOptions,
  UpstreamOptions,
  UpstreamSettings,
  UpstreamTls,
} from './upstream-options.ts'
export {
  parseHostField,
  parseUpstreamHost,
  parseCheckPath,
  parseServerName,
  readUpstreamOptions,
  UPSTREAM_DEFAULTS,
  UPSTREAM_RANGES,
} from './upstream-options.ts'
export { parseUpstreamUrl } from './upstream-url.ts'
export type { GroupConnecting, Upstreams, UpstreamsOptions } from './upstreams.ts'
export { createUpstreams } from './upstreams.ts'
export type { ResponseLimits } from './response-head.ts'
export { RESPONSE_LIMIT_RANGES, RESPONSE_LIMITS } from './response-head.ts'
