export type { Backend, BackendTraits, ReadToken, WatchSource } from './backend.ts'
export { BACKEND_TRAITS } from './backend.ts'
export type { BackendChoice } from './backends.ts'
export { BACKEND_CHOICE, backendTraits, createBackend } from './backends.ts'
export { onezoneTraits } from './onezone-backend.ts'
export type {
  Accepted,
  Acceptance,
  Refused,
  RefusalReason,
  TokenRecord,
  Verdict,
} from './verdict.ts'
export { accept, isAccepted, refuse } from './verdict.ts'
export type {
  BackendName,
  Question,
  SourcedVerdict,
  VerificationRequest,
  Verifier,
  VerdictSource,
} from './verifier.ts'
export { consumerOf } from './verifier.ts'
export type { BreakerState, Circuit } from './circuit.ts'
export { createCircuit } from './circuit.ts'
export type { AttributedQuestion, FaultAttribution } from './fault-attribution.ts'
export { createFaultAttribution } from './fault-attribution.ts'
export type { BreakerOptions, BreakingVerifier } from './circuit-breaker.ts'
export { withBreaker } from './circuit-breaker.ts'
export type { OnezoneVerifierOptions } from './onezone-verifier.ts'
export { createOnezoneVerifier } from './onezone-verifier.ts'
export type { TokenLookupVerifierOptions } from './token-lookup-verifier.ts'
export { createTokenLookupVerifier } from './token-lookup-verifier.ts'
