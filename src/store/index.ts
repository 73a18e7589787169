export type { Fact } from './fact.ts'
export type { StoreEvent, StoreOperation, StoreOutcome } from './guarded-store.ts'
export type { Finding, Rejection } from './look.ts'
export type { Told } from './peers.ts'
export type {
  News,
  SharedKnowledge,
  SharedKnowledgeOptions,
  StoreState,
} from './shared-knowledge.ts'
export { LONGEST_PROOF_MS, openSharedKnowledge } from './shared-knowledge.ts'
export type { OpenStore, Store } from './store.ts'
export type { Age, Stamp } from './store-time.ts'
export { isAfter, MOST_DISAGREEMENT_MS } from './store-time.ts'
export { hasStoreClient } from './store-client.ts'
export { openRedisStore } from './redis-store.ts'
export type { StoreConnection, StoreOptions, StorePlace } from './store-options.ts'
export {
  checkStore,
  exposureOf,
  parseStorePrefix,
  parseStoreUrl,
  SHORTEST_SECRET,
  STORE_DEFAULTS,
  STORE_OPTIONS,
  STORE_RANGES,
} from './store-options.ts'
