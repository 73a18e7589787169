export type { OnezoneTime, WatchOutcome } from '../revocation/index.ts'
export type { Schedule } from '../schedule.ts'
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
export type {
  VerdictOptions,
  Verification,
  VerificationObservers,
  VerificationOptions,
} from './verification.ts'
export { createVerification } from './verification.ts'
export type { WatchOptions, WatchState } from './revocation-watch.ts'
export type { VerificationBudgetOptions } from './verification-budget.ts'
