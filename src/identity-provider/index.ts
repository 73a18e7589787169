export { LONGEST_CREDENTIAL, looksLikeProviderToken } from './credential.ts'
export type {
  Exchanged,
  IdentityProviders,
  IdentityProvidersOptions,
  ProviderCredential,
} from './identity-providers.ts'
export { createIdentityProviders } from './identity-providers.ts'
export type { IdentityProvider, ProviderProblem } from './provider.ts'
export {
  EXCHANGE_RANGE,
  IDENTITY_PROVIDER_DEFAULTS,
  IDENTITY_PROVIDER_OPTIONS,
  parsePrefix,
  problemsOfProviders,
} from './provider.ts'
