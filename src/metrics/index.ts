export type { ConfigurationFacts, ReloadOutcome } from './process-metrics.ts'
export type { Metrics, MetricsOptions } from './metrics.ts'
export { createMetrics } from './metrics.ts'
export type { MetricsSnapshot } from './merged-metrics.ts'
export {
  formatSnapshots,
  lastingPart,
  mergeSnapshots,
  readSnapshot,
  takeOwnSnapshot,
  takeSnapshot,
} from './merged-metrics.ts'
