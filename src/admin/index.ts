export type { AdminAppOptions } from './admin-app.ts'
export { createAdminDoor } from './admin-door.ts'
export { isLoopbackHost } from './admin-guard.ts'
export type {
  CaveatExplanation,
  Explainer,
  ExplainerOptions,
  ExplainRequest,
  Explanation,
} from './explainer.ts'
export { createExplainer, EXPLAIN_REQUEST } from './explainer.ts'
