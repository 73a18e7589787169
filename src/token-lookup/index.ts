/**
 * Speaks to a cluster's TokensApi: tokens that say nothing about themselves, looked up at whoever issued them.
 *
 * @module
 */

export type {
  LookupAnswer,
  TokenLookupClient,
  TokenLookupClientOptions,
} from './token-lookup-client.ts'
export { createTokenLookupClient } from './token-lookup-client.ts'
export { parseTokenLookupUrl } from './token-lookup-peer.ts'
export type {
  CreatedToken,
  DurationUnit,
  NewToken,
  TokenDuration,
  TokenFilter,
  TokenMetadata,
  TokenStub,
  TokenUpdate,
} from './wire.ts'
