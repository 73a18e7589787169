export type { AdminAppOptions, AdminBindings } from './admin-app.ts'
export { createAdminApp } from './admin-app.ts'
export type {
  CaveatExplanation,
  Explainer,
  ExplainerOptions,
  ExplainRequest,
  Explanation,
} from './explainer.ts'
export { createExplainer } from './explainer.ts'
