/**
 * Calls an API over HTTP and JSON: bounded, strict, and never trusting the shape of an answer. What the API is, the
 * rooms above say.
 *
 * @module
 */

export type { NamedServer } from './base-url.ts'
export { isExposed, parseBaseUrl } from './base-url.ts'
export type {
  ClientKind,
  ClientSettings,
  FinishedCall,
  HttpClientOptions,
} from './client-options.ts'
export { HTTP_CLIENT_DEFAULTS, HTTP_CLIENT_OPTIONS, readClientOptions } from './client-options.ts'
export type { HttpAnswer, HttpCall } from './http-call.ts'
export type { NameLookupOptions } from './name-lookup.ts'
export { createNameLookup } from './name-lookup.ts'
export type { Peer } from './peer.ts'
export { parseProxyUrl, proxyFor, shownProxy } from './proxy-url.ts'
export type { RetryBudget } from './retry-budget.ts'
export { createRetryBudget } from './retry-budget.ts'
export type { HttpTransport } from './transport.ts'
export { createHttpTransport } from './transport.ts'
