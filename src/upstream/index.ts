export type {
  UpstreamController,
  UpstreamDispatcher,
  UpstreamHandler,
  UpstreamRequest,
} from './dispatcher.ts'
export { UpstreamError } from './upstream-error.ts'
export type { UpstreamPool, UpstreamPoolOptions } from './upstream-pool.ts'
export { createUpstreamPool } from './upstream-pool.ts'
export type { UpstreamPools } from './upstream-pools.ts'
export { createUpstreamPools } from './upstream-pools.ts'
