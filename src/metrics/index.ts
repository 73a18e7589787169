export type { ConfigurationFacts, ReloadOutcome } from './process-metrics.ts'
export type { Metrics, MetricsOptions } from './metrics.ts'
export { createMetrics } from './metrics.ts'
