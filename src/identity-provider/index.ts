export { LONGEST_CREDENTIAL, looksLikeProviderToken } from './credential.ts'
export type { ProviderCredential } from './credential-reader.ts'
export type { Exchanged } from './exchange-memory.ts'
export type { IdentityProviders, IdentityProvidersOptions } from './identity-providers.ts'
export { createIdentityProviders } from './identity-providers.ts'
export type { MintedToken } from './minted-token.ts'
export { readMinted } from './minted-token.ts'
export type { IdentityProvider, ProviderProblem } from './provider.ts'
export type { ExchangeRelay } from './relayed-providers.ts'
export { createRelayedProviders } from './relayed-providers.ts'
export {
  boundOf,
  EXCHANGE_RANGE,
  IDENTITY_PROVIDER_DEFAULTS,
  IDENTITY_PROVIDER_OPTIONS,
  parsePrefix,
  problemsOfProviders,
} from './provider.ts'
