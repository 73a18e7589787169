export type { AdminAppOptions } from './admin-app.ts'
export { createAdminApp } from './admin-app.ts'
export type { Metrics, MetricsOptions } from './metrics.ts'
export { createMetrics } from './metrics.ts'
