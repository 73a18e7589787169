export type {
  ConfigurationFacts,
  ReloadOutcome,
  RouteFacts,
  TlsListener,
} from './process-metrics.ts'
export type { Metrics } from './metrics.ts'
export type { MetricsOptions } from './metrics-options.ts'
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
