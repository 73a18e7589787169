/**
 * The process: configuration in, two listeners out. One carries traffic, the other is what operators look in by.
 *
 * @module
 */

export type { ExplainRequest, Explanation } from '../admin/index.ts'
export type { ConfigSources, GatewayConfig, RouteConfig } from '../config/index.ts'
export { loadConfig } from '../config/index.ts'
export type { ReloadOutcome } from '../metrics/index.ts'
export type { InvalidationSelector } from '../verification/index.ts'
export type { Gateway, GatewayOptions } from './gateway.ts'
export { createGateway, explainRequest } from './gateway.ts'
