/**
 * A development stand-in for a cluster's TokensApi: creates, lists, changes and looks up tokens. Not for production.
 *
 * @module
 */

export { createDevTokenLookup } from './dev-token-lookup.ts'
export type { DevTokenLookup, DevTokenLookupOptions, NewLookupToken } from './dev-token-lookup.ts'
export type { LookupFault } from './lookup-fault.ts'
export type { LookupOperation } from './token-operations.ts'
