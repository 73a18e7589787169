export type { OnezoneTime, WatchOutcome } from '../revocation/index.ts'
export type { Schedule } from '../clock.ts'
export type {
  CaveatJudgement,
  ExplainedVerdict,
  ExplainOptions,
  FamilyExplanation,
  KeyFieldExplanation,
  VerdictExplanation,
  VerdictView,
} from './explanation.ts'
export type { Invalidation, InvalidationOptions } from './invalidation.ts'
export type {
  InvalidationSelector,
  SelectedFamily,
  SelectedSubject,
} from './invalidation-selector.ts'
export { parseSelector } from './invalidation-selector.ts'
export type { Verification, VerificationObservers, VerificationOptions } from './verification.ts'
export { createVerification } from './verification.ts'
export type { VerdictOptions } from './verdict-options.ts'
export { VERDICT_DEFAULTS, VERDICT_RANGES } from './verdict-options.ts'
export type { VerdictStore } from './verdict-memory.ts'
export type { WatchOptions, WatchState } from './revocation-watch.ts'
export { WATCH_DEFAULTS, WATCH_RANGES } from './revocation-watch.ts'
export type { VerificationBudgetOptions } from './verification-budget.ts'
export {
  exposureOf,
  hasStoreClient,
  parseStorePrefix,
  parseStoreUrl,
  SHORTEST_SECRET,
  STORE_DEFAULTS,
  STORE_RANGES,
} from '../store/index.ts'
export type { StoreObservers } from './shared-opening.ts'
export type {
  Rejection,
  StoreConnection,
  StoreEvent,
  StoreOperation,
  StoreOptions,
  StoreOutcome,
  StorePlace,
  StoreState,
  Told,
} from '../store/index.ts'
