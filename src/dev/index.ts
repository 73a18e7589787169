/**
 * onegate/dev: servers to develop and test against, an Onezone and a token look-up API. Not for production.
 *
 * @module
 */

export * from '../dev-onezone/index.ts'
export * from '../dev-token-lookup/index.ts'
export type { ConnectedVerificationOptions } from './connected-verification.ts'
export { connectedVerification } from './connected-verification.ts'
